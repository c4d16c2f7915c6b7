"""What one device is measured by: the site's limits, what the device can, and what its protocol allows.  Pure.

Compiled once for many messages: each bound is turned into the peak current that reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Final

from devices.wire.messages import ProtocolDocument, ProtocolStep, Status
from devices.wire.units import MAX_CHANNELS
from fleet.safety.rules import PRODUCT, Limits

LEAST_CONTACT: Final = 0.2  # share of a pad that is assumed to touch at least, if it carries current
_PHASES: Final = {"symmetric_biphasic": 2, "asymmetric_biphasic": 2, "monophasic": 1}
_BURSTS: Final = {"burst_ac": 0.5, "interferential": sqrt(0.5)}  # r.m.s. of a peak of 1


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a protocol: its document, and whether it may be used: approved, and not withdrawn since.

    `is_other`: what is kept under its name and version has another hash, so that it is not what it says it is.
    """

    document: ProtocolDocument | None = None
    is_approved: bool = False
    is_withdrawn: bool = False
    is_other: bool = False


UNKNOWN: Final = Knowledge()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds in one step of the protocol; tuples have MAX_CHANNELS entries, in channel order."""

    max_ma: tuple[float, ...]  # the protocol's; inf where nothing is said
    most_ma: tuple[float, ...]  # a peak above it is above the device's or the protocol's maximum
    phase_us: float | None = None  # ONE phase; None: not known
    charge_ma: float = inf  # the peak whose phase carries the limit
    rms_per_ma: float | None = None  # r.m.s. of a peak of 1 mA; None: not known


@dataclass(frozen=True, slots=True)
class Yardstick:
    """All that a rule may compare with."""

    limits: Limits = PRODUCT
    device_max_ma: float = inf
    area_cm2: tuple[float | None, ...] = (None,) * MAX_CHANNELS
    knows_area: bool = False  # of any channel
    steps: tuple[Bounds, ...] = ()
    any_step: Bounds = field(default_factory=lambda: Bounds((inf,) * MAX_CHANNELS, (inf,) * MAX_CHANNELS))
    max_session_ms: int | None = None
    knowledge: Knowledge = UNKNOWN
    charging: bool = False
    # Unpacked, since they are read for every message.
    excess: float = 1.3
    excess_floor_ma: float = 2.0
    density_warn: float = 1.5
    shortfall: float = 0.7
    charge_uc: float = 75.0
    grace_ms: float = 30_000.0
    limit_ohm: float = 10_000.0
    warn_c: float = 45.0
    low_percent: float = 25.0
    dying_percent: float = 5.0
    dying_mv: float = 3_300.0

    def bounds(self, step: int | None) -> Bounds:
        """Return what holds in this step of the document, counted from 0."""
        if step is not None and step < len(self.steps):
            return self.steps[step]
        return self.any_step


def make(limits: Limits, status: Status | None, knowledge: Knowledge) -> Yardstick:
    """Compile what a device is measured by, from its newest status and the protocol that it names."""
    device_max = inf if status is None or status.max_ma is None else status.max_ma
    document = knowledge.document
    steps = (
        ()
        if document is None
        else tuple(_bounds(document, step, device_max, limits) for step in document.steps)
    )
    over, low = limits["over_current"], limits["battery_low"]
    area_cm2 = _areas(status)
    return Yardstick(
        limits=limits,
        device_max_ma=device_max,
        area_cm2=area_cm2,
        knows_area=any(area_cm2),
        steps=steps,
        any_step=_any_of(steps, device_max, limits),
        max_session_ms=None if document is None else document.limits.max_session_s * 1000,
        knowledge=knowledge,
        charging=status is not None and status.battery is not None and status.battery.charging,
        excess=1 + over["excess_percent"] / 100,
        excess_floor_ma=over["excess_floor_ma"],
        density_warn=limits["current_density"]["warn_ma_per_cm2"],
        shortfall=1 - limits["low_current"]["shortfall_percent"] / 100,
        charge_uc=limits["charge_per_phase"]["limit_uc"],
        grace_ms=limits["overrun"]["grace_s"] * 1000,
        limit_ohm=limits["electrode_off"]["limit_ohm"],
        warn_c=limits["over_temperature"]["warn_c"],
        low_percent=low["idle_percent"],
        dying_percent=limits["battery_dying"]["dying_percent"],
        dying_mv=limits["battery_dying"]["dying_mv"],
    )


def _areas(status: Status | None) -> tuple[float | None, ...]:
    told = () if status is None or status.electrode_cm2 is None else status.electrode_cm2
    return (*(area or None for area in told), *[None] * (MAX_CHANNELS - len(told)))


def _bounds(document: ProtocolDocument, step: ProtocolStep, device_max: float, limits: Limits) -> Bounds:
    """A channel that the protocol does not use is allowed no current."""
    allowed = [0.0] * MAX_CHANNELS
    for channel, max_ma in zip(document.channels_used, step.max_ma, strict=False):
        allowed[channel - 1] = max_ma
    phases = _PHASES.get(document.waveform)
    if phases is not None:
        rms = sqrt(min(1.0, phases * step.phase_us * 1e-6 * step.frequency_hz))
    else:
        rms = _BURSTS.get(document.waveform, 0.0)
    return Bounds(
        max_ma=tuple(allowed),
        most_ma=_most(allowed, device_max, limits),
        phase_us=step.phase_us,
        charge_ma=limits["charge_per_phase"]["limit_uc"] * 1000 / step.phase_us,
        rms_per_ma=rms or None,
    )


def _most(allowed: list[float], device_max: float, limits: Limits) -> tuple[float, ...]:
    """The peaks above which a maximum is exceeded; below the floor nothing is, since nothing measures so well."""
    over = limits["over_current"]
    margin = 1 + over["above_max_percent"] / 100
    return tuple(max(min(max_ma, device_max) * margin, over["excess_floor_ma"]) for max_ma in allowed)


def _any_of(steps: tuple[Bounds, ...], device_max: float, limits: Limits) -> Bounds:
    """What holds where the step is not told: the highest of all; of the pulse nothing is known."""
    if not steps:
        return Bounds((inf,) * MAX_CHANNELS, _most([inf] * MAX_CHANNELS, device_max, limits))
    allowed = [max(maxima) for maxima in zip(*(step.max_ma for step in steps), strict=True)]
    return Bounds(tuple(allowed), _most(allowed, device_max, limits))
