"""The firmware of one simulated stimulator: states, records, conditions.  Pure: the caller gives the time.

A body writes into its row of the `Plant`, gives records to its buffer and its uplink, and tells the truth.
What happens in a session is in `treatment`, what a command does in `commands`.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from devices.simulator.buffer import Buffer, Record
from devices.simulator.fleetfile import Machine
from devices.simulator.plant import Plant
from devices.simulator.session import Protocol as TrainingProtocol
from devices.simulator.session import Stretch
from devices.simulator.truth import Sink

REMEMBERED: Final = 64  # command ids that are never carried out twice
VERBS: Final = (
    "stop",
    "pause",
    "lower",
    "identify",
    "lock",
    "unlock",
    "apply_protocol",
    "withdraw",
    "rebirth",
)
encode = msgspec.json.Encoder().encode


class Uplink(Protocol):
    """How a body reaches the world outside."""

    def record(self, record: Record, now_ms: int) -> None:
        """Send a new record, if this is possible."""

    def changed(self) -> None:
        """Something that `status` tells has changed."""

    def ack(self, message: dict[str, Any]) -> None:
        """Send an answer to a command."""


class NoUplink:
    """A device without a network."""

    def record(self, record: Record, now_ms: int) -> None:
        """It stays in the buffer."""

    def changed(self) -> None:
        """Nobody is told."""

    def ack(self, message: dict[str, Any]) -> None:
        """Nobody is told."""


@dataclass(slots=True)
class Clock:
    """The wall clock of a device: right, plus what is wrong with it."""

    error_ms: float = 0.0
    drift_ppm: float = 0.0
    since_ms: int = 0

    def error_at(self, now_ms: int) -> float:
        """How far it is ahead, ms."""
        return self.error_ms + (now_ms - self.since_ms) * self.drift_ppm / 1e6

    def change(self, now_ms: int, *, error_ms: float | None = None, drift_ppm: float = 0.0) -> None:
        """Set the clock (None: as it stands) and how it goes on."""
        self.error_ms = self.error_at(now_ms) if error_ms is None else error_ms
        self.since_ms, self.drift_ppm = now_ms, drift_ppm


@dataclass(slots=True)
class Session:
    """One treatment, from a hand that starts it to its end."""

    id: str
    protocol: TrainingProtocol
    subject: str | None
    stretches: Any  # iterator of Stretch
    planned_ms: int | None  # None: no end
    stretch: Stretch
    started_ms: int
    running_since_ms: int | None = None
    ran_ms: int = 0  # before `running_since_ms`
    told_ms: int = 0  # when the last telemetry was made
    contractions: int = 0
    lifted: int = 0  # times it was paused for an electrode
    paused_by: str = ""
    turned: dict[int, tuple[float, int]] = field(default_factory=dict)  # row's channel: (from mA, since ms)

    def elapsed_ms(self, now_ms: int) -> int:
        """Running time, pauses excluded."""
        return self.ran_ms + (0 if self.running_since_ms is None else now_ms - self.running_since_ms)

    def over(self, now_ms: int) -> bool:
        """Whether its time has run out."""
        return self.planned_ms is not None and self.elapsed_ms(now_ms) >= self.planned_ms


@dataclass(slots=True)
class Held:
    """A protocol that waits for the end of a session."""

    id: str
    protocol: TrainingProtocol
    until_ms: int  # simulation time


@dataclass(slots=True)
class Whims:
    """Faults of what a device does with a protocol that it is offered outside a session."""

    refuses: str | None = None  # for this reason, and never takes one over
    swallows: bool = False  # says `received`, and nothing ever after
    wrong: str | None = None  # says `done`, and has something else: `garbled`, or what it had: `old`
    holds: str | None = None  # as if it waited for this: `charging`, `user`


@dataclass(frozen=True, slots=True)
class Told:
    """What a status says of the treatment."""

    state: str
    output: str
    session: str | None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A session that ended without the firmware being able to say so."""

    session: str
    boot: int
    up_ms: int
    data: dict[str, Any]


class Body:
    """One device."""

    def __init__(
        self,
        machine: Machine,
        row: int,
        plant: Plant,
        truth: Sink,
        *,
        first_boot: int,
        capacity: int,
        seed: str,
    ) -> None:
        """`row` is the device's place in the plant; `first_boot` the number of its first start."""
        self.machine, self.row, self.plant, self.truth = machine, row, plant, truth
        self.serial, self.make = machine.serial, machine.make
        self.channels = min(machine.make.channels, plant.shape[1])
        self.rng = random.Random(seed)
        self.buffer = Buffer(capacity)
        self.uplink: Uplink = NoUplink()
        self.clock = Clock()
        self.every = 1  # ticks between samples
        self.boot, self.boot_at_ms, self.conn, self.seq = first_boot - 1, 0, 0, 0
        self.powered = self.hung = self.plugged = self.seated = False
        self.state, self.output = "offline", "off"
        self.session: Session | None = None
        self.sessions = 0  # begun since the simulation did
        self.conditions: dict[str, None] = {}
        self.protocol: TrainingProtocol | None = None
        self.held: Held | None = None
        self.locked: str | None = None
        self.memory: OrderedDict[str, str] = OrderedDict()  # command id: how it went
        self.refuses: str | None = None  # a fault: refuse every command for this reason
        self.times = 1  # a fault: carry out each command so often
        self.keeps_output: str | None = None  # a fault: obey in words only, and `admits` or `denies` it
        self.whims = Whims()
        self.pretends: Told | None = None  # what such a device says in place of the truth
        self.interrupted: Interrupted | None = None
        self.spoil_next = 0  # a fault: so many records are made malformed
        self.identify_until_ms = 0

    # --- time ---

    def up_ms(self, now_ms: int) -> int:
        """Monotonic time since boot."""
        return now_ms - self.boot_at_ms

    def t(self, now_ms: int, wall_ms: int) -> int:
        """What the device's own wall clock shows."""
        return round(wall_ms + self.clock.error_at(now_ms))

    def told(self) -> Told:
        """State, output and session as the device tells them: the truth, but for a device that denies it."""
        session = self.session.id if self.session else None
        return self.pretends or Told(self.state, self.output, session)

    def waits_for(self) -> str | None:
        """Why a protocol that it has received is not applied yet; None without one."""
        if self.held is None:
            return None
        return "session" if self.session else self.whims.holds or "session"

    def in_session(self) -> Session:
        """The open session, where there must be one."""
        if self.session is None:
            raise RuntimeError(f"{self.serial} has no session")
        return self.session

    # --- power ---

    def power_on(self, now_ms: int, *, reason: str = "power_on") -> None:
        """Start: a new boot, whose first record says why; then what a power loss cut off is told."""
        self.boot += 1
        self.boot_at_ms, self.conn, self.seq = now_ms, 0, 0
        self.powered, self.hung, self.output = True, False, "off"
        self.plant.powered[self.row] = True
        self.buffer.open(self.boot, now_ms)
        self.truth.tell(now_ms, self.serial, "power", on=True, boot=self.boot)
        self.event(now_ms, "boot", {"reason": reason, "firmware": self.make.firmware})
        cut, self.interrupted = self.interrupted, None
        if cut is not None:
            data = {**cut.data, "of": {"boot": cut.boot, "up_ms": cut.up_ms}}
            self.event(now_ms, "session_ended", data, session=cut.session)
        self.settle(now_ms)

    def power_off(self, now_ms: int) -> None:
        """Lose power: no word, no current."""
        self.powered = self.seated = False
        self.plant.powered[self.row] = False
        self.plant.live[self.row] = self.plant.running[self.row] = self.plant.paused[self.row] = False
        self.plant.silence(self.row)
        self.session = self.pretends = None
        self.held = None
        self.state, self.output = "offline", "off"
        self.truth.tell(now_ms, self.serial, "power", on=False, boot=self.boot)
        self._tell_output(now_ms)

    # --- state ---

    def settle(self, now_ms: int) -> None:
        """Take the state that fits outside a session."""
        if self.session is None:
            broken = any(
                name in ("estop", "overtemp") or name.startswith("fault:") for name in self.conditions
            )
            self.become(
                now_ms,
                "fault" if broken else "charging" if self.plugged else "ready" if self.seated else "idle",
                "off",
            )

    def become(self, now_ms: int, state: str, output: str) -> None:
        """Change state and output, and see that it is told."""
        if output == "off":
            self.pretends = None  # it is true now
        if (state, output) != (self.state, self.output):
            self.state, self.output = state, output
            self._tell_output(now_ms)
            self.uplink.changed()

    def _tell_output(self, now_ms: int) -> None:
        session = self.session.id if self.session else None
        self.truth.tell(
            now_ms, self.serial, "output", boot=self.boot, up_ms=self.up_ms(now_ms), state=self.state,
            output=self.output, session=session,
        )  # fmt: skip

    def condition(self, name: str, *, holds: bool) -> bool:
        """Note that a condition holds, or no longer does; return whether that is new."""
        if holds == (name in self.conditions):
            return False
        if holds:
            self.conditions[name] = None
        else:
            del self.conditions[name]
        self.uplink.changed()
        return True

    # --- what it says ---

    def event(
        self,
        now_ms: int,
        kind: str,
        data: dict[str, Any],
        *,
        channel: int | None = None,
        session: str | None = None,
    ) -> None:
        """Make an event record; `channel` from 1."""
        if session is None and self.session is not None:
            session = self.session.id
        self._record(
            now_ms, "event", {"session": session, "kind": kind, "channel": channel, "data": data}, {}, kind
        )

    def telemetry(self, at_ms: int, fields: dict[str, Any], ma: list[float]) -> None:
        """Make a telemetry record; `ma` is the true peak of each channel within its samples."""
        self._record(at_ms, "telemetry", fields, {"session": fields["session"], "ma": ma}, "telemetry")

    def _record(
        self, at_ms: int, topic: str, fields: dict[str, Any], true: dict[str, Any], kind: str
    ) -> None:
        self.seq += 1
        up_ms = self.up_ms(at_ms)
        if self.spoil_next:
            self.spoil_next -= 1
            true, fields = {**true, "spoiled": True}, {**fields, "session": "not a token"}
        head = {
            "v": 1,
            "boot": self.boot,
            "seq": self.seq,
            "up_ms": up_ms,
            "t": self.t(at_ms, self.wall_ms(at_ms)),
        }
        record = Record(self.boot, self.seq, topic, encode({**head, "late": False, **fields}))
        self.truth.tell(
            at_ms, self.serial, "record", boot=self.boot, seq=self.seq, up_ms=up_ms, kind=kind, **true
        )
        gone = self.buffer.add(record, at_ms)
        if gone is not None:
            self.truth.tell(at_ms, self.serial, "dropped", boot=gone[0], seq=gone[1])
            if gone[0] != self.boot:
                self.uplink.changed()
        self.uplink.record(record, at_ms)

    def answer(self, now_ms: int, command_id: str, outcome: str, reason: str | None) -> None:
        """Acknowledge a command, and remember how it went."""
        if outcome != "repeat":
            self.remember(command_id, outcome)
        self.uplink.ack(
            {
                "v": 1, "id": command_id, "boot": self.boot, "up_ms": self.up_ms(now_ms), "outcome": outcome,
                "reason": reason, "output": self.told().output,
            }
        )  # fmt: skip

    def wall_ms(self, now_ms: int) -> int:
        """The right Unix time."""
        return self.plant.epoch_ms + now_ms

    def declare_dropped(self, now_ms: int) -> None:
        """Say what a full buffer cost, before anything is sent again."""
        for data in self.buffer.declare():
            self.event(now_ms, "dropped", data)

    def status(self, now_ms: int, *, state: str | None = None) -> bytes:
        """Return birth, heartbeat or (with state `offline`) goodbye."""
        plant, row, told = self.plant, self.row, self.told()
        return encode(
            {
                "v": 1, "state": state or told.state, "boot": self.boot, "conn": self.conn,
                "up_ms": self.up_ms(now_ms), "t": self.t(now_ms, self.wall_ms(now_ms)), "output": told.output,
                "model": self.make.name, "firmware": self.make.firmware, "channels": self.channels,
                "max_ma": self.make.max_ma,
                "electrode_cm2": plant.electrodes.area_cm2[row, : self.channels].tolist(),
                "self_stop_ms": self.make.self_stop_ms, "protocol": self.protocol and self.protocol.ref(),
                "session": told.session, "held": self.waits_for(),
                "locked": self.locked, "conditions": list(self.conditions),
                "battery": {
                    "soc": round(float(plant.batteries.soc[row]), 1), "mv": int(plant.mv[row]),
                    "charging": bool(plant.charging[row]),
                },
                "temp_c": round(float(plant.temp_c[row]), 1),
                "rssi_dbm": -50 - (self.row * 7 + now_ms // 60_000) % 25,
                "buffered": self.buffer.buffered(self.boot), "seq": self.seq, "can": VERBS,
            }
        )  # fmt: skip

    def will(self) -> bytes:
        """Return what the broker says when this connection breaks."""
        return encode({"v": 1, "state": "offline", "boot": self.boot, "conn": self.conn})

    def remember(self, command_id: str, outcome: str) -> None:
        """Keep how a command went; the 64 newest survive a power loss."""
        self.memory[command_id] = outcome
        while len(self.memory) > REMEMBERED:
            self.memory.popitem(last=False)
