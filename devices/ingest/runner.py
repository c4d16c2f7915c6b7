"""The ingest process: drain, decode, handle, commit, and only then acknowledge.

One thread works here; the link and the announcer have their own.  What a batch does to the house is handed in as
`take_in`, so that this module knows devices and no decisions.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from devices.batch.desk import Desk, Facts, Refused
from devices.batch.rollup import Rollup
from devices.ingest.figures import Logbook
from devices.ingest.inbox import Inbox
from devices.ingest.reader import Reader, Reading
from devices.ingest.watermarks import Watermarks
from devices.models import UnknownRecord
from devices.mqtt.client import Message
from devices.mqtt.link import Link
from devices.state import LiveState, from_ms, to_ms
from devices.store import desks, partitions, pulses, rollups, states, unknown
from devices.store.directory import Directory
from devices.wire import codec

log = structlog.get_logger(__name__)

MOST = 2000  # messages a batch
GATHER_S = 0.04
GATHER_BUSY_S = 0.1  # larger batches cost less a message; a busy fleet gets them
_BUSY = 300
_GRACE_MS = (
    15_000  # no device moves towards offline this long after we were away, behind, or without the broker
)
_BEHIND_MS = 2_000
_ROLLUP_MOST = 20_000


class Taken(Protocol):
    """What `take_in` answers."""

    facts: Facts
    refused: list[Refused]


class Voice(Protocol):
    """Who tells the browsers."""

    def devices(self, lives: Any) -> None: ...
    def forget(self, device_ids: Any) -> None: ...
    def traces(self, rows: Any, received_ms: int) -> None: ...


TakeIn = Callable[[Desk, Reading, datetime], Taken]


@dataclass(frozen=True)
class Pace:
    """How often time's work is done, s."""

    tick_s: float = 0.2
    pulse_s: float = 1.0
    rollup_s: float = 10.0
    claims_s: float = 2.0
    directory_s: float = 5.0
    partitions_s: float = 3600.0


class Ingest:
    """One ingest process.  `run` returns when `stop` is set and the work in hand is done."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        directory: Directory,
        take_in: TakeIn,
        voice: Voice,
        on_pulse: Callable[[datetime, dict[str, Any]], None],
        watermarks: Watermarks,
        pace: Pace | None = None,
        logbook: Logbook | None = None,
    ) -> None:
        self.inbox, self.directory = inbox, directory
        self.take_in, self.voice, self.on_pulse = take_in, voice, on_pulse
        self.pace = pace or Pace()
        self.logbook = logbook or Logbook()
        self.desk = Desk()
        self.reader = Reader(directory.device_of, directory.is_account)
        self.watermarks = watermarks
        self.counters: Counter[str] = Counter()
        self.rejects: Counter[str] = Counter()
        self.silence_counts_from_ms = 0
        self._last_ms = 0
        self._busy = self._was_up = False
        self._lag_ms = 0
        self._due: dict[str, float] = {}
        self._locked: Any = None  # the database connection that holds the lock

    # --- life ---

    def run(self, link: Link, stop: threading.Event) -> None:
        self._open(stop)
        self.hold_silence()
        link.start()
        epoch = 0
        while not stop.is_set():
            if link.epoch != epoch:
                epoch = link.epoch
                self.hold_silence()
            was_full = self.inbox.is_full()
            batch, passed = self.inbox.take(MOST, 0.1, GATHER_BUSY_S if self._busy else GATHER_S)
            if was_full and not self.inbox.is_full():
                link.wake()
            link.acknowledge(passed)
            self._busy = len(batch) >= _BUSY
            self.logbook.begin(batch, sum(self.inbox.depth()))
            try:
                self._require_lock()
                if batch:
                    self._store(batch)
                    self._note_lag(batch)
                    link.acknowledge(batch)
                    self.logbook.lap("acknowledge")
                    batch = []  # whatever fails now, it is not taken in again
                self._tick(link)
                self.logbook.lap("time")
            except (OperationalError, InterfaceError) as error:
                log.error("database gone: nothing is acknowledged until it is back", error=str(error).strip())
                self.inbox.give_back(batch)
                self._open(stop)
                self.hold_silence()
                self.logbook.lap("database_away")
            self.logbook.end()
        self._close()

    def _open(self, stop: threading.Event) -> None:
        """Get the database and the lock of the one ingest; read anew what a former life left unfinished."""
        waited = False
        while not stop.is_set():
            try:
                connection.close()
                connection.ensure_connection()
                if pulses.lock_ingest():
                    self._recover()
                    self._locked = connection.connection
                    self._due.pop("pulse", None)  # from when on silence counts is news
                    if waited:
                        log.info("database back")
                    return
                log.warning("another ingest holds the lock of this database; waiting for it to end")
            except (DatabaseError, InterfaceError) as error:
                log.warning("database not reached", error=str(error).strip())
            waited = True
            stop.wait(0.5)

    def _require_lock(self) -> None:
        """Django opens a new connection in silence where one was cut; the lock went with the old one."""
        if connection.connection is not self._locked:
            raise InterfaceError("the connection that held the lock is closed")

    def _recover(self) -> None:
        self.desk = Desk()
        self.watermarks.forget(_Everything())
        self._look_up_anew()
        partitions.make_ahead(self._now())
        for device_id, message, placed_at, disputed in rollups.unfinished():
            self.desk.rollup.add(device_id, message, to_ms(placed_at), disputed=disputed)
        self._roll_up()

    def _close(self) -> None:
        try:
            self._require_lock()
            self._roll_up()
        except (OperationalError, InterfaceError):
            log.warning("stopped without the database; the roll-ups are mended at the next start")

    def _look_up_anew(self) -> None:
        self.directory.refresh()
        self.reader.forget()

    def hold_silence(self) -> None:
        """We were away or behind: for a while, silence says nothing about a device."""
        self.silence_counts_from_ms = max(self.silence_counts_from_ms, _wall_ms() + _GRACE_MS)

    # --- a batch ---

    def _store(self, batch: Sequence[Message]) -> None:
        """Store a batch; one that cannot be stored is halved until the culprit is alone, and that one is refused."""
        reading = self.reader.read(batch)
        self.logbook.lap("decode")
        try:
            self._settle(reading)
            self.counters["messages"] += len(batch)
        except (OperationalError, InterfaceError):
            raise
        except states.Raced:
            self._clear(reading)
            self.counters["races"] += 1
            self._store(batch)
        except Exception as error:
            self._clear(reading)
            self._store_apart(batch, error)

    def _store_apart(self, batch: Sequence[Message], error: Exception) -> None:
        if len(batch) > 1:
            log.exception("batch not stored; halving it", messages=len(batch))
            middle = len(batch) // 2
            self._store(batch[:middle])
            self._store(batch[middle:])
        else:
            log.exception("message not stored; refusing it", topic=batch[0].topic.decode(errors="replace"))
            self._settle(_unstorable(batch[0], self.reader.read(batch), error))
            self.counters["messages"] += 1
            self._look_up_anew()  # its device may have been removed

    def _note_lag(self, batch: Sequence[Message]) -> None:
        self._lag_ms = _wall_ms() - batch[0].arrival_ms
        if self._lag_ms > _BEHIND_MS:
            self.hold_silence()

    def _settle(self, reading: Reading) -> None:
        now = self._now()
        taken = self.take_in(self.desk, reading, now)
        facts = taken.facts
        add = self.desk.rollup.add
        for device_id, message, placed_ms, disputed in facts.sums:
            add(device_id, message, placed_ms, disputed=disputed)
        self.watermarks.touch(facts.books.values(), _wall_ms())
        self.voice.devices([new for _old, new in facts.states.values()])
        self.voice.traces(facts.telemetry, to_ms(now))
        if facts.tardy * 2 > facts.prompt >= 5:
            self.hold_silence()  # most of what came had waited: the backlog of an outage
        self.counters["records"] += len(facts.telemetry) + len(facts.events)
        self.counters["late_records"] += sum(row.late for row in facts.telemetry)
        self.counters["repeats"] += len(facts.repeats)
        self.counters["births"] += len(facts.births)
        self.counters["skewed_boots"] += len(facts.skewed)
        for one in taken.refused:
            self.rejects[one.reason] += 1
        self.logbook.lap("announce")

    def _clear(self, reading: Reading) -> None:
        devices = {one.device_id for one in reading.heard} | {one[0] for one in reading.numbered}
        desks.clear(self.desk, devices)
        self.watermarks.forget(devices)
        self.voice.forget(devices)

    def _now(self) -> datetime:
        """Return the time of this batch: later than any before, since roll-ups go by it."""
        self._last_ms = max(_wall_ms(), self._last_ms + 1)
        return from_ms(self._last_ms)

    # --- time's work ---

    def _tick(self, link: Link) -> None:
        if self._is_due("tick", self.pace.tick_s):
            self._tell_watermarks(link)
            self._watch_broker(link)
        if self._is_due("pulse", self.pace.pulse_s):
            self._pulse(link)
        if self._is_due("rollup", self.pace.rollup_s) or len(self.desk.rollup.minutes) > _ROLLUP_MOST:
            self._roll_up()
        if self._is_due("claims", self.pace.claims_s):
            self._take_claimed()
        if self._is_due("directory", self.pace.directory_s):
            self._look_up_anew()  # a device that was moved is announced to its new site, not to its old one
        if self._is_due("partitions", self.pace.partitions_s):
            partitions.make_ahead(self._now())

    def _watch_broker(self, link: Link) -> None:
        """The moment the broker is gone, the sweep of silent devices must know."""
        was_up, self._was_up = self._was_up, link.is_up
        if was_up and not self._was_up:
            self._due.pop("pulse", None)

    def _take_claimed(self) -> None:
        """Take in what an account said before its device was enrolled, as of when it arrived.

        A crash before it is forgotten takes it in again: repeats, which the ledger knows.
        """
        some = unknown.claimed(MOST)
        if some:
            self._store([_kept(one) for one in some])
            unknown.forget(some)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0):
            return False
        self._due[what] = now + every_s
        return True

    def _tell_watermarks(self, link: Link) -> None:
        if not link.is_up:
            return
        serials = self.directory.serials
        due = self.watermarks.due(
            _wall_ms(), busy=self.inbox.depth()[1] > 5_000, reachable=self._is_reachable
        )
        link.publish_many(
            (f"ems/v1/{serials[book.device_id]}/watermark", payload)
            for book, payload in due
            if book.device_id in serials
        )
        self.counters["watermarks"] += len(due)

    def _is_reachable(self, device_id: int) -> bool:
        live: LiveState | None = self.desk.states.get(device_id)
        return live is not None and live.link not in ("never", "offline")

    def _roll_up(self) -> None:
        rollup = self.desk.rollup
        with transaction.atomic():
            rollups.flush(rollup, from_ms(self._last_ms) if self._last_ms else self._now())
        self.desk.rollup = Rollup()

    def _pulse(self, link: Link) -> None:
        if not link.is_up:
            self.hold_silence()  # nobody can be heard
        self.logbook.keep_spell()
        detail: dict[str, Any] = {
            "broker": link.is_up,
            "silence_counts_from_ms": self.silence_counts_from_ms,
            **self.logbook.detail({**self.counters, "late_passed": self.inbox.passed_count}, self._gauges()),
            "rejects": dict(self.rejects),
        }
        now = from_ms(_wall_ms())
        pulses.beat("ingest", now, detail)
        self.on_pulse(now, detail)

    def _gauges(self) -> dict[str, float]:
        live, late = self.inbox.depth()
        oldest_ms = self.inbox.oldest_ms()
        return {
            "inbox_live": live,
            "inbox_late": late,
            "inbox_oldest_ms": 0 if oldest_ms is None else max(0, _wall_ms() - oldest_ms),
            "lag_ms": self._lag_ms,
            "devices": len(self.desk.states),
        }


class _Everything:
    """Contains every device."""

    def __contains__(self, _device: object) -> bool:
        return True


def _kept(one: UnknownRecord) -> Message:
    topic = f"ems/v1/{one.serial}/{one.kind}".encode()
    return Message(topic, bytes(one.body), to_ms(one.received_at), b"", retained=False, epoch=0)


def _unstorable(message: Message, reading: Reading, error: Exception) -> Reading:
    """What is left of a message that the database refuses: the refusal, and its number for the ledger."""
    text = str(error).splitlines()[0].replace("\0", "�") if str(error) else type(error).__name__
    topic = message.topic[:300].decode(errors="replace").replace("\0", "�")
    is_removed = isinstance(error, IntegrityError)  # nothing can refer to its device any more
    device_id = None if is_removed else next((one.device_id for one in reading.heard), None)
    number = codec.peek(message.payload)
    refused = Refused("", device_id, topic, "unstorable", text, message.payload[:200], message.arrival_ms)
    numbered = [(device_id, *number, message.arrival_ms)] if device_id is not None and number else []
    return Reading(refused=[refused], numbered=numbered)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
