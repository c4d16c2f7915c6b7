"""Electrode pairs on skin: impedance, ageing, lifting, and what the current source can push through them.

One pair is Rs + (Rp || Cp).  A constant-current phase of width w charges Cp, so what a stimulator measures
at the end of the phase, and what its voltage rail must bear, is

    Z(w) = Rs + Rp (1 - exp(-w / (Rp Cp)))

Over time the gel wets the skin (Z falls by a tenth to a third in the first minutes) and then dries (Z
rises). A pad that lifts loses contact area; the lifted part counts as an open circuit beside the rest.

Sources: the circuit, e.g. Vargas Luna JL et al. Dynamic impedance model of the skin-electrode interface,
2015; the size of good values after the pair conductance of 886 µS (20 cm²) and 1,286 µS (60 cm²) measured
on the quadriceps; drying within 9 to 18 minutes for moist fabric after Moineau B et al. 2019.  The presets,
the drift and the limit `OFF_OHM` are engineering guesses anchored on those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int8]

CONTACTS: Final = ("ok", "low_current", "electrode", "timeout", "unknown", "off")
OK, LOW_CURRENT, ELECTRODE, TIMEOUT, UNKNOWN, OFF = range(6)
"""Codes of `contact`: positions in `CONTACTS`, which are the words of the wire."""

RAIL_V = 150.0
MEASURABLE_MA = 15.0  # below, a stimulator cannot tell a load from none
OFF_OHM = 12_000.0  # above RAIL_V / MEASURABLE_MA, so whatever is measured falls short of its current first
SHORT_OF_SET = 0.95  # delivered / set that still counts as delivered


@dataclass(frozen=True, slots=True)
class Preset:
    """One electrode pair, freshly applied."""

    rs_ohm: float
    rp_ohm: float
    cp_f: float
    area_cm2: float


PRESETS: Final = {
    "good": Preset(250.0, 520.0, 3e-6, 60.0),
    "small": Preset(400.0, 730.0, 1e-6, 20.0),
    "drying": Preset(600.0, 2_500.0, 0.5e-6, 50.0),
    "poor": Preset(1_000.0, 8_000.0, 0.2e-6, 50.0),
    "open": Preset(20_000.0, 200_000.0, 10e-9, 50.0),
}


@dataclass(slots=True)
class Electrodes:
    """State of all electrode pairs; every array has shape (devices, channels).

    `contact` and `dry_per_s` may be written from outside: a pad falls off, or dries fast.
    """

    rs_ohm: Array
    rp_ohm: Array
    cp_f: Array
    area_cm2: Array  # of the pad
    contact: Array  # share of the area on the skin, 0..1
    worn_s: Array  # since applied
    dryness: Array  # Z is multiplied by 1 + dryness
    dry_per_s: Array  # growth of `dryness` once the gel has wetted the skin
    sweat: Array  # 0.7..1, multiplies Z
    wetting: Array  # share of Z that the gel takes away in the first minutes, 0.1..0.3
    noise: Array  # logarithm of a slow random factor

    def contact_cm2(self) -> Array:
        """Area that carries the current, cm²: the one for current density."""
        return self.area_cm2 * self.contact


def apply(
    rng: np.random.Generator, shape: tuple[int, int], preset: str = "good", *, spread: float = 0.12
) -> Electrodes:
    """Return freshly applied pads of one kind, each a little different.

    Args:
        rng: Source of all variation. shape: (devices, channels). preset: Key of `PRESETS`. spread: Standard
        deviation of the logarithm of an individual pad's impedance; 0 gives the preset itself.
    """
    kind = PRESETS[preset]
    each = rng.lognormal(0.0, spread, size=shape)
    plain = 0.0 if spread == 0 else 1.0
    return Electrodes(
        rs_ohm=kind.rs_ohm * each,
        rp_ohm=kind.rp_ohm * each,
        cp_f=kind.cp_f / each,
        area_cm2=np.full(shape, kind.area_cm2),
        contact=np.ones(shape),
        worn_s=np.zeros(shape),
        dryness=np.zeros(shape),
        dry_per_s=rng.lognormal(np.log(0.1 / 3600.0), 0.6, size=shape) * plain,
        sweat=1.0 - 0.3 * rng.random(shape) * plain,
        wetting=0.1 + 0.2 * rng.random(shape),
        noise=np.zeros(shape),
    )


def replace(electrodes: Electrodes, where: ArrayLike, rng: np.random.Generator, preset: str = "good") -> None:
    """Put fresh pads where the boolean mask `where` (broadcast to (devices, channels)) is true.

    The draw has the shape of the swarm whatever the mask, so one device's pads never change another's day.
    """
    fresh = apply(rng, electrodes.contact.shape, preset)
    mask = np.broadcast_to(np.asarray(where, dtype=bool), electrodes.contact.shape)
    for name in Electrodes.__slots__:
        np.copyto(getattr(electrodes, name), getattr(fresh, name), where=mask)


def advance(electrodes: Electrodes, rng: np.random.Generator, *, dt_s: float) -> None:
    """Let all pads age: the gel wets the skin for some minutes, dries from then on, and Z wanders by 3 %."""
    electrodes.worn_s += dt_s
    electrodes.dryness += electrodes.dry_per_s * dt_s * (electrodes.worn_s > 240.0)
    keep = float(np.exp(-dt_s / 60.0))
    electrodes.noise *= keep
    electrodes.noise += 0.03 * np.sqrt(1.0 - keep * keep) * rng.standard_normal(electrodes.noise.shape)


def impedance_ohm(electrodes: Electrodes, *, phase_us: ArrayLike) -> Array:
    """Return the apparent impedance of each pair at the end of a phase, Ω, shape (devices, channels)."""
    wet = 1.0 - electrodes.wetting * -np.expm1(-electrodes.worn_s / 90.0)
    on_skin = _rc(electrodes.rs_ohm, electrodes.rp_ohm, electrodes.cp_f, phase_us)
    on_skin = on_skin * wet * (1.0 + electrodes.dryness) * electrodes.sweat * np.exp(electrodes.noise)
    kind = PRESETS["open"]
    lifted = _rc(np.float64(kind.rs_ohm), np.float64(kind.rp_ohm), np.float64(kind.cp_f), phase_us)
    return np.asarray(1.0 / (electrodes.contact / on_skin + (1.0 - electrodes.contact) / lifted))


def _rc(rs_ohm: ArrayLike, rp_ohm: ArrayLike, cp_f: ArrayLike, phase_us: ArrayLike) -> Array:
    rs, rp, cp = np.asarray(rs_ohm), np.asarray(rp_ohm), np.asarray(cp_f)
    return np.asarray(rs + rp * -np.expm1(-np.asarray(phase_us, dtype=float) * 1e-6 / (rp * cp)))


def deliver(set_ma: ArrayLike, z_ohm: ArrayLike, *, rail_v: ArrayLike = RAIL_V) -> Array:
    """Return the peak current that flows if `set_ma` is wanted from a voltage rail of `rail_v`, mA."""
    most_ma = np.asarray(rail_v, dtype=float) * 1000.0 / np.asarray(z_ohm, dtype=float)
    return np.asarray(np.minimum(np.asarray(set_ma, dtype=float), most_ma))


def measure(rng: np.random.Generator, set_ma: ArrayLike, z_ohm: ArrayLike, *, error: float = 0.02) -> Array:
    """Return what the stimulator reads as impedance, Ω; NaN below 15 mA, where nothing can be measured.

    The P24 stimulator judges its electrodes from 15 mA upwards only (HASOMED ScienceMode 4, error codes).
    """
    wanted, z = np.broadcast_arrays(np.asarray(set_ma, dtype=float), np.asarray(z_ohm, dtype=float))
    reading = z * (1.0 + error * rng.standard_normal(z.shape))
    return np.where(wanted >= MEASURABLE_MA, reading, np.nan)


def contact(
    set_ma: ArrayLike,
    delivered_ma: ArrayLike,
    z_ohm: ArrayLike,
    *,
    in_use: ArrayLike,
    busy_us: ArrayLike = 0.0,
    period_us: ArrayLike = np.inf,
) -> Codes:
    """Return what the stimulator says of each channel's contact, as positions in `CONTACTS`.

    A channel not in use is `off`.  Below 15 mA everything else is `unknown`.  A period too short for its
    pulse is a `timeout`.  As a pad loosens, the current falls short first (`low_current`), then the pair
    counts as open (`electrode`).

    Args:
        set_ma: Wanted peak current, mA.
        delivered_ma: What `deliver` gave, mA.
        z_ohm: Apparent impedance, Ω; NaN counts as not measured.
        in_use: The channel belongs to the session.
        busy_us: Both phases and the pause between them, µs.
        period_us: Time from pulse to pulse, µs.
    """
    wanted, z = np.asarray(set_ma, dtype=float), np.asarray(z_ohm, dtype=float)
    codes = np.select(
        [
            ~np.asarray(in_use, dtype=bool),
            (wanted < MEASURABLE_MA) | np.isnan(z),
            np.asarray(busy_us) > np.asarray(period_us),
            z > OFF_OHM,
            np.asarray(delivered_ma) < SHORT_OF_SET * wanted,
        ],
        [OFF, UNKNOWN, TIMEOUT, ELECTRODE, LOW_CURRENT],
        OK,
    )
    return codes.astype(np.int8)


def quality(z_ohm: ArrayLike, *, good_ohm: float = 341.0, off_ohm: float = OFF_OHM) -> Array:
    """Return a contact quality of 0..100 %, logarithmic from an open pair to a good one; NaN stays NaN."""
    lost = np.log(np.asarray(z_ohm, dtype=float) / good_ohm) / np.log(off_ohm / good_ohm)
    return np.asarray(np.clip(100.0 * (1.0 - lost), 0.0, 100.0))
