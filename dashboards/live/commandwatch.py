"""What people asked of a site's devices, as one socket reads and tells it: few rows, each told whole."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from channels.db import database_sync_to_async
from django.utils import timezone

from dashboards.live import shared
from dashboards.live.book import Book, Event
from fleet.control import queries

MEND_MOST: Final = 100  # commands a tick
MOST: Final = 2_000  # of a site: what is in sight beyond the newest is left to the history

_OF_PEOPLE: Final[dict[str, Any]] = {"actor": None, "reason": "", "reason_by": None}


class CommandWatch:
    """The commands of one site, or of one of its devices, as one socket tells them."""

    def __init__(self, site_id: int, *, device: str | None = None, people: bool = True) -> None:
        """`device`: narrowed to those of this serial; `people`: who asked and why is told, too."""
        self.site_id, self.device, self._people = site_id, device, people
        self.book = Book()
        self._revs: Mapping[str, int] = {}

    def hear(self, event: Event) -> None:
        """Take an event of the site's group in."""
        if self.device is None or event["device"] == self.device:
            self.book.put((self._told(event),))

    async def snapshot(self) -> list[dict[str, Any]]:
        """Return what is in sight now, freshly read, the newest first; events build on it."""
        told = await database_sync_to_async(commands)(self.site_id, self.device)
        self._revs = {one["id"]: one["rev"] for one in told}
        self.book.restart(told)
        return [self._told(one) for one in told]

    async def look(self) -> None:
        """Compare with the database: what was lost is to be mended."""
        about = (self.site_id, self.device)
        now = await database_sync_to_async(shared.read)(("commands", *about), lambda: revs(*about))
        self.book.notice(self._revs, now)
        self._revs = now

    async def mend(self) -> None:
        """Read afresh what was lost."""
        if not self.book.behind:
            return
        asked = sorted(self.book.behind)[:MEND_MOST]
        found = await database_sync_to_async(these)(self.site_id, asked)
        self.book.mend(asked, [{"kind": "command", **self._told(one)} for one in found])

    def _told(self, command: Event) -> Event:
        return command if self._people else {**command, **_OF_PEOPLE}


def commands(site_id: int, device: str | None = None) -> list[dict[str, Any]]:
    """Return the API's objects of what is in sight, the newest first."""
    rows = queries.in_sight(site_id, timezone.now()).order_by("-requested_at", "pk")
    if device is not None:
        rows = rows.filter(device__serial=device)
    return [queries.command_object(one) for one in rows[:MOST]]


def revs(site_id: int, device: str | None = None) -> dict[str, int]:
    """Return the revision of each command in sight, by id."""
    rows = queries.in_sight(site_id, timezone.now()).select_related(None).order_by("-requested_at", "pk")
    if device is not None:
        rows = rows.filter(device__serial=device)
    return {str(number): rev for number, rev in rows.values_list("pk", "rev")[:MOST]}


def these(site_id: int, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return these commands of the site's devices, also if they are out of sight by now."""
    rows = queries.commands().filter(pk__in=list(numbers), device__site_id=site_id)
    return [queries.command_object(one) for one in rows]
