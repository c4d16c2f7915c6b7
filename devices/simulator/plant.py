"""All but the firmware: muscles, skin, batteries, temperature and people, as arrays of (devices, channels).

One `tick` is 100 ms.  Whatever is asked of one device, random draws have the shape of the whole swarm, so
that one device's day never changes another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from devices.simulator import battery, electrode, muscle, patient, thermal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TICK_MS: Final = 100
SAMPLES: Final = 1000 // TICK_MS  # a second holds so many
_TICK_S: Final = TICK_MS / 1000.0
_Z_EVERY: Final = 5  # ticks between two looks at the electrodes, which change slowly
AMBIENT_C: Final = 23.0


@dataclass(frozen=True, slots=True)
class Second:
    """What the sensors of one device say about the second up to `at_ms`, for all channels of the swarm."""

    at_ms: int
    samples_ma: list[list[float]]  # a channel, SAMPLES each
    set_ma: list[float]
    ohm: list[float]  # NaN: not measured
    contact: list[int]
    charge_uc: list[float]
    pulses: list[int]
    force_n: list[float]
    soc: float
    mv: int
    temp_c: float


class Plant:
    """State of everything that is not firmware.  Arrays are (devices, channels) or (devices,).

    The firmware writes the first block, faults write the second; both read the third.
    """

    def __init__(self, seed: int, kinds: list[str], channels: int, *, force: bool = True) -> None:
        """`kinds` is the kind of patient at each device, see `patient.PRESETS`; `force`: muscles are computed."""
        self.force = force
        self.rng = np.random.default_rng(seed)
        devices = len(kinds)
        shape = (devices, channels)
        self.shape = shape
        # What the firmware and the hand at the knob ask for.
        self.knob_ma = np.zeros(shape)
        self.limit_ma = np.zeros(shape)
        self.in_use = np.zeros(shape, dtype=bool)
        self.live = np.zeros(devices, dtype=bool)  # pulses may flow
        self.running = np.zeros(devices, dtype=bool)
        self.paused = np.zeros(devices, dtype=bool)
        self.charging = np.zeros(devices, dtype=bool)
        self.powered = np.zeros(devices, dtype=bool)
        self.frequency_hz = np.ones(devices)
        self.phase_us = np.full(devices, 250.0)
        self.level_from = np.zeros(devices)
        self.level_to = np.zeros(devices)
        self.stretch_start_ms = np.zeros(devices)
        self.stretch_ms = np.full(devices, np.inf)
        # What faults do.
        self.extra_heat_w = np.zeros(devices)
        self.extra_load_w = np.zeros(devices)
        self.gain = np.ones(shape)  # of the current regulator; above 1 it gives more than it was set to
        # What is so.
        self.patients = patient.draw(self.rng, kinds, channels)
        self.muscles = muscle.rest(shape, muscle.draw(self.rng, self.patients.fatigability, shape))
        self.electrodes = electrode.apply(self.rng, shape)
        self.batteries = battery.draw(self.rng, devices)
        self.temp_c = AMBIENT_C + self.rng.uniform(0.0, 4.0, size=devices)
        self.level = np.zeros(devices)
        self.delivered_ma = np.zeros(shape)
        self.wanted_ma = np.zeros(shape)
        self.z_ohm = electrode.impedance_ohm(self.electrodes, phase_us=self.phase_us[:, None])
        self.measured_ohm = np.full(shape, np.nan)
        self.contact = np.full(shape, electrode.OFF, dtype=np.int8)
        self.force_n = np.zeros(shape)
        self.ring_ma = np.zeros((*shape, SAMPLES))  # the last second, slot = tick % SAMPLES
        self.charge_uc = np.zeros(shape)  # of this session, leading phase
        self.pulses = np.zeros(shape)  # of this session
        self.mv = self.batteries.millivolts()
        self.epoch_ms = 0  # Unix time of simulation time 0
        self._ticks = 0

    def tick(self, now_ms: int) -> None:
        """Advance all by 100 ms, to `now_ms`; the current that flows is the one at its end."""
        passed = now_ms - self.stretch_start_ms
        part = np.clip(passed / self.stretch_ms, 0.0, 1.0)
        self.level = self.level_from + (self.level_to - self.level_from) * part
        flowing = self.live[:, None] & self.in_use
        self.wanted_ma = np.where(flowing, self.knob_ma * self.level[:, None], 0.0)
        if self._ticks % _Z_EVERY == 0:
            electrode.advance(self.electrodes, self.rng, dt_s=_TICK_S * _Z_EVERY)
            self.z_ohm = electrode.impedance_ohm(self.electrodes, phase_us=self.phase_us[:, None])
        self.delivered_ma = electrode.deliver(self.wanted_ma * self.gain, self.z_ohm)
        if self.force:
            self.force_n = muscle.step(
                self.muscles,
                dt_s=_TICK_S,
                frequency_hz=self.frequency_hz[:, None],
                phase_us=self.phase_us[:, None],
                amplitude_ma=self.delivered_ma,
            )
        fired = (self.delivered_ma > 0.0) * (self.frequency_hz[:, None] * _TICK_S)
        self.pulses += fired
        self.charge_uc += fired * self.delivered_ma * (self.phase_us[:, None] / 1000.0)
        self.ring_ma[:, :, now_ms // TICK_MS % SAMPLES] = self.delivered_ma
        self._ticks += 1

    def measure(self) -> None:
        """Let every stimulator look at its electrodes, once a second."""
        self.measured_ohm = electrode.measure(self.rng, self.wanted_ma, self.z_ohm)
        self.contact = electrode.contact(
            self.wanted_ma,
            self.delivered_ma,
            self.measured_ohm,
            in_use=self.in_use & self.session_mask()[:, None],
        )

    def power(self, *, dt_s: float = 1.0) -> None:
        """Drain and charge the batteries, warm and cool the boards."""
        output_w = battery.delivered_w(
            self.delivered_ma,
            self.z_ohm,
            phase_us=self.phase_us[:, None],
            frequency_hz=self.frequency_hz[:, None],
        )
        load_w = battery.load_w(output_w) + self.extra_load_w
        battery.step(
            self.batteries, dt_s=dt_s, load_w=np.where(self.powered, load_w, 0.0), charging=self.charging
        )
        self.mv = self.batteries.millivolts()
        lost_w = self.batteries.idle_w + (load_w - output_w) + self.charging * thermal.CHARGING_W
        self.temp_c = thermal.step(
            self.temp_c, dt_s=dt_s, ambient_c=AMBIENT_C, losses_w=lost_w * self.powered + self.extra_heat_w
        )

    def decide(self) -> patient.Decisions:
        """Return what the people do within this second."""
        return patient.decide(
            self.patients,
            self.rng,
            dt_s=1.0,
            running=self.running,
            paused=self.paused,
            contracting=(self.live & (self.level >= 1.0))[:, None] & self.in_use,
            set_ma=self.knob_ma,
            limit_ma=np.where(self.in_use, self.limit_ma, 0.0),
            phase_us=self.phase_us[:, None],
            force_n=self.force_n,
        )

    def session_mask(self) -> Mask:
        """Devices with an open session."""
        return np.asarray(self.running | self.paused)

    def silence(self, row: int) -> None:
        """No current flows at this device from this instant on."""
        self.live[row] = False
        self.delivered_ma[row] = 0.0
        self.wanted_ma[row] = 0.0

    def lower_now(self, row: int) -> None:
        """The knob was turned down: what flows at this instant is no more than it says."""
        np.minimum(self.wanted_ma[row], self.knob_ma[row], out=self.wanted_ma[row])
        np.minimum(self.delivered_ma[row], self.knob_ma[row], out=self.delivered_ma[row])

    def seconds(self, rows: list[int], at_ms: int) -> list[Second]:
        """Return what the sensors of some devices say about the second up to `at_ms`, which is a tick."""
        newest = at_ms // TICK_MS % SAMPLES
        order = (np.arange(SAMPLES) + newest + 1) % SAMPLES
        columns = (
            np.round(self.ring_ma[rows][:, :, order], 1).tolist(),
            self.knob_ma[rows].tolist(),
            np.round(self.measured_ohm[rows]).tolist(),
            self.contact[rows].tolist(),
            np.round(self.charge_uc[rows], 1).tolist(),
            self.pulses[rows].astype(np.int64).tolist(),
            np.round(self.force_n[rows], 1).tolist(),
            np.round(self.batteries.soc[rows], 1).tolist(),
            self.mv[rows].tolist(),
            np.round(self.temp_c[rows], 1).tolist(),
        )
        return [Second(at_ms, *values) for values in zip(*columns, strict=True)]

    def look_again(self) -> None:
        """An electrode was touched: take its impedance as it is now."""
        self.z_ohm = electrode.impedance_ohm(self.electrodes, phase_us=self.phase_us[:, None])
