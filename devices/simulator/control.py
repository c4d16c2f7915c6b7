"""Setting faults off: as a scenario plans them, or as JSON lines ask for them while it runs.

Each line on stdin gets one on stdout: `{"ok":true,"at":…}` or `{"ok":false,"error":…}`.  They are listed in
docs/simulator.md.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable, Iterable
from typing import Any

from devices.simulator import treatment
from devices.simulator.body import Body
from devices.simulator.connection import Connection
from devices.simulator.faults import FAULTS
from devices.simulator.scenario import ANY, Planned
from devices.simulator.strike import Site
from devices.simulator.swarm import Swarm

DRIVEN_MA = 18.0  # enough for a stimulator to judge its electrodes
_OWN = {"fault", "clear", "serial", "for_s", "args"}


class Control:
    """Strikes and mends.  `say` takes the answers to lines."""

    def __init__(self, swarm: Swarm, stop: asyncio.Event, say: Callable[[str], None] | None = None) -> None:
        self.swarm, self._stop = swarm, stop
        self._say = say or (lambda text: print(text, flush=True))
        self._active: dict[tuple[str, str], Site] = {}
        self._rng = random.Random(f"{swarm.world.seed}:faults")

    # --- faults ---

    def schedule(self, plan: Iterable[Planned]) -> None:
        """Set up what a scenario plans.  Raises ValueError for what is not there."""
        bodies = self.swarm.world.bodies
        for planned in plan:
            if planned.name not in FAULTS:
                raise ValueError(f"there is no fault {planned.name!r}; there are {', '.join(FAULTS)}")
            if planned.device not in ANY and isinstance(planned.device, str):
                self._body(planned.device)
            if bodies:
                self._plan(planned, round(1000 * planned.at_s))

    def _plan(self, planned: Planned, at_ms: int) -> None:
        def act(now_ms: int) -> None:
            body = self._struck(planned.device)
            if body is not None:
                self.strike(planned.name, body.serial, planned.args, planned.for_s)
            if planned.every_s is not None:
                self._plan(planned, at_ms + round(1000 * planned.every_s))

        self.swarm.at(at_ms, act)

    def _struck(self, device: int | str) -> Body | None:
        """The device that a plan means; of several that fit, one by chance, and none that suffers already."""
        world = self.swarm.world
        if isinstance(device, int):
            return world.bodies[device % len(self.swarm.world.by_serial)]
        if device not in ANY:
            return self._body(device)
        suffering = {serial for _, serial in self._active}
        fitting = [
            body
            for body in world.by_serial.values()
            if body.powered and not body.hung and body.serial not in suffering and _fits(body, device)
        ]
        return self._rng.choice(fitting) if fitting else None

    def strike(self, name: str, serial: str, args: dict[str, Any], for_s: float | None) -> None:
        """Let a fault begin; it ends after `for_s`, or when it is cleared.  Raises ValueError."""
        fault = FAULTS.get(name)
        if fault is None:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
        strange = args.keys() - fault.args.keys()
        if strange:
            takes = ", ".join(fault.args) or "nothing"
            raise ValueError(f"{name} takes {takes}, not {', '.join(sorted(strange))}")
        body = self._body(serial)
        self.clear(name, serial)
        now_ms = self.swarm.catch_up()
        site = Site(self.swarm, body, self.swarm.connections[body.row], {**fault.args, **args})
        self._active[name, serial] = site
        self.swarm.world.truth.tell(now_ms, serial, "fault", name=name, on=True, args=site.args)
        fault.strike(site, now_ms)
        if for_s is not None:
            self.swarm.at(now_ms + round(1000 * for_s), lambda at_ms: self._end(name, serial, site))

    def _end(self, name: str, serial: str, site: Site) -> None:
        if self._active.get((name, serial)) is site:
            self.clear(name, serial)

    def clear(self, name: str, serial: str) -> None:
        """Let a fault end, if it is on."""
        site = self._active.pop((name, serial), None)
        if site is not None:
            now_ms = self.swarm.catch_up()
            site.on = False
            self.swarm.world.truth.tell(now_ms, serial, "fault", name=name, on=False, args=site.args)
            FAULTS[name].mend(site, now_ms)

    def _body(self, serial: str) -> Body:
        body = self.swarm.world.by_serial.get(serial)
        if body is None:
            raise ValueError(f"there is no device {serial!r} here")
        return body

    # --- lines ---

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take lines from stdin."""
        self._reading = loop.create_task(self._read(loop))

    async def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self._say(json.dumps(self.obey(line), separators=(",", ":")))

    def obey(self, line: bytes | str) -> dict[str, Any]:
        """Do what one line asks; return the answer."""
        try:
            wish = json.loads(line)
            if not isinstance(wish, dict):
                raise TypeError(f"expected an object, got {type(wish).__name__}")
            found = self._do(wish)
        except (ValueError, TypeError, KeyError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return {"ok": True, "at": self.swarm.world.now_ms, **found}

    def _do(self, wish: dict[str, Any]) -> dict[str, Any]:
        if "fault" in wish:
            args = {**wish.get("args", {}), **{key: value for key, value in wish.items() if key not in _OWN}}
            self.strike(wish["fault"], wish["serial"], args, wish.get("for_s"))
        elif "clear" in wish:
            self.clear(wish["clear"], wish["serial"])
        elif "session" in wish:
            self._treat(wish, self._body(wish["serial"]))
        elif "look" in wish:
            body = self._body(wish["look"])
            now_ms = self.swarm.catch_up()
            status = json.loads(body.status(now_ms))
            return {
                "status": status,
                "powered": body.powered,
                "kept": len(body.buffer),
                "connected": _born(self, body),
            }
        elif wish.get("quit"):
            self._stop.set()
        else:
            raise ValueError(
                f"expected fault, clear, session, look or quit, got {', '.join(wish) or 'nothing'}"
            )
        return {}

    def _treat(self, wish: dict[str, Any], body: Body) -> None:
        now_ms, what = self.swarm.catch_up(), wish["session"]
        if what == "start":
            self.swarm.world.begin_session(body, now_ms, wish.get("set_ma"))
        elif body.session is None:
            raise ValueError(f"{body.serial} has no session")
        elif what == "stop":
            treatment.end(body, now_ms, wish.get("reason", "operator_stop"))
        elif what == "pause":
            treatment.pause(body, now_ms, wish.get("by", "operator"))
        elif what == "resume":
            treatment.resume(body, now_ms, wish.get("by", "operator"))
        elif what == "turn":
            treatment.turn(body, int(wish["channel"]) - 1, float(wish["to_ma"]), now_ms, "operator")
        else:
            raise ValueError(f"session is start, stop, pause, resume or turn, not {what!r}")


def _fits(body: Body, device: str) -> bool:
    if device == "driven":
        return body.state == "running" and float(body.plant.knob_ma[body.row, 0]) >= DRIVEN_MA
    return device == "any" or body.state == device


def _born(control: Control, body: Body) -> bool:
    connection: Connection = control.swarm.connections[body.row]
    return connection.born
