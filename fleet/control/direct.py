"""Stops past the house: taken with a permit, journalled, published at once, and booked when the database is back.

The way in for a bad day: the web hands on what a page asks (`fleet.control.direct_door`), and nothing here needs
PostgreSQL, Redis or Celery.  There is one thing to ask for, a stop.
"""

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog

from devices.moments import from_ms, to_ms
from devices.wire.words import TTL_MS, Verb
from fleet.control import ids, lifecycle, permits
from fleet.control.heard import Heard
from fleet.control.journal import Entry, Journal, Ordered
from fleet.control.line import Line
from fleet.control.outbox import Outgoing
from fleet.control.roll import Placed, Roll, Sight

log = structlog.get_logger(__name__)

TAKES_S: Final = (
    0.6  # how long the broker has to say that it has a stop; the page waits a second for everything
)
_TTL: Final = timedelta(milliseconds=TTL_MS[Verb.STOP])
_REMEMBERED: Final = 5_000  # commands


class Asked(msgspec.Struct, frozen=True):
    """What a page asks, as JSON.  Neither device nor room: the whole site.

    Attributes:
        pressed_ms: When it came to the web, Unix ms of its clock; None: just now.
    """

    permit: str
    id: UUID
    device: str | None = None
    room: str | None = None
    address: str = ""
    pressed_ms: int | None = None


class Denial(NamedTuple):
    """Somebody whose permit was good once; `asked` the last time of so many."""

    permit: permits.Permit
    asked: Asked
    attempts: int


class Part(msgspec.Struct, frozen=True):
    """What became of it at one device, as far as it is known now."""

    id: UUID
    device: str
    sent: bool
    """Whether the broker has it."""


class Answer(msgspec.Struct, frozen=True):
    id: UUID
    asked: int
    sent: int
    commands: tuple[Part, ...]


class Refused(Exception):
    """It is not taken.  `status` is HTTP's; `why` is a word for whoever finds words for the page."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class DirectPath:
    """Takes stops, from any thread.

    Args:
        journal: Where they are written down first.
        line: A connection to the broker of its own: the dispatcher's stops reading while its database is away.
    """

    def __init__(self, journal: Journal, line: Line, heard: Heard) -> None:
        self.journal = journal
        self._line, self._heard = line, heard
        self._known: tuple[Roll | None, Sight] = (None, Sight())
        self._places: dict[str, Placed] = {}
        self._answered = threading.Condition()
        self._lock = threading.Lock()
        self._denials: dict[tuple[int, int], Denial] = {}
        self._flying: dict[UUID, int] = {}
        """Published and not yet answered by the broker: command → connection."""
        self._sent: dict[UUID, None] = {}
        """What the broker took lately: the journal forgets it once it is booked, also while a page waits for this."""

    def learn(self, roll: Roll | None, sight: Sight) -> None:
        """Use this copy from now on."""
        places = {} if roll is None else {one.serial: one for one in roll.devices}
        self._known, self._places = (roll, sight), places

    @property
    def is_ready(self) -> bool:
        """Whether a stop would be taken and could reach the broker."""
        return self._known[0] is not None and self._line.is_up

    def take(self, asked: Asked, now: datetime) -> Answer:
        """Stop what is asked for; return what the broker has of it after at most `TAKES_S`.

        The same id again is the same stop: what the broker does not have yet is published again.

        Raises:
            Refused: 401 no permit (any more), 404 no such device or room there, 409 another stop has this id,
                422 a room without a name, 503 it is not known which devices there are, or the press is over since long.
        """
        try:
            permit = permits.read(asked.permit, now)
        except permits.NoPermit as error:
            raise Refused(401, "permit") from error
        if asked.room == "":
            raise Refused(422, "body")  # a room that was forgotten, or the whole site: nobody can tell
        roll, _ = self._known
        if roll is None:
            raise Refused(503, "roll")
        if not roll.allows(permit):
            self._note_denial(permit, asked)
            raise Refused(401, "ended")
        entry = self.journal.get(asked.id)
        if entry is None:
            entry = self._entry(asked, permit, now)
            self._write_down(entry)
        elif _what(entry) != (permit.site_id, permit.user_id, asked.device, asked.room):
            raise Refused(409, "id")
        self._publish(entry, now)
        return self._answer(entry)

    def denials(self) -> list[Denial]:
        """Return who was turned away since this was asked last, each once a site; for the record."""
        with self._lock:
            denials, self._denials = list(self._denials.values()), {}
        return denials

    def _note_denial(self, permit: permits.Permit, asked: Asked) -> None:
        with self._lock:
            who = (permit.user_id, permit.site_id)
            before = self._denials.get(who)
            self._denials[who] = Denial(permit, asked, 1 if before is None else before.attempts + 1)

    def publish_again(self, now: datetime) -> None:
        """Publish what the broker does not have yet, and whose time is not over."""
        for entry in self.journal.waiting():
            if lifecycle.may_publish(_expires_at(entry), now):
                self._publish(entry, now)

    def _entry(self, asked: Asked, permit: permits.Permit, now: datetime) -> Entry:
        pressed_at, devices = _pressed_at(asked, now), self._targets(asked, permit.site_id, now)
        is_one = asked.device is not None
        orders = [
            Ordered(asked.id if is_one else ids.of_stop(asked.id, one.serial), one.id, one.serial)
            for one in devices
        ]
        return Entry(
            id=asked.id,
            device=asked.device,
            room=asked.room,
            site_id=permit.site_id,
            user_id=permit.user_id,
            username=permit.username,
            address=asked.address[:45],
            asked_ms=to_ms(pressed_at),
            orders=tuple(orders),
        )

    def _targets(self, asked: Asked, site_id: int, now: datetime) -> Sequence[Placed]:
        """Return what is to be stopped: of a room or site, every device that is on or may be on."""
        if asked.device is not None:
            one = self._places.get(asked.device)
            if one is None or one.site_id != site_id:
                raise Refused(404, "device")
            return [one]
        there = [
            one for one in self._places.values() if one.site_id == site_id and asked.room in (None, one.room)
        ]
        if asked.room is not None and not there:
            raise Refused(404, "room")
        return [one for one in there if self._may_be_on(one, to_ms(now))]

    def _may_be_on(self, device: Placed, now_ms: int) -> bool:
        """Whether it is on, or may be: what is not known to be off may be on."""
        _, sight = self._known
        if sight.is_fresh(now_ms):
            return device.id in sight.maybe_on or self._heard.is_on(device.serial, now_ms)
        if self._heard.is_off(device.serial, now_ms):
            return False
        return device.was_heard or self._heard.has_spoken(device.serial)

    def _write_down(self, entry: Entry) -> None:
        try:
            self.journal.add(entry)
        except OSError as error:  # a record that cannot be written must not keep a device running
            log.error(
                "a stop is not journalled; it is published all the same", stop=str(entry.id), error=str(error)
            )

    def _publish(self, entry: Entry, now: datetime) -> None:
        if not self._line.is_up or not lifecycle.may_publish(_expires_at(entry), now):
            return
        epoch = self._line.epoch
        for order in entry.orders:
            if not self._is_unsent(order) or self._flying.get(order.id) == epoch:
                continue
            self._flying[order.id] = epoch
            command = Outgoing(
                order.id, order.serial, Verb.STOP.value, "{}", from_ms(entry.asked_ms), _expires_at(entry)
            )
            self._line.publish(
                command.topic,
                command.payload(),
                expiry_s=lifecycle.expiry_s(command.expires_at, now),
                on_answer=partial(self._on_answer, order.id),
            )

    def _on_answer(self, command_id: UUID, taken: bool) -> None:
        """On the line's thread: the broker has it, or would not have it."""
        self._flying.pop(command_id, None)
        if taken:
            self.journal.note_sent(command_id, time.time_ns() // 1_000_000)
        with self._answered:
            if taken:
                self._sent[command_id] = None
                while len(self._sent) > _REMEMBERED:
                    del self._sent[next(iter(self._sent))]
            self._answered.notify_all()

    def _answer(self, entry: Entry) -> Answer:
        """Wait for the broker, but not for long, and say what it has."""
        deadline_s = time.monotonic() + TAKES_S
        with self._answered:
            while self._line.is_up and any(self._is_unsent(order) for order in entry.orders):
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    break
                self._answered.wait(min(left_s, 0.1))
        parts = tuple(Part(order.id, order.serial, not self._is_unsent(order)) for order in entry.orders)
        return Answer(entry.id, len(parts), sum(part.sent for part in parts), parts)

    def _is_unsent(self, order: Ordered) -> bool:
        return order.id not in self._sent and self.journal.sent_ms(order.id) is None


def _what(entry: Entry) -> tuple[Any, ...]:
    return entry.site_id, entry.user_id, entry.device, entry.room


def _pressed_at(asked: Asked, now: datetime) -> datetime:
    """Return since when its time runs.  Raises Refused, if that is over: nothing goes out so late."""
    at = now if asked.pressed_ms is None else min(now, from_ms(asked.pressed_ms))
    if not lifecycle.may_publish(at + _TTL, now):
        raise Refused(503, "away")
    return at


def _expires_at(entry: Entry) -> datetime:
    return from_ms(entry.asked_ms) + _TTL
