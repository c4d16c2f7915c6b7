"""Sends what the outbox holds: each channel with hands of its own, so that none waits for another.

A mail server that hangs keeps both hands of e-mail busy for `TELL_SECONDS` at a time, and delays no webhook, no
push, and nobody who plans.  The hands are threads; each try is one lease, one deadline, one answer.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from devices.store import pulses
from fleet.paging import duty, faults, messages, outbox, planner
from fleet.paging.channels import email, push, webhook
from fleet.paging.channels.answer import Answer
from fleet.paging.models import Delivery
from fleet.paging.outbox import Lease
from fleet.paging.policies import Channel
from fleet.safety import clock

log = structlog.get_logger(__name__)

HANDS: Final = {Channel.EMAIL: 2, Channel.PUSH: 4, Channel.WEBHOOK: 4}
_LOOK_S: Final = 1.0
_WORKER_SILENT_S: Final = 5.0


class Courier:
    """The hands of this process."""

    def __init__(self) -> None:
        self._pools = {
            channel: ThreadPoolExecutor(hands, thread_name_prefix=f"tell-{channel.value}")
            for channel, hands in HANDS.items()
        }
        self._free = dict(HANDS)
        self._owed: deque[Callable[[], object]] = (
            deque()
        )  # what is to be written down once there is a database
        self._lock = threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is being sent, and take nothing more."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def look(self) -> int:
        """Give every free hand a message that is due; return how many there were."""
        self._write_what_is_owed()
        with self._lock:
            room = dict(self._free)
        leases = outbox.lease(room, timezone.now())
        for channel, some in leases.items():
            for one in some:
                with self._lock:
                    self._free[channel] -= 1
                self._pools[channel].submit(self._send, channel, one)
        return sum(map(len, leases.values()))

    def _run(self) -> None:
        is_blind = False
        while not self._stop.is_set():
            try:
                close_old_connections()
                # Here, since Redis may be gone and messages still go out.
                pulses.breathe("courier", timezone.now())
                self._plan_for_a_dead_worker()
                self.look()
                is_blind = False
            except Exception as error:
                if not is_blind:
                    log.error("the outbox cannot be read", error=f"{type(error).__name__}: {error}")
                is_blind = True
                connection.close()
            self._wake.wait(_LOOK_S)
            self._wake.clear()
        connection.close()

    def _plan_for_a_dead_worker(self) -> None:
        """Whoever must hear that the worker is dead hears it from us: planning is the worker's else."""
        now = timezone.now()
        pulse = pulses.all_pulses().get("worker")
        if pulse is None or (now - pulse[0]).total_seconds() > _WORKER_SILENT_S:
            tick()

    def _write_what_is_owed(self) -> None:
        """Before anything is leased: else what was sent while the database went away would be sent again."""
        while self._owed:
            owed = self._owed.popleft()
            try:
                owed()
            except (OperationalError, InterfaceError):
                self._owed.appendleft(owed)
                raise

    def _send(self, channel: Channel, lease: Lease) -> None:
        owed: Callable[[], object] = partial(outbox.give_back, lease, timezone.now())
        try:
            close_old_connections()
            tried = attempt(lease)
            if tried is not None:
                owed = partial(note, tried)
                owed()
        except (OperationalError, InterfaceError):
            log.warning(
                "the database went away; what came of a message is written down later", id=str(lease.id)
            )
            self._owed.append(owed)
        except Exception:
            log.exception("a message was not sent; its lease ends, and it is tried again", id=str(lease.id))
        finally:
            connection.close()
            with self._lock:
                self._free[channel] += 1
            self._wake.set()


def tick() -> planner.Planned:
    """Plan what is due, and raise what cannot be told.  No socket is opened here but the database's."""
    now = timezone.now()
    duty.end_lapsed(now)
    planned = planner.plan(now, held=clock.of_this_process().held(now))
    faults.note_nobody(planned.told_nobody, planned.reached, now)
    faults.look(now)
    return planned


@dataclass(frozen=True, slots=True)
class Tried:
    """A message that was tried, and what came of it."""

    one: Delivery
    attempt: int
    given: Answer
    at: datetime


def deliver(lease: Lease) -> None:
    """Send one leased message and write down what came of it."""
    tried = attempt(lease)
    if tried is not None:
        note(tried)


def attempt(lease: Lease) -> Tried | None:
    """Send one leased message.  Once it has left, the database is not asked any more: whatever it raises, nothing
    has left.
    """
    one = outbox.to_send(lease.id, timezone.now())
    if one is None:
        return None
    return Tried(one, lease.attempt, _WAYS[Channel(one.channel)](one), timezone.now())


def note(tried: Tried) -> None:
    """Write down what came of a try; a second time does no harm."""
    one, given = tried.one, tried.given
    outcome = outbox.answer(one, tried.attempt, given, tried.at)
    level = log.info if given.taken else log.warning
    level("told" if given.taken else "not told", id=str(one.pk), channel=one.channel, attempt=tried.attempt,
          alert=one.alert_id, answer="" if given.taken else given.text)  # fmt: skip
    if outcome is not None:
        faults.note(outcome, timezone.now())


def _telling(one: Delivery) -> messages.Telling:
    told = one.alert.escalation
    return messages.Telling(one.alert, one.step, one.round, told.since)


def _by_email(one: Delivery) -> Answer:
    to = one.user.email if one.user is not None else ""
    letter = messages.letter(_telling(one), to=to, id_=str(one.pk), now=timezone.now())
    return email.send(letter, seconds=settings.TELL_SECONDS)


def _by_webhook(one: Delivery) -> Answer:
    hook, now = one.webhook, timezone.now()
    if hook is None:
        return Answer(taken=False, text="the webhook is gone", final=True)
    message = messages.webhook(_telling(one), now)
    return webhook.send(
        hook.url, hook.secret, message, id_=str(one.pk), now=now, seconds=settings.TELL_SECONDS
    )


def _by_push(one: Delivery) -> Answer:
    browser = one.push
    if browser is None:
        return Answer(taken=False, text="the browser is gone", gone=True)
    return push.send(
        browser.endpoint,
        browser.p256dh,
        browser.auth,
        messages.push(_telling(one), id_=str(one.pk)),
        topic=one.pk.hex,
        urgent=one.alert.priority == "high",
        now=timezone.now(),
        seconds=settings.TELL_SECONDS,
    )


_WAYS: Final[dict[Channel, Callable[[Delivery], Answer]]] = {
    Channel.EMAIL: _by_email,
    Channel.WEBHOOK: _by_webhook,
    Channel.PUSH: _by_push,
}
