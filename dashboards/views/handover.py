"""What was handed over when somebody took over: on the screen, and on a sheet of A4."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import words
from fleet.access import queries as access
from fleet.access.people import called
from fleet.paging import duty as duties
from fleet.paging.models import Turn
from fleet.safety.words import Duty

_LISTS: Final = ("open", "shelved", "silent", "out_of_service", "notes")
_MOMENTS: Final = frozenset({"at", "since", "raised_at", "shelved_until", "heard_at", "until"})


@require_safe
@page
def handover(request: HttpRequest, number: int) -> HttpResponse:
    me, now = member(request), timezone.now()
    turn = Turn.objects.filter(pk=number, site__in=access.sites_of(me)).select_related("site", "user").first()
    if turn is None:
        raise Http404
    which = Duty(turn.duty)
    held = [one for one in duties.on_duty_at(turn.site, which, now) if one.turn_id == turn.pk]
    told: dict[str, Any] = read(turn.handover)
    context = {
        "turn": turn,
        "site": turn.site,
        "zone": turn.site.time_zone,
        "now": now,
        "title": words.DUTIES[which],
        "who": called(turn.user),
        "until": held[0].until if held else None,
        "is_on": bool(held),
        "is_mine": turn.user_id == me.pk,
        "told": told,
        "counts": {name: told["counts"].get(name, len(told[name])) for name in _LISTS},
        "more": {name: told["counts"].get(name, 0) - len(told[name]) for name in _LISTS},
    }
    return render(request, "dashboards/duty/handover.html", context)


def read(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept handover with its moments as such.  What an older version did not keep is empty."""
    told = {name: _moments(kept.get(name)) for name in ("at", "since", "before", *_LISTS)}
    return (
        {name: value if value is not None or name not in _LISTS else [] for name, value in told.items()}
        | {"counts": kept.get("counts") or {}}
        | {"at": _moment(kept.get("at")), "since": _moment(kept.get("since"))}
    )


def _moments(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_moments(one) for one in kept]
    if isinstance(kept, Mapping):
        return {name: _moment(value) if name in _MOMENTS else value for name, value in kept.items()}
    return kept


def _moment(kept: Any) -> datetime | None:
    return parse_datetime(kept) if isinstance(kept, str) else None
