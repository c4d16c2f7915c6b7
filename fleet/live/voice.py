"""A process's voice for commands and alerts: what must be told, and must hold up nobody.

Whoever announces hands over and goes on.  A thread of its own speaks to Redis, the newest event of each key wins while
it waits, and what waits is bounded: a Redis that is dead or frozen costs a few kilobytes.  What is lost is mended by
whoever listens: a socket looks at its few commands again now and then.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterable
from typing import Any, Final

import structlog
from channels.layers import get_channel_layer

from fleet.live import events

log = structlog.get_logger(__name__)

MOST: Final = 5_000  # events that wait; beyond, the oldest is forgotten
SEND_S: Final = 2.0
_AGAIN_S: Final = 0.5

_Key = tuple[str, str]  # group, key of the event


class Voice:
    """One thread that speaks; started by the first word."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, events.Event] = {}
        self._came = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._silent = False
        self.sent = 0
        self.failed = 0

    def say(self, group: str, keyed: Iterable[tuple[str, events.Event]]) -> None:
        """Take these events over; returns at once."""
        with self._came:
            for key, event in keyed:
                self._waiting.pop((group, key), None)  # the newest goes to the end
                self._waiting[group, key] = event
            while len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]
            self._begin()
            self._came.notify()

    def _begin(self) -> None:
        """A process that was forked has no thread, whatever its parent had."""
        if self._thread is None or self._pid != os.getpid() or not self._thread.is_alive():
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner() as runner:  # one event loop, so that the connection to Redis lasts
            layer = get_channel_layer()
            while True:
                groups = self._groups(self._take())
                while groups:
                    group, keyed = next(iter(groups.items()))
                    if runner.run(self._send(layer, group, keyed)):
                        del groups[group]
                    else:
                        self._give_back(groups)
                        groups = {}
                        time.sleep(_AGAIN_S)

    def _take(self) -> dict[_Key, events.Event]:
        with self._came:
            while not self._waiting:
                self._came.wait()
            taken, self._waiting = self._waiting, {}
            return taken

    def _give_back(self, groups: dict[str, dict[str, events.Event]]) -> None:
        """What could not be said goes to the front, unless something newer is known by now."""
        unsaid = {(group, key): event for group, keyed in groups.items() for key, event in keyed.items()}
        with self._came:
            newer, self._waiting = self._waiting, unsaid
            for key, event in newer.items():
                self._waiting.pop(key, None)
                self._waiting[key] = event
            while len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]

    async def _send(self, layer: Any, group: str, keyed: dict[str, events.Event]) -> bool:
        try:
            async with asyncio.timeout(SEND_S):
                await layer.group_send(group, {"type": "live.events", "events": keyed})
        except Exception as error:
            self.failed += 1
            if not self._silent:
                log.warning("browsers not told", error=f"{type(error).__name__}: {error}")
            self._silent = True
            return False
        self.sent += len(keyed)
        self._silent = False
        return True

    @staticmethod
    def _groups(taken: dict[_Key, events.Event]) -> dict[str, dict[str, events.Event]]:
        groups: dict[str, dict[str, events.Event]] = {}
        for (group, key), event in taken.items():
            groups.setdefault(group, {})[key] = event
        return groups


of_this_process: Final = Voice()
