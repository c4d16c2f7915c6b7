"""A desk with devices on it and no database: messages in, facts out."""

from collections.abc import Iterable
from typing import Any

from devices.batch.books import Book
from devices.batch.desk import Desk, Facts, Heard
from devices.batch.settle import Settler
from devices.state import LiveState
from devices.wire import codec
from devices.wire.messages import Event, Status, Telemetry, Will
from devices.wire.words import EventKind
from tests.devices import history

DEVICE = 1
T0 = 1_763_788_000_000
"""When boot 7 began, in server time, where a test does not say otherwise."""


def heard(
    message: Telemetry | Status | Event | Will, at_ms: int, *, device: int = DEVICE, retained: bool = False
) -> Heard:
    return Heard(device, message, codec.encode(message), at_ms, retained)


def telemetry(seq: int, **other: Any) -> Telemetry:
    return history.telemetry(seq, **other)


def status(**other: Any) -> Status:
    return history.status(**other)


def event(seq: int, kind: str, **other: Any) -> Event:
    fields: dict[str, Any] = {
        "boot": 7,
        "up_ms": 1000 * seq,
        "t": T0 + 1000 * seq,
        "session": history.SESSION,
    }
    return Event(seq=seq, kind=EventKind(kind), **(fields | other))


class Worktop:
    """Settles batches one after the other, and gathers what comes of them."""

    def __init__(self, *devices: int) -> None:
        self.desk = Desk()
        self.all = Facts()
        for device in devices or (DEVICE,):
            self.desk.states[device] = LiveState(device)
            self.desk.books[device] = {}

    @property
    def live(self) -> LiveState:
        return self.desk.states[DEVICE]

    def book(self, boot: int = 7) -> Book:
        return self.desk.books[DEVICE][boot]

    def settle(self, *batch: Heard) -> Facts:
        """One batch, as if it were committed; returns what came of it alone."""
        facts = Settler(self.desk).settle(list(batch))
        for name in ("telemetry", "events", "changes", "sessions", "refused", "repeats", "sums", "skewed"):
            getattr(self.all, name).extend(getattr(facts, name))
        for device, message, placed_ms, disputed in facts.sums:
            self.desk.rollup.add(device, message, placed_ms, disputed=disputed)
        return facts

    def settle_each(self, batch: Iterable[Heard]) -> None:
        for one in batch:
            self.settle(one)
