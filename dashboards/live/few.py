"""Things of a site that are few and each told whole, as one socket reads and tells them."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from channels.db import database_sync_to_async

from dashboards.live import shared
from dashboards.live.book import Book, Event


class FewWatch(ABC):
    """Those of one kind at one site.

    Args:
        about: What is watched, as far as sockets that watch the same share a look at the database.
        mend_most: So many are read afresh a tick.
        people: Who did what is told, too.
    """

    def __init__(self, about: tuple[Hashable, ...], *, mend_most: int, people: bool) -> None:
        self.book = Book()
        self._about, self._mend_most, self._people = about, mend_most, people
        self.revs_seen: Mapping[str, int] = {}

    def hear(self, event: Event) -> None:
        """Take an event of the site's group in."""
        self.book.put((self._told(event),))

    async def snapshot(self) -> list[dict[str, Any]]:
        """Return what is in sight now, freshly read, the newest first; events build on it."""
        told = await database_sync_to_async(self.read)()
        self.revs_seen = {one["id"]: one["rev"] for one in told}
        self.book.restart(told)
        return [self._told(one) for one in told]

    async def look(self) -> None:
        """Compare with the database: what was lost is to be mended."""
        now = await database_sync_to_async(shared.read)(self._about, self.revs)
        self.book.notice(self.revs_seen, now)
        self.revs_seen = now

    async def mend(self) -> None:
        """Read afresh what was lost."""
        if not self.book.behind:
            return
        asked = sorted(self.book.behind)[: self._mend_most]
        found = await database_sync_to_async(self.these)(asked)
        self.book.mend(asked, [self._told(one) for one in found])

    def _told(self, thing: Event) -> Event:
        return thing if self._people else self.without_people(thing)

    @abstractmethod
    def read(self) -> list[dict[str, Any]]:
        """Return the API's objects of what is in sight, the newest first."""

    @abstractmethod
    def revs(self) -> dict[str, int]:
        """Return the revision of each thing in sight, by id."""

    @abstractmethod
    def these(self, numbers: Iterable[str]) -> list[Event]:
        """Return the events of these things of the site, also if they are out of sight by now."""

    @abstractmethod
    def without_people(self, thing: Event) -> Event:
        """Return it without who did something and what they wrote: a screen on the wall names nobody."""
