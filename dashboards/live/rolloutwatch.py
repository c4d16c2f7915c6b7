"""The rollouts of a site, as one socket reads and tells them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from dashboards.live.book import Event
from dashboards.live.few import FewWatch
from fleet.rollouts import queries
from fleet.rollouts.models import Rollout

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


def find_rollout(site_id: int, number: str) -> UUID | None:
    """Return the id of a rollout of this site, whatever state it is in, or None.  Reads the database."""
    try:
        wanted = UUID(number)
    except ValueError:
        return None
    return wanted if queries.visible([site_id]).filter(pk=wanted).exists() else None


class RolloutWatch(FewWatch):
    """The rollouts of one site that are in sight, or one of them in whatever state, as one socket tells them."""

    def __init__(self, site_id: int, *, only: UUID | None = None, people: bool = True) -> None:
        """`only`: narrowed to this one; `people`: who did what is told, too."""
        super().__init__(("rollouts", site_id, only), mend_most=MEND_MOST, people=people)
        self.site_id, self.only = site_id, only

    @property
    def is_gone(self) -> bool:
        """Whether the only one is none of the site's any more."""
        return self.only is not None and not self.revs_seen

    def hear(self, event: Event) -> None:
        if self.only is None or event["id"] == str(self.only):
            super().hear(event)

    def read(self) -> list[dict[str, Any]]:
        return queries.objects(self._shown()[:MOST], (self.site_id,))

    def revs(self) -> dict[str, int]:
        return {str(number): rev for number, rev in self._shown().values_list("pk", "rev")[:MOST]}

    def these(self, numbers: Iterable[str]) -> list[Event]:
        rows = queries.visible([self.site_id]).filter(pk__in=list(numbers))
        return [queries.rollout_event(one) for one in queries.objects(rows, (self.site_id,))]

    def without_people(self, thing: Event) -> Event:
        return without_people(thing)

    def _shown(self) -> QuerySet[Rollout]:
        if self.only is not None:
            return queries.visible([self.site_id]).filter(pk=self.only)
        return queries.in_sight(self.site_id, timezone.now()).order_by("-created_at", "pk")
