"""Lithium-ion batteries of the swarm: charge, voltage under load, charging.  Arrays have shape (devices,).

The open-circuit curve, the inner resistance and the power figures are engineering values of a one-cell pack
of about 2 Ah, not measurements of one product: 4.2 V full, 3.6-3.8 V nominal, 2.5-3.0 V cut-off are common
ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

OCV_SOC = np.array([0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0])  # %
OCV_V = np.array([3.0, 3.45, 3.60, 3.69, 3.73, 3.76, 3.79, 3.84, 3.90, 3.97, 4.06, 4.18])
MAX_V = 4.2  # constant-voltage limit of the charger
CUT_OFF_V = 3.0  # the device goes dark
CHARGE_C_RATE = 0.5  # constant current, as a share of the capacity in an hour
EFFICIENCY = 0.5  # of the high-voltage stage


@dataclass(slots=True)
class Batteries:
    """State of all batteries; `capacity_mah` may be lowered from outside to age one."""

    soc: Array  # %, 0..100
    capacity_mah: Array
    inner_ohm: Array
    idle_w: Array  # what the device draws with its output off
    current_a: Array  # drawn at the last step; negative while charging

    def volts(self) -> Array:
        """Voltage at the terminals, under the last current, V; the charger never exceeds its limit."""
        return np.minimum(open_circuit_v(self.soc) - self.current_a * self.inner_ohm, MAX_V)

    def millivolts(self) -> NDArray[np.int64]:
        """The same, mV, as a device reports it."""
        return np.rint(1000.0 * self.volts()).astype(np.int64)

    def empty(self) -> NDArray[np.bool_]:
        """True where the device can no longer run."""
        return (self.soc <= 0.0) | (self.volts() <= CUT_OFF_V)


def draw(rng: np.random.Generator, devices: int, *, soc: tuple[float, float] = (60.0, 100.0)) -> Batteries:
    """Return batteries charged at random within `soc` (from, to, %), of cells unlike as in a used fleet."""
    return Batteries(
        soc=rng.uniform(*soc, size=devices),
        capacity_mah=2000.0 * rng.uniform(0.75, 1.0, size=devices),
        inner_ohm=rng.uniform(0.1, 0.2, size=devices),
        idle_w=rng.uniform(0.020, 0.060, size=devices),
        current_a=np.zeros(devices),
    )


def open_circuit_v(soc: ArrayLike) -> Array:
    """Return the open-circuit voltage at a charge in %, V."""
    return np.asarray(np.interp(np.asarray(soc, dtype=float), OCV_SOC, OCV_V))


def delivered_w(
    delivered_ma: ArrayLike,
    z_ohm: ArrayLike,
    *,
    phase_us: ArrayLike,
    frequency_hz: ArrayLike,
    phases: int = 2,
) -> Array:
    """Return the mean power into all electrode pairs of each device, W, shape (devices,).

    Args are (devices, channels) or broadcast to it.  Rectangular phases: I_rms² = I² n w f, with n phases a
    pulse (2 for symmetric biphasic), as stimulator manuals define the r.m.s. current.
    """
    amps = np.asarray(delivered_ma, dtype=float) / 1000.0
    duty = np.minimum(
        phases * np.asarray(phase_us, dtype=float) * 1e-6 * np.asarray(frequency_hz, dtype=float), 1.0
    )
    return np.asarray(np.sum(amps * amps * np.asarray(z_ohm, dtype=float) * duty, axis=-1))


def load_w(output_w: ArrayLike, *, efficiency: float = EFFICIENCY) -> Array:
    """Return what the battery gives for `output_w` at the electrodes, W."""
    return np.asarray(output_w, dtype=float) / efficiency


def step(batteries: Batteries, *, dt_s: float, load_w: ArrayLike, charging: ArrayLike = False) -> None:
    """Drain or charge all batteries for `dt_s`.

    Drain is idle power and `load_w` at the open-circuit voltage.  Charging is constant current, then the
    constant voltage limit holds it down (V = 4.2 V), so it slows towards full; the supply carries the load
    meanwhile.

    Args:
        dt_s: s; at most some minutes, as the current is held over it.
        load_w: Power drawn above idle, W, shape (devices,).
        charging: Mask, shape (devices,).
    """
    volts = open_circuit_v(batteries.soc)
    drain_a = (batteries.idle_w + np.asarray(load_w, dtype=float)) / volts
    amp_hours = batteries.capacity_mah / 1000.0
    inflow_a = np.minimum(CHARGE_C_RATE * amp_hours, np.maximum(MAX_V - volts, 0.0) / batteries.inner_ohm)
    full = batteries.soc >= 100.0
    batteries.current_a = np.where(np.asarray(charging), np.where(full, 0.0, -inflow_a), drain_a)
    change = -100.0 * batteries.current_a * (dt_s / 3600.0) / amp_hours
    batteries.soc = np.clip(batteries.soc + change, 0.0, 100.0)
