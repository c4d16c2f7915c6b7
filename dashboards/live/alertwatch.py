"""The open alerts of some sites, as one socket reads and tells them."""

from collections import deque
from collections.abc import Collection, Mapping
from heapq import nsmallest
from typing import Any

from channels.db import database_sync_to_async

from dashboards.live import alertreads, shared
from dashboards.live.alertbook import MOST_A_MESSAGE, AlertBook

MEND_MOST = 200  # alerts a tick


class AlertWatch:
    """What one socket knows and has still to tell of the alerts of these sites, and of the server's own."""

    def __init__(self, site_ids: Collection[int], *, device: str | None = None, people: bool = True) -> None:
        """`device`: narrowed to the alerts of this serial; `people`: who did something is told, too."""
        self.site_ids, self.device, self._people = tuple(site_ids), device, people
        self.book = AlertBook()
        self._parts: deque[list[int]] = deque()
        self._revs: Mapping[int, int] = {}

    @property
    def is_telling(self) -> bool:
        """A snapshot has been begun, and not all of its parts are read."""
        return bool(self._parts)

    async def begin(self, *, part_size: int | None = None) -> int:
        """Begin a snapshot; return of how many parts it is, at least one."""
        part_size = part_size or MOST_A_MESSAGE
        self._revs = await self._read_revs(fresh=True)
        every = list(self._revs)
        self.book.restart()
        self._parts = deque(every[at : at + part_size] for at in range(0, len(every) or 1, part_size))
        return len(self._parts)

    async def next_part(self) -> list[Mapping[str, Any]]:
        """Return the next alerts of the snapshot, as they are now."""
        part = self._parts[0]
        alerts = await self._read(part) if part else []
        self._parts.popleft()
        return self.book.sent(alerts)

    async def look(self) -> None:
        """Compare with the database: what was lost is to be mended."""
        now = await self._read_revs()
        if not self.is_telling:
            self.book.notice(self._revs, now)
        self._revs = now

    async def mend(self) -> bool:
        """Read afresh what was lost, of much the most urgent first; return False if that takes a whole snapshot."""
        if not self.book.behind or self.is_telling:
            return True
        places = {number: place for place, number in enumerate(self._revs)}
        asked = nsmallest(MEND_MOST, self.book.behind, key=lambda one: places.get(one, len(places)))
        return self.book.mend(asked, [{"kind": "alert", **one} for one in await self._read(asked)])

    def hear(self, event: dict[str, Any]) -> None:
        """Take an event of a group in."""
        if self.device is None or event["device"] == self.device:
            self.book.put((event if self._people else alertreads.without_people(event),))

    async def _read_revs(self, *, fresh: bool = False) -> Mapping[int, int]:
        about = (self.site_ids, self.device)
        return await database_sync_to_async(shared.read)(
            ("revs", *about), lambda: alertreads.revs(*about), fresh=fresh
        )

    async def _read(self, only: Collection[int]) -> list[dict[str, Any]]:
        alerts = await database_sync_to_async(alertreads.alerts)(self.site_ids, only)
        return alerts if self._people else [alertreads.without_people(one) for one in alerts]
