"""The rollouts of a site, as one socket reads and tells them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils import timezone

from dashboards.live.book import Event
from dashboards.live.few import FewWatch
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


class RolloutWatch(FewWatch):
    """The rollouts of one site, as one socket tells them."""

    def __init__(self, site_id: int, *, people: bool = True) -> None:
        """`people`: who did what is told, too."""
        super().__init__(("rollouts", site_id), mend_most=MEND_MOST, people=people)
        self.site_id = site_id

    def read(self) -> list[dict[str, Any]]:
        rows = queries.in_sight(self.site_id, timezone.now()).order_by("-created_at", "pk")
        return queries.objects(rows[:MOST], (self.site_id,))

    def revs(self) -> dict[str, int]:
        rows = queries.in_sight(self.site_id, timezone.now()).order_by("-created_at", "pk")
        return {str(number): rev for number, rev in rows.values_list("pk", "rev")[:MOST]}

    def these(self, numbers: Iterable[str]) -> list[Event]:
        rows = queries.visible([self.site_id]).filter(pk__in=list(numbers))
        return [queries.rollout_event(one) for one in queries.objects(rows, (self.site_id,))]

    def without_people(self, thing: Event) -> Event:
        return without_people(thing)
