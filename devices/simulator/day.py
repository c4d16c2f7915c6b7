"""How the day goes at each device: people come, put pads on, start, and leave; batteries go to the charger.

Choices are drawn from the body's own generator, so that one device's day does not depend on another's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from devices.simulator import electrode, patient, treatment
from devices.simulator.body import Body
from devices.simulator.scenario import Scenario
from devices.simulator.session import Protocol

Later = Callable[[int, Callable[[int], None]], None]
TO_CHARGER_SOC, FROM_CHARGER_SOC = 25.0, 85.0
TRY_AGAIN_S: Final = (8.0, 25.0)  # until somebody presses a pad back on and resumes
LOOK_AGAIN_S: Final = 30.0


class Day:
    """What the people around one device do; `later` calls an act at a simulation time."""

    def __init__(
        self,
        body: Body,
        scenario: Scenario,
        protocols: Mapping[str, Protocol],
        later: Later,
        seed: tuple[int, int],
    ) -> None:
        self.body, self.scenario, self._later, self._seed = body, scenario, later, seed
        fitting = {
            name: protocol
            for name, protocol in protocols.items()
            if protocol.fits(body.channels, body.make.max_ma)
        }
        weights = {name: scenario.day.protocols.get(name, 0.0) for name in fitting}
        self._names = list(fitting)
        self._weights = [weights[name] for name in fitting] if any(weights.values()) else [1.0] * len(fitting)
        body.protocol = fitting[body.rng.choices(self._names, self._weights)[0]] if fitting else None
        self._person = body.rng.getrandbits(64)
        self._pads = 0
        self.resuming = False
        self._waiting = False  # for the next session

    def dawn(self, now_ms: int, found: str = "on") -> None:
        """Switch on, or leave `off` for a while or `charging`, as the device is found in the morning."""
        body = self.body
        if found == "off":
            self._later(now_ms + self._draw_ms(self.scenario.fleet.off_s), self._switch_on)
            return
        body.plugged = found == "charging"
        if body.plugged:
            body.plant.charging[body.row] = True
            body.plant.batteries.soc[body.row] = body.rng.uniform(10.0, 70.0)
        body.power_on(now_ms)
        self.wait(now_ms, self.scenario.day.first_s)

    def _switch_on(self, now_ms: int) -> None:
        if not self.body.powered:
            self.body.power_on(now_ms)
        self.wait(now_ms, self.scenario.day.first_s)

    def wait(self, now_ms: int, span_s: tuple[float, float]) -> None:
        """The next person comes after a while, if nobody is expected yet."""
        most = self.scenario.day.sessions
        if not self._waiting and (most is None or self.body.sessions < most):
            self._waiting = True
            self._later(now_ms + self._draw_ms(span_s), self._arrive)

    def _draw_ms(self, span_s: tuple[float, float]) -> int:
        return round(1000 * self.body.rng.uniform(*span_s))

    def _arrive(self, now_ms: int) -> None:
        """Pads go onto the skin, unless the device is not to be had."""
        self._waiting = False
        body = self.body
        if not body.powered or body.hung or body.session or body.locked or body.state != "idle":
            self.wait(now_ms, (LOOK_AGAIN_S, 2 * LOOK_AGAIN_S))
            return
        self._put_pads_on()
        body.settle(now_ms)
        self._later(now_ms + self._draw_ms(self.scenario.day.ready_s), self.begin)

    def _put_pads_on(self) -> None:
        self._pads += 1
        rng = np.random.default_rng((*self._seed, self._pads))
        where = np.zeros(self.body.plant.shape, dtype=bool)
        where[self.body.row] = True
        electrode.replace(self.body.plant.electrodes, where, rng)
        self.body.plant.look_again()
        self.body.seated = True

    def begin(self, now_ms: int, *, seat: bool = False) -> None:
        """A hand at the device starts the session, below what will be tolerated; `seat`: pads go on first."""
        body, plant = self.body, self.body.plant
        if seat and not body.seated:
            self._put_pads_on()
        if body.session is not None:
            return
        if not body.seated:
            self.wait(now_ms, (LOOK_AGAIN_S, 2 * LOOK_AGAIN_S))
            return
        patient.sit_down(plant.patients, np.array([body.row]))
        rng = np.random.default_rng((*self._seed, self._pads, 1))
        phase_us = body.protocol.document.steps[0].phase_us if body.protocol else 250.0
        first = patient.first_ma(plant.patients, rng, phase_us=phase_us)[body.row].tolist()
        self._person = body.rng.getrandbits(64)
        started = treatment.start(
            body, now_ms, subject=f"p{self._person:016x}", first_ma=first, no_end=self.scenario.day.endless
        )
        if started and body.sessions == 1 and self.scenario.day.first_ends_s is not None:
            first = body.in_session()
            self._later(
                now_ms + self._draw_ms(self.scenario.day.first_ends_s),
                lambda at_ms: treatment.end(body, at_ms, "operator_stop") if body.session is first else None,
            )
        if not started:
            body.seated = False
            body.settle(now_ms)
            self.wait(now_ms, (LOOK_AGAIN_S, 2 * LOOK_AGAIN_S))

    def second(self, now_ms: int) -> None:
        """Look after the device: resume, plug in, unplug, expect the next person."""
        body, plant, row = self.body, self.body.plant, self.body.row
        if not body.powered or body.hung:
            return
        if body.session is not None:
            if body.state == "paused" and body.session.paused_by != "patient" and not self.resuming:
                self.resuming = True
                soon = TRY_AGAIN_S if body.session.paused_by == "device" else self.scenario.day.resume_s
                self._later(now_ms + self._draw_ms(soon), self._resume)
            return
        soc = float(plant.batteries.soc[row])
        if body.plugged != (soc < (FROM_CHARGER_SOC if body.plugged else TO_CHARGER_SOC)) and not body.seated:
            body.plugged = not body.plugged
            plant.charging[row] = body.plugged
            body.settle(now_ms)
            body.uplink.changed()
        if body.state == "idle" and not self._waiting and not body.seated:
            self.wait(now_ms, self.scenario.day.between_s)

    def _resume(self, now_ms: int) -> None:
        self.resuming = False
        if self.body.state == "paused":
            treatment.resume(self.body, now_ms, "operator")
