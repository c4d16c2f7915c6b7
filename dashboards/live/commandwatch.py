"""What people asked of a site's devices, as one socket reads and tells it."""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from dashboards.live.book import Event
from dashboards.live.few import FewWatch
from fleet.control import queries
from fleet.control.models import Command

MEND_MOST: Final = 100  # commands a tick
MOST: Final = 2_000  # of a site: what is in sight beyond the newest is left to the history

_OF_PEOPLE: Final[dict[str, Any]] = {"actor": None, "reason": "", "reason_by": None}


class CommandWatch(FewWatch):
    """The commands of one site, or of one of its devices, as one socket tells them."""

    def __init__(self, site_id: int, *, device: str | None = None, people: bool = True) -> None:
        """`device`: narrowed to those of this serial; `people`: who asked and why is told, too."""
        super().__init__(("commands", site_id, device), mend_most=MEND_MOST, people=people)
        self.site_id, self.device = site_id, device

    def hear(self, event: Event) -> None:
        if self.device is None or event["device"] == self.device:
            super().hear(event)

    def read(self) -> list[dict[str, Any]]:
        return [queries.command_object(one) for one in self._in_sight()[:MOST]]

    def revs(self) -> dict[str, int]:
        rows = self._in_sight().select_related(None)
        return {str(number): rev for number, rev in rows.values_list("pk", "rev")[:MOST]}

    def these(self, numbers: Iterable[str]) -> list[Event]:
        rows = queries.commands().filter(pk__in=list(numbers), device__site_id=self.site_id)
        return [queries.command_event(one) for one in rows]

    def without_people(self, thing: Event) -> Event:
        return {**thing, **_OF_PEOPLE}

    def _in_sight(self) -> QuerySet[Command]:
        rows = queries.in_sight(self.site_id, timezone.now()).order_by("-requested_at", "pk")
        return rows if self.device is None else rows.filter(device__serial=self.device)
