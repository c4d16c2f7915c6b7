"""House → devices: publishes what is requested, and takes in what devices answer.

Its own process and connection, so that no backlog of telemetry can delay a command.  What must be right lives
in the database: this process may die at any instant, and the next one goes on from the rows.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone

from devices.moments import to_ms
from devices.mqtt.client import Message
from devices.rates import Rates
from devices.store import pulses
from devices.wire import topics
from fleet.control import clerks, lifecycle, outbox, proofs, wishes
from fleet.control.crowding import Crowding
from fleet.control.hearing import Hearing
from fleet.control.line import Line
from fleet.control.mailbox import Bell, Mailbox, Post
from fleet.control.outbox import Outgoing
from fleet.control.placing import Clocks
from fleet.control.watch import Watch

log = structlog.get_logger(__name__)

SUBSCRIPTIONS = (topics.every("ack"), topics.every("status"))
MOST = 100  # commands a lease: between two of them a stop can overtake
_POLL_S = 1.0
_FINISH_S = 2.0  # how long the broker has to answer for what was published before the end


class ReadingLine(Line, Protocol):
    """One that stops reading while the mailbox is full."""

    def wake(self) -> None: ...


class Direct(Protocol):
    """What is needed of `fleet.control.direct_door.DirectDoor`."""

    @property
    def is_ready(self) -> bool: ...
    @property
    def waiting(self) -> int: ...
    @property
    def figures(self) -> dict[str, int]: ...
    def book(self) -> None: ...


class Dispatcher:
    """One dispatching process.  `run` returns when `stop` is set and the work in hand is done.

    Args:
        connect: Makes the connection to the broker (not started yet) for a mailbox.
        figures: What the process can say about itself, for its pulse.
        direct: The way past the database, which is open also while that is away; None: there is none.
    """

    def __init__(
        self,
        *,
        connect: Callable[[Mailbox], ReadingLine],
        figures: Callable[[], dict[str, dict[str, float]]] = dict,
        now: Callable[[], datetime] = timezone.now,
        direct: Direct | None = None,
    ) -> None:
        self._direct = direct
        self.mailbox = Mailbox()
        self.counters: Counter[str] = Counter()
        self.rejects: Counter[str] = Counter()
        self._connect, self._figures, self._now = connect, figures, now
        self._bell = Bell(self.mailbox)
        self._watch, self._clocks = Watch(), Clocks()
        self._hearing = Hearing(self._watch, self._clocks)
        self._crowding = Crowding()
        self._teller, self._alarmer = clerks.teller(), clerks.alarmer()
        self._epoch = 0
        self._line: ReadingLine | None = None
        self._flying: dict[UUID, int] = {}
        """Published and not yet answered by the broker: command → connection."""
        self._due: dict[str, float] = {}
        self._came_by = now()
        """What came until then is in hand."""
        self._rates = Rates()

    # --- life ---

    def run(self, stop: threading.Event) -> None:
        helpers = (self._bell, self._teller, self._alarmer)
        for one in helpers:
            one.start()
        try:
            while not stop.is_set():
                self._open(stop)
                try:
                    while not stop.is_set():
                        self.step(0.2)
                except (OperationalError, InterfaceError) as error:
                    log.error("database gone: commands wait until it is back", error=str(error).strip())
            self._finish()
        finally:
            if self._line is not None:
                self._line.stop()
            for one in helpers:
                one.stop()

    def _open(self, stop: threading.Event) -> None:
        """Get the database, then the lock of the one dispatcher, then the broker, which has room for one."""
        told = ""
        while not stop.is_set():
            try:
                connection.close()
                connection.ensure_connection()
                if outbox.lock():
                    outbox.release()
                    self._flying.clear()
                    self._look()
                    self.mailbox.ring()
                    self._line_up()
                    return
                self._hang_up()
                self._book()
                why = "another dispatcher holds the lock of this database; waiting for it to end"
            except (DatabaseError, InterfaceError) as error:
                why = f"database not reached: {str(error).strip()}"
            if why != told:
                log.warning(why)
                told = why
            stop.wait(0.5)

    def _line_up(self) -> None:
        if self._line is None:
            self._line = self._connect(self.mailbox)
            self._line.start()

    def _in_service(self) -> ReadingLine:
        if self._line is None:
            raise RuntimeError("the dispatcher has no connection to the broker before it runs")
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.stop()
            self._line = None
            while self.mailbox.empty(0).messages:
                pass  # the broker sends them again, to whoever has the account now

    def _finish(self) -> None:
        """Write down what the broker answers for what is on its way."""
        deadline = time.monotonic() + _FINISH_S
        try:
            while self._flying and self._line is not None and time.monotonic() < deadline:
                post = self.mailbox.empty(0.1)
                self._note_broker(post)
                if post.messages:
                    self._book()
                    self._hear(post.messages)
            outbox.release(list(self._flying))
        except (OperationalError, InterfaceError):
            log.warning(
                "stopped without the database; unanswered commands are published again under their id"
            )

    # --- one step ---

    def step(self, wait_s: float) -> None:
        """Work off what has come, publish what is due, and say that we live."""
        post = self.mailbox.empty(min(wait_s, self._until_proof_s()))
        self._came_by = self._now()
        self._notice_new_connection()
        if not post.messages:
            self._clocks.quiet(to_ms(self._now()))
        try:
            self._work_off(post)
        except (OperationalError, InterfaceError):
            self.mailbox.give_back(post)
            raise
        if self._is_due("pulse", 1.0):
            self._pulse()

    def _notice_new_connection(self) -> None:
        """What was on its way when a connection ended was not answered for, and never will be."""
        epoch = self._in_service().epoch
        if epoch != self._epoch:
            self._epoch = epoch
            self._clocks.connected(to_ms(self._now()))
        lost = [command_id for command_id, at in self._flying.items() if at != epoch]
        if lost:
            outbox.release(lost)
            for command_id in lost:
                del self._flying[command_id]
            self.mailbox.ring()

    def _work_off(self, post: Post) -> None:
        """What is asked goes out before what was said comes in: no stop waits behind heartbeats."""
        self._book()  # first: answers to what is booked may be in this post, and would find no row
        self._note_broker(post)
        is_due = self._is_due("poll", _POLL_S)
        if is_due or post.rung:
            self._publish_due()
            self._look()
            self._alarmer.ring()  # ingest rings, too, when it has seen current after a stop
        if is_due:
            over = outbox.expire(self._now())
            self.counters["commands_expired"] += len(over)
            self._teller.ring(over)
        self._thin_out(post)
        if post.messages:
            self._hear(post.messages)
        self._conclude()

    def _note_broker(self, post: Post) -> None:
        """Write down what the broker answered."""
        if post.taken:
            self._teller.ring(outbox.record_published(post.taken))
            self.counters["commands_published"] += len(post.taken)
        if post.refused:
            outbox.release(post.refused)
            self.counters["commands_refused_by_broker"] += len(post.refused)
            log.error(
                "the broker refuses our commands; run `manage.py enrol --sync`", commands=len(post.refused)
            )
        for command_id in (*post.taken, *post.refused):
            self._flying.pop(command_id, None)
        post.taken.clear()
        post.refused.clear()

    def _book(self) -> None:
        if self._direct is not None and self._direct.waiting:
            self._direct.book()
            self._look()

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0):
            return False
        self._due[what] = now + every_s
        return True

    # --- what devices say ---

    def _thin_out(self, post: Post) -> None:
        """Pass over what a device says beyond all measure: what it asks us to weigh, others wait for.

        What of that would have been a proof is missing then, and somebody goes there.
        """
        post.messages, too_many = self._crowding.split(post.messages)
        if not too_many:
            return
        self.counters["messages_beyond_measure"] += len(too_many)
        self._in_service().acknowledge(too_many)
        if self._is_due("too many", 60.0):
            topic = too_many[0].topic.decode(errors="replace")
            log.error("a device says more than is listened to", topic=topic, messages=len(too_many))

    def _hear(self, messages: Sequence[Message]) -> None:
        """Take messages in; those that cannot be are halved until the culprit is alone, and passed over."""
        try:
            self._take_in(messages)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            if len(messages) > 1:
                middle = len(messages) // 2
                self._hear(messages[:middle])
                self._hear(messages[middle:])
                return
            self.counters["messages_passed_over"] += 1
            topic = messages[0].topic.decode(errors="replace")
            log.exception("message not taken in; passing over it", topic=topic)
        line = self._in_service()
        line.acknowledge(messages)
        line.wake()  # it may have stopped reading

    def _take_in(self, messages: Sequence[Message]) -> None:
        """Write down what was said, tell of it, and publish again what a device missed."""
        heard = self._hearing.take_in(messages, self._now(), flying=list(self._flying))
        self.counters.update(heard.counts)
        self.rejects.update(one.reason for one in heard.refused)
        self._publish(heard.again)
        self._watch.settle(heard.settled)
        self._teller.ring(heard.changed)
        if heard.is_alarming:
            self._alarmer.ring()
        if heard.has_asked:
            self.mailbox.ring()

    # --- what is to be proved ---

    def _look(self) -> None:
        """Read anew what is to be proved, and by when."""
        rows = proofs.awaited(self._now())
        self._watch.begin(((one.id, one.device_id, one.due_at) for one in rows), wishes.open_devices())

    def _until_proof_s(self) -> float:
        due_at = self._watch.due_at()
        return _POLL_S if due_at is None else max(0.0, (due_at - self._now()).total_seconds())

    def _conclude(self) -> None:
        """Who has not proved in time what was asked is unconfirmed: somebody has to go there.

        A database that hung is no silence of theirs: what came meanwhile is heard first.
        """
        if self._until_proof_s() > 0:
            return
        late = proofs.overdue(self._now(), due_by=self._came_by)
        self.counters["commands_unconfirmed"] += len(late)
        self._alarmer.ring()
        self._teller.ring(late)
        self._look()

    # --- what we ask of them ---

    def _publish_due(self) -> None:
        while self._in_service().is_up and (batch := outbox.lease(self._now(), most=MOST)):
            self._publish(batch)

    def _publish(self, commands: Sequence[Outgoing]) -> None:
        line = self._in_service()
        self._watch.add((one.id, one.device_id, one.proof_due_at) for one in commands)
        for command in commands:
            now = self._now()
            if not lifecycle.may_publish(command.expires_at, now):
                continue
            self._flying[command.id] = line.epoch
            line.publish(
                command.topic,
                command.payload(),
                expiry_s=lifecycle.expiry_s(command.expires_at, now),
                on_answer=partial(self._on_answer, command.id),
            )

    def _on_answer(self, command_id: UUID, taken: bool) -> None:
        self.mailbox.answered(command_id, self._now(), taken=taken)

    # --- pulse ---

    def _pulse(self) -> None:
        own = self._figures()
        counters = {**own.get("counters", {}), **self.counters}
        is_up = self._in_service().is_up
        detail: dict[str, Any] = {
            "broker": is_up,
            "counters": counters,
            "rates": self._rates.of(counters, time.monotonic()),
            "gauges": {
                **own.get("gauges", {}),
                "commands_open": outbox.open_count(),
                "commands_flying": len(self._flying),
                "commands_way_open": int(is_up),
            },
            "rejects": dict(self.rejects),
        }
        if self._direct is not None:
            detail["direct"] = self._direct.is_ready
            detail["counters"] |= self._direct.figures
            detail["gauges"]["direct_stops_to_book"] = self._direct.waiting
            detail["gauges"]["direct_way_open"] = int(self._direct.is_ready)
        pulses.beat("dispatch", self._now(), detail)
