"""People at the knob: what they feel, what they turn, when they pause and when they give up.

A session begins below the motor threshold.  Within the first minutes the patient turns the knob up towards
what they tolerate; tolerance itself grows as the sensation fades (accommodation), and a contraction that
weakens (fatigue) invites another turn.  Too strong, and they turn it down at once.  Only the person raises
the current, and never beyond the limit given.

The tolerated charge of about 12-24 µC a phase (40-80 mA x 300 µs on large thigh pads), and turning the
amplitude up through a session, follow clinical reports of NMES to the maximum tolerated intensity; rates
and spreads are guesses.

All arrays have shape (devices,) or (devices, channels).  Every draw has the shape of the whole swarm,
whoever is in a session, so that one patient's choices never change another's day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from devices.simulator import muscle

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEP_MA = 1.0  # one click of the knob


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of patient."""

    fatigability: float  # see muscle.FATIGABILITY
    tolerance_uc: float  # charge of one phase tolerated at the first session, µC
    clicks_per_min: float  # how fast they turn the knob, while current flows and they want much more
    pauses_per_h: float
    pause_s: float  # mean length of a pause
    stops_per_h: float  # chance to end early


_FATIGUE = muscle.FATIGABILITY
PRESETS: Final = {
    "athlete": Preset(_FATIGUE["able_bodied"], 24.0, 120.0, 0.5, 20.0, 0.05),
    "post_op": Preset(_FATIGUE["able_bodied"], 15.0, 75.0, 1.0, 45.0, 0.2),
    "copd": Preset(1.0, 13.0, 60.0, 2.0, 60.0, 0.3),
    "anxious": Preset(_FATIGUE["able_bodied"], 10.0, 45.0, 4.0, 60.0, 0.8),
    "sci_acute": Preset(_FATIGUE["acute_sci"], 28.0, 120.0, 0.3, 30.0, 0.05),
    "sci_chronic": Preset(_FATIGUE["chronic_sci"], 30.0, 120.0, 0.3, 30.0, 0.05),
}
"""`sci_*`: little or no sensation, so the current goes high.  `copd`: Ding's fatigue, for want of data."""


@dataclass(slots=True)
class Patients:
    """Who sits at each device, and how they feel now.  (devices,) unless said otherwise."""

    fatigability: Array
    tolerance_uc: Array  # (devices, channels)
    clicks_per_s: Array
    pauses_per_s: Array
    pause_s: Array
    stops_per_s: Array
    accommodation: Array  # most that tolerance grows, as a share of `tolerance_uc`
    weakened: Array  # share of lost force that makes them want more
    felt_s: Array  # (devices, channels); time under current in this session
    best_n: Array  # (devices, channels); strongest contraction of this session, slowly forgotten

    def tolerated_uc(self) -> Array:
        """Charge a phase tolerated now, µC, (devices, channels): grows with a time constant of 5 minutes."""
        grown = 1.0 + self.accommodation[:, None] * -np.expm1(-self.felt_s / 300.0)
        return np.asarray(self.tolerance_uc * grown)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the patients do in one tick."""

    turn_ma: Array  # (devices, channels); change of the set current, whole clicks, mostly 0
    pause: Mask  # (devices,)
    resume: Mask
    stop: Mask


def draw(rng: np.random.Generator, kinds: list[str], channels: int, *, spread: float = 0.2) -> Patients:
    """Return one patient for each entry of `kinds` (keys of `PRESETS`)."""
    presets = [PRESETS[kind] for kind in kinds]
    devices = len(kinds)

    def each(name: str) -> Array:
        return np.array([getattr(preset, name) for preset in presets], dtype=float)

    person = rng.lognormal(0.0, spread, size=(devices, 1))
    side = rng.lognormal(0.0, 0.08, size=(devices, channels))
    return Patients(
        fatigability=each("fatigability") * rng.lognormal(0.0, 0.1, size=devices),
        tolerance_uc=each("tolerance_uc")[:, None] * person * side,
        clicks_per_s=each("clicks_per_min") / 60.0,
        pauses_per_s=each("pauses_per_h") / 3600.0,
        pause_s=each("pause_s"),
        stops_per_s=each("stops_per_h") / 3600.0,
        accommodation=rng.uniform(0.15, 0.45, size=devices),
        weakened=rng.uniform(0.1, 0.3, size=devices),
        felt_s=np.zeros((devices, channels)),
        best_n=np.zeros((devices, channels)),
    )


def sit_down(patients: Patients, devices: Mask | NDArray[np.intp]) -> None:
    """Begin a session on `devices` (indices or mask): what was felt in the last one is gone."""
    patients.felt_s[devices] = 0.0
    patients.best_n[devices] = 0.0


def first_ma(patients: Patients, rng: np.random.Generator, *, phase_us: ArrayLike) -> Array:
    """Return where the knob stands at the start, mA, (devices, channels): at 20-33 % of what is tolerated."""
    part = rng.uniform(0.2, 0.33, size=patients.tolerance_uc.shape)
    part_ma = part * patients.tolerance_uc * 1000.0 / np.asarray(phase_us, dtype=float)
    return np.asarray(np.floor(part_ma / STEP_MA) * STEP_MA)


def decide(
    patients: Patients,
    rng: np.random.Generator,
    *,
    dt_s: float,
    running: Mask,
    paused: Mask,
    contracting: Mask,
    set_ma: Array,
    limit_ma: ArrayLike,
    phase_us: ArrayLike,
    force_n: Array,
) -> Decisions:
    """Return what all patients do within `dt_s` (a second at most), and let them get used to the current.

    `running` and `paused` are (devices,), the rest (devices, channels) or broadcasts to it.  `contracting`:
    the channel is in use and at full amplitude, no ramp, no rest.  `set_ma`: the knob, never turned past
    `limit_ma`.
    """
    knob, fate = rng.random(set_ma.shape), rng.random((3, running.size))
    on = contracting & running[:, None]
    patients.felt_s += dt_s * (on & (set_ma > 0))
    patients.best_n *= np.exp(-dt_s / 1800.0)
    np.maximum(patients.best_n, np.where(on, force_n, 0.0), out=patients.best_n)
    felt = set_ma * np.asarray(phase_us, dtype=float) / 1000.0 / patients.tolerated_uc()
    weaker = force_n < (1.0 - patients.weakened[:, None]) * patients.best_n
    turn = np.where(on, _turn(patients.clicks_per_s[:, None] * dt_s, dt_s, knob, felt, weaker), 0.0)
    room = np.floor(np.maximum(np.asarray(limit_ma, dtype=float) - set_ma, 0.0) / STEP_MA) * STEP_MA
    return Decisions(
        turn_ma=np.where(turn > 0, np.minimum(turn, room), np.maximum(turn, -set_ma)),
        pause=running & (fate[0] < -np.expm1(-patients.pauses_per_s * dt_s)),
        resume=paused & (fate[1] < -np.expm1(-dt_s / patients.pause_s)),
        stop=(running | paused) & (fate[2] < -np.expm1(-patients.stops_per_s * dt_s)),
    )


def _turn(clicks: Array, dt_s: float, chance: Array, felt: Array, weaker: Mask) -> Array:
    """Return the clicks of one tick, mA: up while it feels weak, two down when it hurts.

    Up to 85 % of tolerance the wish falls slowly; from there on, only a contraction that has become weaker
    brings another click, until tolerance is reached.

    Args:
        clicks: Expected in this tick from one who wants much more.
        dt_s: Who hurts reacts within about a second.
        chance: Uniform random numbers.
        felt: Charge of a phase over the tolerated one.
        weaker: The contraction has lost force.
    """
    wish = np.clip((0.85 - felt) / 0.4, 0.0, 1.0) + np.where(weaker & (felt < 1.0), 0.15, 0.0)
    up = chance < -np.expm1(-clicks * wish)
    down = (felt > 1.1) & (chance < -np.expm1(-dt_s))
    return np.where(down, -2.0 * STEP_MA, np.where(up, STEP_MA, 0.0))
