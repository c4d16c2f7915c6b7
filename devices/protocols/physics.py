"""What a pulse train is in numbers.  Pure.

Source of the rules: instructions for use of the Enraf-Nonius Endomed 484, p. 25 and p. 47 (r.m.s. of pulses: the
phase counts twice for symmetrical ones, and 0.707 of the peak for sinusoidal currents); 500 Ω as its load.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

from devices.protocols.policy import LOAD_OHM

PHASES: Final = {"symmetric_biphasic": 2, "asymmetric_biphasic": 2, "monophasic": 1}
"""Phases that count for heat.  The second one of an asymmetric pulse is lower: counted as the first, it is an
upper bound, as the alert rules count it."""
OF_PEAK: Final = {"burst_ac": 0.5, "interferential": sqrt(0.5)}
"""R.m.s. of a peak of 1 mA: sinusoidal, and of a burst half of the time."""
SINUSOIDAL: Final = frozenset(OF_PEAK)
CARRIED: Final = SINUSOIDAL | {"burst_biphasic"}
"""In these `frequency_hz` is the rate of bursts; of the carrier the document says nothing."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One channel at one amplitude, while current flows; None: the document does not say enough."""

    charge_uc: float  # of one phase, µC; for sinusoidal ones that of a rectangle: an upper bound
    rms_ma: float | None
    mean_ma: float | None  # of the absolute current
    net_ma: float | None  # direct current: 0 where phases balance, None where the device has to balance them
    density_ma_per_cm2: float | None  # r.m.s., of the pad given
    power_w_per_cm2: float | None  # into LOAD_OHM
    energy_mj: float | None  # of one pulse into LOAD_OHM


def figures(*, waveform: str, frequency_hz: float, phase_us: float, ma: float, pad_cm2: float) -> Figures:
    """Return the figures of one channel.

    Args:
        frequency_hz: Pulse pairs a second, Hz; more than 0.
        phase_us: ONE phase, µs; more than 0.
        ma: Peak of one phase, mA.
        pad_cm2: Contact area of the smaller pad, cm²; more than 0.
    """
    charge_uc = ma * phase_us / 1000
    phases = PHASES.get(waveform)
    duty = None if phases is None else min(1.0, phases * phase_us * 1e-6 * frequency_hz)
    share = OF_PEAK.get(waveform) if duty is None else sqrt(duty)
    rms_ma = None if share is None else ma * share
    net = {"symmetric_biphasic": 0.0, "monophasic": charge_uc * frequency_hz / 1000}
    return Figures(
        charge_uc=charge_uc,
        rms_ma=rms_ma,
        mean_ma=None if phases is None else phases * charge_uc * frequency_hz / 1000,
        net_ma=0.0 if waveform in CARRIED else net.get(waveform),
        density_ma_per_cm2=None if rms_ma is None else rms_ma / pad_cm2,
        power_w_per_cm2=None if rms_ma is None else (rms_ma / 1000) ** 2 * LOAD_OHM / pad_cm2,
        energy_mj=None if phases is None else phases * (ma / 1000) ** 2 * LOAD_OHM * phase_us * 1e-3,
    )


def rms_limit_name(waveform: str, frequency_hz: float) -> str:
    """Return which limit of the r.m.s. current holds; the lowest where the carrier is not known."""
    if waveform in CARRIED or frequency_hz < 400:
        return "rms_ma"
    return "rms_mid_ma" if frequency_hz <= 1500 else "rms_high_ma"
