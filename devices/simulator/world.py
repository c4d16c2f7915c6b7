"""A swarm of bodies and the people around them, without any network: the same seed gives the same day."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

import numpy as np

from devices.simulator import session, treatment
from devices.simulator.body import Body
from devices.simulator.day import Day
from devices.simulator.fleetfile import Machine
from devices.simulator.plant import SAMPLES, TICK_MS, Plant
from devices.simulator.scenario import Scenario
from devices.simulator.truth import Sink

Act = Callable[[int], None]
SPARE: Final = 2  # rows for clones


class World:
    """Everything that is simulated but the network.  Times are ms since the simulation began."""

    def __init__(
        self, machines: list[Machine], scenario: Scenario, *, seed: int, first_boot: int, truth: Sink
    ) -> None:
        """`first_boot` is the number of every device's first start."""
        self.scenario, self.truth, self.now_ms = scenario, truth, 0
        self.seed, self._first_boot = seed, first_boot
        kinds = np.random.default_rng((seed, 1)).choice(
            list(scenario.people.kinds),
            size=len(machines) + SPARE,
            p=np.array(list(scenario.people.kinds.values())) / sum(scenario.people.kinds.values()),
        )
        channels = max((machine.make.channels for machine in machines), default=1)
        self.plant = Plant(seed, kinds.tolist(), channels, force=scenario.fleet.force)
        self._tune()
        self.bodies = [self._body(machine, row, first_boot) for row, machine in enumerate(machines)]
        self.by_serial = {body.serial: body for body in self.bodies}
        self._free_rows = list(range(len(machines), len(machines) + SPARE))
        self._heap: list[tuple[int, int, Act]] = []
        self._count = count()
        self._protocols = session.built_in()
        self.days = [Day(body, scenario, self._protocols, self.at, (seed, body.row)) for body in self.bodies]
        self.after_tick: Act = lambda now_ms: None
        for day, found in zip(self.days, self._morning(), strict=True):
            self.at(0, partial(day.dawn, found=found))

    def _morning(self) -> list[str]:
        """How each device is found: so many on the charger, so many switched off, the others on."""
        fleet, devices = self.scenario.fleet, len(self.bodies)
        charging, off = round(fleet.charging * devices), round(fleet.off * devices)
        found = ["charging"] * charging + ["off"] * off + ["on"] * (devices - charging - off)
        np.random.default_rng((self.seed, 3)).shuffle(found)
        return found[:devices]

    def _tune(self) -> None:
        patients, people = self.plant.patients, self.scenario.people
        calm = 0.0 if self.scenario.day.endless else people.restlessness
        patients.pauses_per_s *= calm
        patients.stops_per_s *= calm
        low, high = self.scenario.fleet.soc
        rng = np.random.default_rng((self.seed, 2))
        self.plant.batteries.soc = rng.uniform(low, high, size=self.plant.shape[0])

    def _body(self, machine: Machine, row: int, first_boot: int) -> Body:
        body = Body(
            machine,
            row,
            self.plant,
            self.truth,
            first_boot=first_boot,
            capacity=self.scenario.fleet.buffer_records,
            seed=f"{self.seed}:{row}",
        )
        body.every = self.scenario.fleet.every_ms // TICK_MS
        return body

    def clone(self, body: Body, boot: int) -> Body | None:
        """Return another device under the same serial, switched off; None if there is no row left for it."""
        if not self._free_rows:
            return None
        twin = self._body(body.machine, self._free_rows.pop(0), boot)
        twin.protocol = body.protocol
        self.bodies.append(twin)
        return twin

    def remove(self, twin: Body) -> None:
        """Take a clone out of the world."""
        self.bodies.remove(twin)
        self._free_rows.append(twin.row)

    def at(self, at_ms: int, act: Act) -> None:
        """Let something happen at a time; acts of the past happen with the next tick."""
        heapq.heappush(self._heap, (at_ms, next(self._count), act))

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`, in ticks of 100 ms."""
        while self.now_ms + TICK_MS <= to_ms:
            self._tick()

    def _tick(self) -> None:
        self.now_ms = now_ms = self.now_ms + TICK_MS
        while self._heap and self._heap[0][0] <= now_ms:
            heapq.heappop(self._heap)[2](now_ms)
        plant = self.plant
        plant.tick(now_ms)
        ended = np.flatnonzero(plant.running & (now_ms - plant.stretch_start_ms >= plant.stretch_ms))
        for row in ended.tolist():
            treatment.next_stretch(self._in_row(row), now_ms)
        slot = now_ms // TICK_MS % SAMPLES
        if slot == 0:
            self._whole_second(now_ms)
        self._devices_second(now_ms, slot)
        self.after_tick(now_ms)

    def _in_row(self, row: int) -> Body:
        body = self.bodies[row] if row < len(self.bodies) else self.bodies[-1]
        return body if body.row == row else next(body for body in self.bodies if body.row == row)

    def _whole_second(self, now_ms: int) -> None:
        """What is looked at for all devices together: sensors, batteries, people."""
        plant = self.plant
        plant.measure()
        plant.power()
        choice = plant.decide()
        for row in np.flatnonzero(choice.turn_ma.any(axis=1)).tolist():
            body = self._in_row(row)
            if body.session is not None and not body.hung:
                for channel in np.flatnonzero(choice.turn_ma[row]).tolist():
                    to_ma = float(plant.knob_ma[row, channel] + choice.turn_ma[row, channel])
                    treatment.turn(body, channel, max(to_ma, 0.0), now_ms, "patient")
        for row in np.flatnonzero(choice.stop).tolist():
            self._unless_hung(row, lambda body: treatment.end(body, now_ms, "patient_stop"))
        for row in np.flatnonzero(choice.pause & ~choice.stop).tolist():
            self._unless_hung(row, lambda body: treatment.pause(body, now_ms, "patient"))
        for row in np.flatnonzero(choice.resume & ~choice.stop).tolist():
            self._unless_hung(row, lambda body: self._resume(body, now_ms))

    @staticmethod
    def _resume(body: Body, now_ms: int) -> None:
        """Patients end the pauses they made; after another's, staff comes."""
        if body.in_session().paused_by == "patient":
            treatment.resume(body, now_ms, "patient")

    def _unless_hung(self, row: int, act: Callable[[Body], None]) -> None:
        body = self._in_row(row)
        if not body.hung:
            act(body)

    def _devices_second(self, now_ms: int, slot: int) -> None:
        """The devices whose own second ends now: one in ten, so that a swarm does not speak in chorus."""
        due = [body for body in self.bodies[slot::SAMPLES] if body.powered and not body.hung]
        if not due:
            return
        for body, second in zip(due, self.plant.seconds([body.row for body in due], now_ms), strict=True):
            treatment.each_second(body, second)
            if second.soc <= treatment.DEAD_SOC and not body.plugged:
                self.battery_dead(body, now_ms)
        for day in self.days[slot::SAMPLES]:
            day.second(now_ms)

    def begin_session(self, body: Body, now_ms: int, set_ma: list[float] | None = None) -> None:
        """Start a session now, whatever the day has in mind.  Raises ValueError if it cannot be."""
        if body.session is not None or not body.powered or body.locked or body.state not in ("idle", "ready"):
            raise ValueError(
                f"{body.serial} is {body.state}{' and locked' if body.locked else ''}: no session can begin"
            )
        self.days[body.row].begin(now_ms, seat=True)
        for channel, ma in enumerate(set_ma or []):
            treatment.turn(body, channel, float(ma), now_ms, "operator")

    def battery_dead(self, body: Body, now_ms: int) -> None:
        """The device switches itself off; somebody finds it, and puts it on the charger."""
        self.switch_off(body, now_ms)

        def charge(at_ms: int) -> None:
            self.plant.batteries.soc[body.row] = max(float(self.plant.batteries.soc[body.row]), 3.0)
            body.plugged = True
            self.plant.charging[body.row] = True
            body.power_on(at_ms, reason="charger")

        self.at(now_ms + 60_000, charge)

    switch_off: Callable[[Body, int], None] = staticmethod(lambda body, now_ms: body.power_off(now_ms))
    """How a body is switched off; the swarm lets it say goodbye first."""
