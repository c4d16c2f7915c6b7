"""Time-lapse: a swarm whose clock the test moves, and the other end of its connections in the test's hands.

The rules of the contract are about 30 s, 60 s and more; here such a wait takes milliseconds.  What a real
broker does is tested in test_swarm.py, and what the real server does in tests/flows.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec

from devices.simulator import scenario, truth
from devices.simulator.connection import Connection
from devices.simulator.control import Control
from devices.simulator.fleetfile import MAKES, Machine
from devices.simulator.swarm import Broker, Swarm
from devices.simulator.world import World
from devices.wire import codec
from devices.wire.errors import WireError

NO_FORCE = "[fleet]\nforce = false\n"  # muscles take most of a test's time
QUIET = f"[day]\nsessions = 0\n{NO_FORCE}"
FIRST_BOOT = 7
SERVER_MS = 1_763_788_000_000  # server time at simulation time 0


def machines(count: int, model: str = "RX-4") -> list[Machine]:
    return [Machine(f"EMS-{n:04}", "secret", MAKES[model]) for n in range(count)]


@dataclass(slots=True)
class Sent:
    """One message that reached the broker."""

    at_ms: int
    kind: str
    retain: bool
    payload: bytes
    conn: int

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.payload))


@dataclass(slots=True)
class Wire:
    """The broker's end of one connection."""

    lab: Lab
    connection: Connection
    conn: int
    up: bool = False
    dark: bool = False
    room: bool = True
    held: list[tuple[bytes, bytes, bool]] | None = None
    over: str | None = None
    sent: list[Sent] = field(default_factory=list)

    def publish(self, topic: bytes, payload: bytes, *, retain: bool = False) -> int:
        if self.held is not None:
            self.held.append((topic, payload, retain))
        elif not self.dark and self.over is None:
            sent = Sent(self.lab.now_ms, topic.decode().rsplit("/", 1)[1], retain, payload, self.conn)
            self.sent.append(sent)
            self.lab.take(sent)
        return 1

    def subscribe(self, filters: list[tuple[bytes, int]]) -> None:
        self.lab.subscriptions.append(filters)
        self.lab.swarm.at(self.lab.now_ms + 1, lambda now_ms: self.connection.subscribed(self))

    def has_room(self) -> bool:
        return self.room

    def tick(self) -> None:
        if self.dark and self.lab.now_ms - self.lab.dark_since_ms > 20_000:
            self.over = "silence"
            self.connection.lost(self, "nothing heard from the broker for 20 s")

    def close(self) -> None:
        self.over = "goodbye"

    def drop(self) -> None:
        self.over = self.over or "dropped"

    def hold(self) -> None:
        self.held = []

    def let_go(self) -> None:
        held, self.held = self.held or [], None
        for topic, payload, retain in held:
            self.publish(topic, payload, retain=retain)

    def go_dark(self) -> None:
        self.dark, self.lab.dark_since_ms = True, self.lab.now_ms


class Lab:
    """One swarm on a clock of its own; device 0 is the one that is asked about."""

    def __init__(
        self, day: str | scenario.Scenario = QUIET, *, devices: int = 1, seed: int = 1, obliging: bool = False
    ) -> None:
        """`obliging`: a perfect server, which covers with a watermark each second whatever arrived."""
        self.truth = truth.Memory()
        self._ticks = 0
        self.strict = True  # whatever arrives must decode
        self.refused: list[Sent] = []
        world = World(
            machines(devices),
            scenario.parse(f'title = "lab"\n{day}') if isinstance(day, str) else day,
            seed=seed,
            first_boot=FIRST_BOOT,
            truth=self.truth,
        )
        self.swarm = Swarm(world, Broker("nowhere", 0), seed=seed, dial=self._dial, clock=self._clock)
        self.control = Control(self.swarm, None, lambda text: None)  # type: ignore[arg-type]  # never quits
        self.body, self.link = world.bodies[0], self.swarm.connections[0]
        self.accepting, self.obliging = True, obliging
        self.wires: list[Wire] = []
        self.sent: list[Sent] = []
        self.subscriptions: list[list[tuple[bytes, int]]] = []
        self.dark_since_ms = 0
        self.stored: dict[int, set[int]] = {}
        self.swarm.start_clock()
        world.plant.epoch_ms = SERVER_MS
        for connection in self.swarm.connections.values():
            connection.begin(0.0)

    # --- time ---

    @property
    def now_ms(self) -> int:
        return self.swarm.world.now_ms

    def _clock(self) -> float:
        return self._ticks / 10 + 1e-6

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * 10)):
            self._ticks += 1
            self.swarm.catch_up()
            if self.obliging and self.now_ms % 1000 == 0:
                for boot in list(self.stored):
                    self.watermark(boot, self.contiguous(boot))

    def come_back(self) -> None:
        """The broker takes connections again; wait until the device is born."""
        self.accepting = True
        for _ in range(700):
            if self.link.born:
                return
            self.run(0.1)
        raise AssertionError("the device did not come back within 70 s")

    # --- the broker ---

    def _dial(self, connection: Connection) -> Wire:
        wire = Wire(self, connection, connection.body.conn)
        self.wires.append(wire)
        self.swarm.at(self.now_ms + 1, lambda now_ms: self._answer(wire))
        return wire

    def _answer(self, wire: Wire) -> None:
        if self.accepting:
            wire.up = True
            wire.connection.connected(wire)
        else:
            wire.over = "refused"
            wire.connection.lost(wire, "connection refused")

    def take(self, sent: Sent) -> None:
        """A message arrives.  The server passes over one that does not decode, if its seq can be read."""
        try:
            self._decode(sent)
            self.sent.append(sent)
        except WireError:
            if self.strict:
                raise
            self.refused.append(sent)
            named = codec.peek(sent.payload)
            if named is not None:
                self.stored.setdefault(named[0], set()).add(named[1])

    def _decode(self, sent: Sent) -> None:
        if sent.kind in ("telemetry", "event"):
            message: Any = codec.decode(sent.kind, sent.payload)  # type: ignore[arg-type]  # one of the kinds
            self.stored.setdefault(message.boot, set()).add(message.seq)
            if sent.kind == "event" and message.kind == "dropped":
                for first, last in message.data["ranges"]:
                    self.stored.setdefault(message.data["boot"], set()).update(range(first, last + 1))
        else:
            codec.decode(sent.kind, sent.payload)  # type: ignore[arg-type]

    def break_line(self) -> None:
        """The broker closes the connection."""
        wire = self.wires[-1]
        wire.over = "broken"
        wire.connection.lost(wire, "closed by the broker")

    # --- the server ---

    def contiguous(self, boot: int) -> int:
        seqs, seq = self.stored.get(boot, set()), 0
        while seq + 1 in seqs:
            seq += 1
        return seq

    def say(self, kind: str, fields: dict[str, Any] | bytes, *, retain: bool = False) -> None:
        topic = "ems/v1/_server/status" if kind == "_server" else f"ems/v1/{self.body.serial}/{kind}"
        payload = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
        self.link.message(self.wires[-1], topic.encode(), payload, retain)

    def watermark(
        self,
        boot: int,
        seq: int,
        *,
        missing: list[list[int]] | None = None,
        window: int = 100,
        age_ms: int = 0,
    ) -> None:
        self.stored.setdefault(boot, set()).update(range(1, seq + 1))
        up_ms = max(self.body.up_ms(self.now_ms) - age_ms, 0) if boot == self.body.boot else None
        self.say(
            "watermark",
            {"v": 1, "boot": boot, "seq": seq, "missing": missing or [], "window": window,
             "t": SERVER_MS + self.now_ms, "up_ms": up_ms},
        )  # fmt: skip

    def server(self, state: str) -> None:
        self.say(
            "_server", {"v": 1, "state": state, "server": "s", "t": SERVER_MS + self.now_ms}, retain=True
        )

    def command(
        self, verb: str, args: dict[str, Any] | None = None, *, id: str | None = None, age_ms: int = 0,
        ttl_ms: int = 10_000, retain: bool = False,
    ) -> dict[str, Any] | None:  # fmt: skip
        """Send a command; return its ack, if one came at once."""
        before = len(self.acks())
        id = id or str(uuid.uuid4())
        issued = SERVER_MS + self.now_ms - age_ms
        fields = {"v": 1, "id": id, "verb": verb, "args": args or {}, "issued": issued, "ttl_ms": ttl_ms}
        self.say("command", fields, retain=retain)
        acks = self.acks()[before:]
        return acks[0] if acks else None

    # --- what came ---

    def of(self, kind: str, *, conn: int | None = None) -> list[dict[str, Any]]:
        return [sent.json() for sent in self.sent if sent.kind == kind and conn in (None, sent.conn)]

    def acks(self) -> list[dict[str, Any]]:
        return self.of("ack")

    def status(self) -> dict[str, Any]:
        return self.of("status")[-1]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.of("event") if event["kind"] == kind]

    def records(self, *, late: bool | None = None) -> list[tuple[int, int]]:
        found = [
            message for sent in self.sent if sent.kind in ("telemetry", "event") for message in [sent.json()]
        ]
        return [(m["boot"], m["seq"]) for m in found if late in (None, m["late"])]

    def told(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.truth.lines if line["what"] == what]

    # --- what people do ---

    def start_session(self, set_ma: list[float] | None = None) -> None:
        self.ask({"session": "start", "serial": self.body.serial, "set_ma": set_ma or [30.0, 30.0]})

    def strike(self, fault: str, for_s: float | None = None, **args: Any) -> None:
        self.ask({"fault": fault, "serial": self.body.serial, "for_s": for_s, "args": args})

    def clear(self, fault: str) -> None:
        self.ask({"clear": fault, "serial": self.body.serial})

    def ask(self, wish: dict[str, Any]) -> dict[str, Any]:
        answer = self.control.obey(json.dumps(wish))
        assert answer["ok"], answer
        return answer


def connected(day: str = QUIET, **options: Any) -> Lab:
    """A lab whose device is born, and has its first watermark."""
    lab = Lab(day, **options)
    lab.run(3)
    lab.watermark(FIRST_BOOT, lab.body.seq)
    return lab
