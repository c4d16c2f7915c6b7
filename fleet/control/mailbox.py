"""What wakes the dispatcher: messages, the broker's answers, the database's bell; one place to wait at."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, connection

from devices.mqtt.client import Message
from fleet.control.outbox import CHANNEL

log = structlog.get_logger(__name__)

MOST = 5_000  # messages; beyond, the broker keeps them
MOST_AT_ONCE = 500  # messages; a stop waits no longer than these take


@dataclass(slots=True)
class Post:
    """What has come since the last look."""

    messages: list[Message] = field(default_factory=list)
    taken: dict[UUID, datetime] = field(default_factory=dict)
    """Commands that the broker has, and since when."""
    refused: list[UUID] = field(default_factory=list)
    """Commands that the broker would not have."""
    rung: bool = False
    """Whether there may be something to publish."""


class Mailbox:
    """Filled by the link's thread and the bell's, emptied by the dispatcher's."""

    def __init__(self) -> None:
        self._post = Post(rung=True)
        self._came = threading.Condition()

    def put(self, messages: Sequence[Message]) -> None:
        with self._came:
            self._post.messages.extend(messages)
            self._came.notify()

    def answered(self, command_id: UUID, at: datetime, *, taken: bool) -> None:
        with self._came:
            if taken:
                self._post.taken.setdefault(command_id, at)
            else:
                self._post.refused.append(command_id)
            self._came.notify()

    def ring(self) -> None:
        with self._came:
            self._post.rung = True
            self._came.notify()

    def is_full(self) -> bool:
        """Whether the link must stop reading."""
        return len(self._post.messages) >= MOST

    def empty(self, wait_s: float) -> Post:
        """Return what has come, of many messages the oldest, after waiting up to `wait_s` for a first."""
        with self._came:
            if self._post == Post():
                self._came.wait(wait_s)
            post, self._post = self._post, Post()
            self._post.messages = post.messages[MOST_AT_ONCE:]
            del post.messages[MOST_AT_ONCE:]
            return post

    def give_back(self, post: Post) -> None:
        """Put what could not be worked off back in front."""
        with self._came:
            later = self._post
            self._post = Post(
                post.messages + later.messages,
                later.taken | post.taken,
                post.refused + later.refused,
                rung=True,
            )


class Bell:
    """Listens on a database connection of its own, so that a command need not wait for the next poll."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=3)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except (DatabaseError, InterfaceError) as error:
                log.debug("the bell is silent; the poll goes on", error=str(error).strip())
            finally:
                connection.close()
            self._stop.wait(1.0)

    def _listen(self) -> None:
        connection.ensure_connection()
        raw = connection.connection
        raw.execute(f"LISTEN {CHANNEL}")
        self._mailbox.ring()  # for what was asked before we listened
        while not self._stop.is_set():
            with connection.wrap_database_errors:
                for _ in raw.notifies(timeout=1.0, stop_after=1):
                    self._mailbox.ring()
