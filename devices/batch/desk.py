"""What one batch is worked out on, and what comes of it.  Pure."""

from dataclasses import dataclass, field
from typing import NamedTuple

from devices.batch.books import Book
from devices.batch.rollup import Rollup
from devices.state import LiveState
from devices.wire.data import Data, SessionEnded, SessionStarted
from devices.wire.messages import Ack, Event, Status, Telemetry, Will


class Heard(NamedTuple):
    """One well-formed message of a known device."""

    device_id: int
    message: Status | Will | Telemetry | Event | Ack
    body: bytes
    arrival_ms: int
    retained: bool


class Refused(NamedTuple):
    """One message that was rejected, and why."""

    serial: str  # "" if the topic names none that is known
    device_id: int | None
    topic: str
    reason: str
    detail: str
    excerpt: bytes
    at_ms: int


class TelemetryRow(NamedTuple):
    device_id: int
    boot: int
    seq: int
    up_ms: int
    placed_ms: int
    placed_by: str
    late: bool
    disputed: bool
    session: str
    body: bytes


class EventRow(NamedTuple):
    device_id: int
    boot: int
    seq: int
    up_ms: int
    kind: str
    session: str | None
    channel: int | None
    placed_ms: int
    placed_by: str
    late: bool
    disputed: bool
    body: bytes


class ChangeRow(NamedTuple):
    device_id: int
    rev: int
    placed_ms: int
    boot: int | None
    conn: int | None
    up_ms: int | None
    link: str
    state: str | None
    output: str | None
    session: str | None
    why: str
    body: bytes | None


class SessionFact(NamedTuple):
    """A session began or ended, as an event told it."""

    device_id: int
    session: str
    boot: int
    up_ms: int
    at_ms: int
    data: SessionStarted | SessionEnded
    disputed: bool


class Told(NamedTuple):
    """A full status; `is_live`: it is a sign of life, and neither a retained copy nor one that waited."""

    device_id: int
    status: Status
    placed_ms: int
    is_live: bool


class Happened(NamedTuple):
    """An event with its data read, placed at the time it is true of."""

    device_id: int
    event: Event
    data: Data
    true_ms: int
    late: bool
    disputed: bool


class Repeat(NamedTuple):
    """A record whose number is already stored: the same one again, or another under its name."""

    device_id: int
    boot: int
    seq: int
    up_ms: int
    kind: str
    body: bytes
    at_ms: int


@dataclass(slots=True)
class Desk:
    """What is known of the devices of a batch.  A failed batch throws what it touched away; it is read anew.

    `states` holds a fresh copy of each state touched, so that nothing announced ever changes.
    """

    states: dict[int, LiveState] = field(default_factory=dict)
    books: dict[int, dict[int, Book]] = field(default_factory=dict)
    rollup: Rollup = field(default_factory=Rollup)


@dataclass(slots=True)
class Facts:
    """What a batch adds to the database."""

    telemetry: list[TelemetryRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    changes: list[ChangeRow] = field(default_factory=list)
    sessions: list[SessionFact] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    states: dict[int, tuple[LiveState, LiveState]] = field(default_factory=dict)
    """device → (as it was, as it is now)."""
    books: dict[tuple[int, int], Book] = field(default_factory=dict)
    births: list[tuple[int, Status]] = field(default_factory=list)
    sums: list[tuple[int, Telemetry, int, bool]] = field(default_factory=list)
    """(device, telemetry, placed ms, disputed) to be rolled up once the batch is committed."""
    prompt: int = 0
    tardy: int = 0
    """Messages that came as live ones, and how many of them had waited too long: the sign of a backlog."""
    statuses: list[Told] = field(default_factory=list)
    """Every full status that was taken in, in the order they came."""
    happened: list[Happened] = field(default_factory=list)
    """Every new event, beside its row in `events`."""
    skewed: list[tuple[int, int, int]] = field(default_factory=list)
    """(device, boot, skew_ms) of each boot whose clock was first seen to be far off."""
