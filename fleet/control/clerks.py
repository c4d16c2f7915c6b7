"""Dispatch's two clerks: what they do may take as long as it takes, and no command waits for it.

Each has a thread and a database connection of its own.  What they have to do is in the rows, or can be lost without
harm: whoever missed that a command changed reads it anew.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from fleet.control import alarms, queries
from fleet.live import announce

log = structlog.get_logger(__name__)

_AGAIN_S: Final = 0.5
_MOST: Final = 2_000  # commands; beyond, pages find out when they look again


class Clerk:
    """Works when it is rung, and every `every_s` seconds if that is given; what fails is tried again.

    Args:
        work: Called with the commands that it was rung for.
    """

    def __init__(self, name: str, work: Callable[[Collection[UUID]], None], *, every_s: float | None) -> None:
        self._work, self._every_s = work, every_s
        self._ids: dict[UUID, None] = {}
        self._came = threading.Condition()
        self._rung = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.ring()
        if self._thread.is_alive():
            self._thread.join(timeout=3)

    def ring(self, ids: Iterable[UUID] = ()) -> None:
        """There is something to do; returns at once."""
        with self._came:
            self._ids.update(dict.fromkeys(ids))
            while len(self._ids) > _MOST:
                del self._ids[next(iter(self._ids))]
            self._rung = True
            self._came.notify()

    def _run(self) -> None:
        while not self._stop.is_set():
            ids = self._wait()
            try:
                self._work(ids)
            except (DatabaseError, InterfaceError) as error:
                log.warning("will try again", clerk=self._thread.name, error=str(error).strip())
                self._try_again(ids)
            except Exception:
                log.exception("will try again", clerk=self._thread.name)
                self._try_again(ids)
        connection.close()

    def _wait(self) -> list[UUID]:
        with self._came:
            if not self._rung:
                self._came.wait(self._every_s)
            ids, self._ids, self._rung = list(self._ids), {}, False
            return ids

    def _try_again(self, ids: Iterable[UUID]) -> None:
        connection.close()
        self.ring(ids)
        self._stop.wait(_AGAIN_S)


def teller() -> Clerk:
    """Tells pages of commands that changed, as they are now.  What the server asks by itself is no news to people."""
    return Clerk("teller", _tell, every_s=None)


def alarmer() -> Clerk:
    """Raises and clears the alerts of what was not proved in time."""
    return Clerk("alarmer", lambda _ids: _alarm(), every_s=1.0)


def _tell(ids: Collection[UUID]) -> None:
    if ids:
        told = queries.commands().filter(pk__in=ids).exclude(verb__in=queries.UNTOLD)
        announce.commands(queries.told(told))


def _alarm() -> None:
    while alarms.tell(timezone.now()):
        pass
