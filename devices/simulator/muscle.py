"""Force and fatigue of electrically stimulated muscles, for a whole swarm at once.

The model of Ding, Wexler and Binder-Macleod: calcium-troponin binding (CN), force (F) and three slow
fatigue variables (A, tau1, Km), with the paper's equation numbers:

    R_i    = 1 + (R0 - 1) exp(-(t_i - t_{i-1}) / tau_c), R_1 = 1, R0 = Km + 1.04
    CN'    = (S - CN) / tau_c, S = sum of R_i exp(-(t - t_i) / tau_c)                      (1)
    F'     = A x - F / (tau1 + tau2 x), x = CN / (Km + CN)                                 (2)
    A'     = -(A - A_rest) / tau_fat + alpha_A F                                           (5)
    tau1'  = -(tau1 - tau1_rest) / tau_fat + alpha_tau1 F                                  (9)
    Km'    = -(Km - Km_rest) / tau_fat + alpha_Km F                                        (11)

Carrying S instead of the pulse history makes a step O(1), however long the train.  S and CN are advanced
exactly, pulses between two sub-steps included; F by the implicit midpoint rule with the mean of x over the
sub-step (Simpson); the fatigue variables, whose time constant is 127 s, exactly over a block of at most 100
ms with the block's mean force.

A muscle is four recruitment pools.  Charge recruits them one after the other, and a recruited pool is fully
driven: its state lives at the scale of Ding's subjects, whatever its share of the muscle.  So low
amplitudes fatigue few fibres fully instead of all fibres a little, and raising the amplitude brings in
fresh ones.

Sources: Ding J, Wexler AS, Binder-Macleod SA, 2003, Mathematical models for fatigue minimization during
functional electrical stimulation, J Electromyogr Kinesiol 13; parameters as restated in SI units by the
open-source project cocofest (pyomeca), model ding2003.  Patient presets: Bickel CS et al., 2004, J Rehabil
Res Dev 41(1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

POOLS = 4
SUBSTEP_S = 0.0025  # at 33 Hz the force is within 0.05 % of that with a hundredth of it
BLOCK_S = 0.1  # fatigue is taken as constant within a block; its time constant is 127 s
MAX_HZ = 200.0  # force is fused and flat beyond 100 Hz, so faster trains are computed as this one
EPSILON_S = 1e-9
SILENT_CN, SILENT_N = 1e-5, 0.01  # below both, a pool without pulses is at rest

FATIGABILITY = {"able_bodied": 0.7, "acute_sci": 0.95, "chronic_sci": 1.28}
"""Factor on the three fatigue constants that gives Bickel's -44, -56 and -67 % peak torque."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Constants of the model.  The first block is shared by the swarm; the second may vary.

    Fields of the second block are scalars or arrays that broadcast to (devices, channels).
    """

    a_rest: float = 3009.0  # N/s
    tau1_rest: float = 0.050957  # s
    tau2: float = 0.060  # s; 0.1244 s in other restatements of the paper: the golden values use this one
    tau_c: float = 0.020  # s
    km_rest: float = 0.103
    r0_over_km: float = 1.04  # R0 - Km: how much a pulse adds to one just before it
    alpha_a: float = -0.4  # 1/s²
    alpha_tau1: float = 2.1e-5  # 1/N
    alpha_km: float = 1.9e-5  # 1/(s N)
    tau_fat: float = 127.0  # s

    fatigability: ArrayLike = 1.0  # factor on the three alphas; 1 = Ding's subjects, 0 = tireless
    strength: ArrayLike = 1.0  # factor on a_scale of this person; leaves fatigue alone
    motor_uc: ArrayLike = 6.0  # charge of one phase at the motor threshold, µC (20 mA x 300 µs)
    half_uc: ArrayLike = 18.0  # charge that recruits half of the muscle, µC (60 mA x 300 µs)
    slope_uc: ArrayLike = 3.5  # steepness of the recruitment sigmoid, µC


def draw(
    rng: np.random.Generator, fatigability: ArrayLike, shape: tuple[int, int], *, spread: float = 0.35
) -> Parameters:
    """Return parameters of different people.

    Args:
        rng: Source of all variation.
        fatigability: Factor per device, shape (devices,), see `FATIGABILITY`.
        shape: (devices, channels).
        spread: Standard deviation of the logarithm of a person's strength.

    How well a muscle answers is mostly a trait of the person, not of current or pad (Lieber RL, Kelly MJ,
    1991, Phys Ther 71); both sides of a person differ by little.  The spreads are guesses.
    """
    devices, _ = shape
    person = rng.lognormal(0.0, spread, size=(devices, 1))
    side = rng.lognormal(0.0, 0.08, size=shape)
    pad = rng.lognormal(0.0, 0.15, size=shape)  # placement over the motor point moves the whole curve
    return Parameters(
        fatigability=np.broadcast_to(np.asarray(fatigability, dtype=float).reshape(devices, 1), shape),
        strength=person * side,
        motor_uc=6.0 * pad,
        half_uc=18.0 * pad,
        slope_uc=3.5 * pad,
    )


@dataclass(slots=True)
class Muscles:
    """State of all muscles.  Arrays have shape (devices, channels, pools) unless said otherwise."""

    parameters: Parameters
    cn: Array
    s: Array
    f: Array  # N, as if the pool were the whole muscle of one of Ding's subjects
    a: Array  # N/s
    tau1: Array  # s
    km: Array
    share: Array  # recruited share of the pool, 0..1, that `f` counts for
    until_pulse_s: Array  # (devices, channels); to the next pulse of a running train
    since_pulse_s: Array  # (devices, channels); since the last pulse
    fatigability: Array = field(repr=False)  # as `a`
    strength: Array = field(repr=False)  # (devices, channels)

    def force_n(self) -> Array:
        """Force at this instant, N, shape (devices, channels)."""
        return np.asarray(self.strength * np.mean(self.share * self.f, axis=-1))


def rest(shape: tuple[int, int], parameters: Parameters, *, pools: int = POOLS) -> Muscles:
    """Return fresh muscles, for `shape` = (devices, channels)."""
    full = (*shape, pools)
    fatigability = np.broadcast_to(np.asarray(parameters.fatigability, dtype=float), shape)[..., None]
    return Muscles(
        parameters=parameters,
        cn=np.zeros(full),
        s=np.zeros(full),
        f=np.zeros(full),
        a=np.full(full, parameters.a_rest),
        tau1=np.full(full, parameters.tau1_rest),
        km=np.full(full, parameters.km_rest),
        share=np.zeros(full),
        until_pulse_s=np.zeros(shape),
        since_pulse_s=np.full(shape, 10.0),
        fatigability=np.repeat(fatigability, pools, axis=-1),
        strength=np.array(np.broadcast_to(np.asarray(parameters.strength, dtype=float), shape)),
    )


def recruitment(parameters: Parameters, *, phase_us: ArrayLike, amplitude_ma: ArrayLike) -> Array:
    """Return a muscle's recruited share, 0..1: a sigmoid of the phase charge that begins at motor threshold.

    The thresholds (motor 15-30 mA, tolerated 40-80 mA at 300 µs on large thigh pads) are clinical
    experience, not a measured curve.
    """
    charge_uc = np.asarray(amplitude_ma, dtype=float) * np.asarray(phase_us, dtype=float) / 1000.0
    half, slope = np.asarray(parameters.half_uc, dtype=float), np.asarray(parameters.slope_uc, dtype=float)
    floor = 1.0 / (1.0 + np.exp((half - np.asarray(parameters.motor_uc, dtype=float)) / slope))
    sigmoid = 1.0 / (1.0 + np.exp(np.minimum((half - charge_uc) / slope, 50.0)))
    return np.asarray(np.clip((sigmoid - floor) / (1.0 - floor), 0.0, 1.0))


def pool_shares(recruited: Array, pools: int = POOLS) -> Array:
    """Return the recruited share of each pool, shape (..., pools): the next begins when one is fully in."""
    return np.clip(recruited[..., None] * pools - np.arange(pools), 0.0, 1.0)


def step(
    muscles: Muscles, *, dt_s: float, frequency_hz: ArrayLike, phase_us: ArrayLike, amplitude_ma: ArrayLike
) -> Array:
    """Advance all muscles by `dt_s` and return their mean force over it, N, shape (devices, channels).

    A channel is stimulated while its frequency and amplitude are above zero; its first pulse comes at once,
    and the train goes on over calls.  Frequency, phase and amplitude hold for the whole step, and broadcast
    to (devices, channels).  A burst of alternating current counts as one pulse.

    Args:
        dt_s: Any positive time, s; 0.1 is meant.  Rest of any length costs as much as one short step.
        frequency_hz: Pulses a second, Hz.
        phase_us: Width of one phase, µs.
        amplitude_ma: Peak current that really flows, mA.

    Raises:
        ValueError: If `dt_s` is not positive or the shapes do not fit.
    """
    if dt_s <= 0:
        raise ValueError(f"dt_s is {dt_s}, must be positive")
    target, period_s = _drive(muscles, frequency_hz, phase_us, amplitude_ma)
    _follow(muscles, target, dt_s)
    impulse = np.zeros_like(muscles.f)
    left_s = dt_s
    while left_s > EPSILON_S:
        left_s -= _advance_block(muscles, target, period_s, left_s, impulse)
    return np.asarray(muscles.strength * np.mean(muscles.share * impulse, axis=-1) / dt_s)


def single_train(*, frequency_hz: float, pulses: int, parameters: Parameters | None = None) -> Array:
    """Return the force of a fresh, fully recruited muscle before each next pulse, N, (pulses,)."""
    muscles = rest((1, 1), parameters or Parameters(), pools=1)
    forces = np.empty(pulses)
    for n in range(pulses):
        step(muscles, dt_s=1.0 / frequency_hz, frequency_hz=frequency_hz, phase_us=300.0, amplitude_ma=1000.0)
        forces[n] = muscles.force_n()[0, 0]
    return forces


def _drive(
    muscles: Muscles, frequency_hz: ArrayLike, phase_us: ArrayLike, amplitude_ma: ArrayLike
) -> tuple[Array, Array]:
    """Return each pool's recruited share and each channel's pulse period, s (infinite without pulses)."""
    shape = muscles.strength.shape
    amplitude = np.broadcast_to(np.asarray(amplitude_ma, dtype=float), shape)
    frequency = np.where(amplitude > 0, np.minimum(np.asarray(frequency_hz, dtype=float), MAX_HZ), 0.0)
    recruited = recruitment(muscles.parameters, phase_us=phase_us, amplitude_ma=amplitude)
    target = np.where(frequency[..., None] > 0, pool_shares(recruited, muscles.f.shape[-1]), 0.0)
    period_s = np.divide(1.0, frequency, out=np.full(shape, np.inf), where=frequency > 0)
    np.minimum(muscles.until_pulse_s, period_s, out=muscles.until_pulse_s)  # a faster train begins at once
    return target, period_s


def _advance_block(muscles: Muscles, target: Array, period_s: Array, left_s: float, impulse: Array) -> float:
    """Advance all by one block of at most `left_s`, add the integral of F to `impulse`, return its length."""
    moving = (target > 0) | (muscles.f > SILENT_N) | (muscles.cn > SILENT_CN)
    active = np.flatnonzero(moving)
    block_s = min(left_s, BLOCK_S) if active.size else left_s
    muscles.cn[~moving] = muscles.s[~moving] = muscles.f[~moving] = 0.0
    recovery = float(-np.expm1(-block_s / muscles.parameters.tau_fat))
    _recover(muscles, recovery)
    if active.size:
        pulses = _pulses(muscles, active, target, period_s, block_s)
        gained = _contract(muscles, active, pulses, block_s)
        _tire(muscles, active, gained / block_s, recovery)
        impulse.reshape(-1)[active] += gained
    _run_clocks(muscles, period_s, block_s)
    return block_s


def _follow(muscles: Muscles, target: Array, dt_s: float) -> None:
    """Move the counted shares to the recruited ones.

    Fibres that drop out of a driven pool relax with tau1.  A pool that loses all of its drive keeps its
    share: its own force decays.
    """
    fading = target + (muscles.share - target) * np.exp(-dt_s / muscles.tau1)
    falling = np.where(target > 0, fading, muscles.share)
    np.copyto(muscles.share, np.where(target >= muscles.share, target, falling))


@dataclass(frozen=True, slots=True)
class _Pulses:
    """The pulses of one block, in order of their sub-step; each meets one pool."""

    pool: Index  # position among the active pools
    s: Array  # what the pulse leaves in S and CN at the end of its sub-step
    cn: Array
    middle: Array  # what it leaves in CN half-way, if it came before
    bounds: list[int]  # pulses bounds[n] to bounds[n + 1] fall into sub-step n


def _pulses(muscles: Muscles, active: Index, target: Array, period_s: Array, block_s: float) -> _Pulses:
    """Lay out the pulses of the next block; a recruited pool meets every pulse of its channel.

    The interval before a pool's very first pulse is taken from the channel: its R may be 5 % too high,
    once.
    """
    p = muscles.parameters
    steps, h = _substeps(block_s)
    driven = np.flatnonzero(target.reshape(-1)[active] > 0)
    channel = active[driven] // target.shape[-1]
    period, until = period_s.reshape(-1)[channel], muscles.until_pulse_s.reshape(-1)[channel]
    most = int(block_s / period.min()) + 1 if driven.size else 0
    at = until[:, None] + np.arange(most) * period[:, None]
    row, nth = np.nonzero(at < block_s - EPSILON_S)
    at_s = at[row, nth]
    before_s = np.where(nth == 0, muscles.since_pulse_s.reshape(-1)[channel[row]] + at_s, period[row])
    r0 = muscles.km.reshape(-1)[active[driven[row]]] + p.r0_over_km
    r = 1.0 + (r0 - 1.0) * np.exp(-before_s / p.tau_c)
    slot = np.minimum((at_s / h).astype(np.int16), steps - 1)
    order = np.argsort(slot, kind="stable")
    slot, at_s, r = slot[order], at_s[order], r[order]
    tail = ((slot + 1) * h - at_s) / p.tau_c
    kick = r * np.exp(-tail)
    half = 0.5 * h / p.tau_c
    middle = np.where(tail > half, kick * (tail - half), 0.0) * float(np.exp(half))
    bounds = np.searchsorted(slot, np.arange(steps + 1)).tolist()
    return _Pulses(pool=driven[row[order]], s=kick, cn=kick * tail, middle=middle, bounds=bounds)


def _substeps(block_s: float) -> tuple[int, float]:
    steps = max(1, int(np.ceil(block_s / SUBSTEP_S - 1e-9)))
    return steps, block_s / steps


def _contract(muscles: Muscles, active: Index, pulses: _Pulses, block_s: float) -> Array:
    """Advance CN, S and F of the active pools by one block; return the integral of F, N s, one entry a pool.

    In place throughout: this loop is where a simulated second is spent.
    """
    tau_c = muscles.parameters.tau_c
    steps, h = _substeps(block_s)
    cn, s, f, km = (array.reshape(-1)[active] for array in (muscles.cn, muscles.s, muscles.f, muscles.km))
    slow = muscles.tau1.reshape(-1)[active], muscles.a.reshape(-1)[active] * (h / 6.0)
    decay, half_decay, half_inflow = np.exp(-h / tau_c), np.exp(-0.5 * h / tau_c), 0.5 * h / tau_c
    x, six_x, middle, spare = cn / (km + cn), np.empty_like(cn), np.empty_like(cn), np.empty_like(cn)
    total = 0.5 * f
    for n in range(steps):
        cn += np.multiply(s, half_inflow, out=spare)
        np.multiply(cn, half_decay, out=middle)
        cn += spare
        cn *= decay
        s *= decay
        if pulses.bounds[n + 1] > pulses.bounds[n]:
            now = slice(pulses.bounds[n], pulses.bounds[n + 1])
            s[pulses.pool[now]] += pulses.s[now]
            cn[pulses.pool[now]] += pulses.cn[now]
            middle[pulses.pool[now]] += pulses.middle[now]
        np.divide(middle, np.add(km, middle, out=spare), out=six_x)
        six_x *= 4.0
        six_x += x
        six_x += np.divide(cn, np.add(km, cn, out=spare), out=x)
        total += _pull(f, six_x, *slow, muscles.parameters.tau2, h, spare)
    total -= 0.5 * f
    for array, value in ((muscles.cn, cn), (muscles.s, s), (muscles.f, f)):
        array.reshape(-1)[active] = value
    return np.asarray(total * h)


def _pull(f: Array, six_x: Array, tau1: Array, a_h_6: Array, tau2: float, h: float, tau: Array) -> Array:
    """Advance F by one sub-step `h` (2), with `six_x` = 6 times the mean of x over it, and return it.

    `a_h_6` = A h / 6.  Overwrites `f`, `six_x` and the work array `tau`.
    """
    np.multiply(six_x, tau2 / 6.0, out=tau)
    tau += tau1
    six_x *= a_h_6
    six_x *= tau
    tau -= 0.5 * h
    f *= tau
    f += six_x
    tau += h
    f /= tau
    return f


def _recover(muscles: Muscles, recovery: float) -> None:
    """Let the fatigue of all pools fade by the share `recovery`: the first terms of (5), (9) and (11)."""
    p = muscles.parameters
    for array, fresh in ((muscles.a, p.a_rest), (muscles.tau1, p.tau1_rest), (muscles.km, p.km_rest)):
        np.add(array, (fresh - array) * recovery, out=array)


def _tire(muscles: Muscles, active: Index, mean_n: Array, recovery: float) -> None:
    """Add what a block's mean force does to the active pools: the last terms of (5), (9) and (11)."""
    p = muscles.parameters
    load = muscles.fatigability.reshape(-1)[active] * mean_n * (p.tau_fat * recovery)
    for array, alpha in ((muscles.a, p.alpha_a), (muscles.tau1, p.alpha_tau1), (muscles.km, p.alpha_km)):
        array.reshape(-1)[active] += alpha * load


def _run_clocks(muscles: Muscles, period_s: Array, block_s: float) -> None:
    """Move every channel's pulse clock to the end of the block; one without pulses is ready to begin."""
    running = np.isfinite(period_s)
    period = np.where(running, period_s, 1.0)
    until = muscles.until_pulse_s
    count = np.where(running, np.maximum(np.ceil((block_s - EPSILON_S - until) / period), 0.0), 0.0)
    last = until + (count - 1.0) * period
    muscles.since_pulse_s[...] = np.where(count > 0, block_s - last, muscles.since_pulse_s + block_s)
    muscles.until_pulse_s[...] = np.where(running, np.maximum(until + count * period - block_s, 0.0), 0.0)
