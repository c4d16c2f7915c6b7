"""Ingest's second pair of hands: it watches the worker, keeps the clock of alerts while that is silent, and calls out
when the database is gone.  (Whom to tell of what, the courier decides meanwhile.)

Three threads of its own, so that no batch ever waits for them.  `Probe` asks the database once a second, and nothing
else: a Redis that hangs must not look like a database that is gone.  `Alarm` asks nobody: when the probe has had no
answer for too long, the database is gone, and people are called directly, by the addresses that were remembered while
it lived.  `Hands` keep the clock, and may wait for Redis.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from devices.moments import from_ms, to_ms
from fleet import flows
from fleet.safety import service
from fleet.safety.clock import WATCHED_BY_WORKER, Clock
from fleet.safety.pipeline import Watch, risen
from fleet.safety.signals import Fall, Key

log = structlog.get_logger(__name__)

EVERY_S: Final = 1.0
_JUMP_S: Final = 5.0
_DATABASE: Final = "database_silent"
_INSTEAD: Final = tuple(part for part in WATCHED_BY_WORKER if part != "ingest")


class Lifeline(Protocol):
    """Tells people without the database."""

    def remember(self) -> None:
        """Read, while the database lives, whom to call; cheap enough for every second."""

    def call(self, what: str) -> None:
        """Call them; returns when it was tried, and never raises."""


class Standin:
    """The threads.  `start` and `stop` belong to the process; `ask`, `listen` and `look` are a round of each."""

    def __init__(self, lifeline: Lifeline, now: Callable[[], datetime] = timezone.now) -> None:
        self._lifeline, self._now = lifeline, now
        self._watch = Watch(("worker",))
        self._clock: Clock | None = None  # while the worker is silent
        self._answered_s = time.monotonic()
        self._answered_ms = to_ms(now())
        self._listened_s = self._answered_s
        self._called = False
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(one,), name=name, daemon=True)
            for name, one in (("probe", self._probe), ("alarm", self._alarm), ("standin", self._hands))
        ]

    def start(self) -> None:
        """Begin; once begun, do nothing.  Whoever waits for another ingest to end has not begun."""
        if not self._threads[0].is_alive():
            self._answered_s = self._listened_s = time.monotonic()
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)

    @property
    def is_standing_in(self) -> bool:
        """Whether the worker's clock stands still, and this one goes instead."""
        return self._clock is not None

    def _run(self, round_: Callable[[], None]) -> None:
        while not self._stop.wait(EVERY_S):
            round_()
        connection.close()

    # --- probe ---

    def _probe(self) -> None:
        try:
            self.ask()
        except Exception as error:
            log.warning("the database does not answer", error=str(error).strip().split("\n")[0])
            connection.close()

    def ask(self) -> None:
        """Ask the database once whether it lives, and whom to call when it does not."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        self._answered()
        self._lifeline.remember()

    def _answered(self) -> None:
        now, gone_ms = self._now(), self._answered_ms  # it may have been frozen while we asked
        if self._called:
            # Both at once: it is over, but it was, and somebody must see to why.
            service.take(
                [risen(_DATABASE, gone_ms, from_ms(gone_ms) + _limit()), Fall(Key(_DATABASE), to_ms(now))],
                now,
            )
            log.info("the database is back", gone_s=round((to_ms(now) - gone_ms) / 1000))
        self._answered_s, self._answered_ms, self._called = time.monotonic(), to_ms(now), False

    # --- hands ---

    def _hands(self) -> None:
        try:
            self.look()
        except (OperationalError, InterfaceError):
            connection.close()  # the probe has said so
        except Exception:
            log.exception("the stand-in could not look")
            connection.close()

    def look(self) -> None:
        """Is the worker alive?  If not, do its work."""
        silent = self._watch.look(self._now())
        if "worker" not in silent:
            if self._clock is not None:
                log.info("the worker is back: it keeps the clock again")
            self._clock = None
            return
        if self._clock is None:
            log.error(
                "the clock of alerts stands still: the worker is silent; ingest keeps it until it is back"
            )
            self._clock = Clock(*_INSTEAD, trends=False)
        flows.pass_time(self._now())
        self._clock.tick(self._now())

    # --- alarm ---

    def _alarm(self) -> None:
        self.listen(time.monotonic())

    def listen(self, now_s: float) -> None:
        """Call out, once, when the database has not answered for too long."""
        if now_s - self._listened_s > _JUMP_S:
            self._answered_s = now_s  # we were stopped ourselves: the probe has a try first
        self._listened_s = now_s
        if self._called or now_s - self._answered_s < _limit().total_seconds():
            return
        self._called = True
        log.error("the database is gone: calling out directly", silent_s=round(now_s - self._answered_s))
        try:
            self._lifeline.call("database")
        except Exception:
            log.exception("the direct call failed")


def _limit() -> timedelta:
    return timedelta(seconds=settings.ALERT_PART_SILENT_SECONDS)
