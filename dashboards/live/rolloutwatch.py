"""The rollouts of a site, as one socket reads and tells them: few rows, each told whole."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from channels.db import database_sync_to_async
from django.utils import timezone

from dashboards.live import shared
from dashboards.live.book import Book, Event
from fleet.rollouts import queries

MEND_MOST: Final = 50  # rollouts a tick
MOST: Final = 200  # of a site: beyond the newest is left to the list

_OF_PEOPLE: Final[dict[str, Any]] = {
    "created_by": None,
    "submitted_by": None,
    "decided_by": None,
    "decision_reason": "",
    "started_by": None,
}


def without_people(rollout: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rollout without who did something and what they wrote: a screen on the wall names nobody."""
    progress = [{**wave, "waived_by": None} for wave in rollout["progress"]]
    return {**rollout, **_OF_PEOPLE, "progress": progress}


class RolloutWatch:
    """The rollouts of one site, as one socket tells them."""

    def __init__(self, site_id: int, *, people: bool = True) -> None:
        """`people`: who did what is told, too."""
        self.site_id, self._people = site_id, people
        self.book = Book()
        self._revs: Mapping[str, int] = {}

    def hear(self, event: Event) -> None:
        """Take an event of the site's group in."""
        self.book.put((self._told(event),))

    async def snapshot(self) -> list[dict[str, Any]]:
        """Return what is in sight now, freshly read, the newest first; events build on it."""
        told = await database_sync_to_async(rollouts)(self.site_id)
        self._revs = {one["id"]: one["rev"] for one in told}
        self.book.restart(told)
        return [self._told(one) for one in told]

    async def look(self) -> None:
        """Compare with the database: what was lost is to be mended."""
        site_id = self.site_id
        now = await database_sync_to_async(shared.read)(("rollouts", site_id), lambda: revs(site_id))
        self.book.notice(self._revs, now)
        self._revs = now

    async def mend(self) -> None:
        """Read afresh what was lost."""
        if not self.book.behind:
            return
        asked = sorted(self.book.behind)[:MEND_MOST]
        found = await database_sync_to_async(these)(self.site_id, asked)
        self.book.mend(asked, [self._told(queries.rollout_event(one)) for one in found])

    def _told(self, rollout: Event) -> Event:
        return rollout if self._people else without_people(rollout)


def rollouts(site_id: int) -> list[dict[str, Any]]:
    """Return the API's objects of what is in sight, the newest first."""
    rows = queries.in_sight(site_id, timezone.now()).order_by("-created_at", "pk")
    return queries.objects(rows[:MOST], (site_id,))


def revs(site_id: int) -> dict[str, int]:
    """Return the revision of each rollout in sight, by id."""
    rows = queries.in_sight(site_id, timezone.now()).order_by("-created_at", "pk")
    return {str(number): rev for number, rev in rows.values_list("pk", "rev")[:MOST]}


def these(site_id: int, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return these rollouts of the site, also if they are out of sight by now."""
    return queries.objects(queries.visible([site_id]).filter(pk__in=list(numbers)), (site_id,))
