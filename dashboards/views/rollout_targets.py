"""The devices of one rollout, as a list and as CSV; each reader's are those at their own sites."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access.guards import page as guarded
from dashboards.lists import exports
from dashboards.lists.scope import Scope
from dashboards.rollouts.target_list import listing, rows
from dashboards.views.rollout_page import frame, seen_rollout
from fleet.rollouts.models import Target


@require_safe
@guarded
def targets(request: HttpRequest, number: UUID, *, as_csv: bool = False) -> HttpResponseBase:
    found = seen_rollout(request, number)
    context = frame(request, found)
    scope, now = Scope(tuple(context["sites"])), timezone.now()
    here = listing(found, scope.sites, context["name"])
    asked = here.ask(request.GET)
    shown = rows(found, scope.sites, asked)
    if as_csv:
        return exports.answer(request, here, asked, shown, place=scope.place, today=scope.today(now))
    page = here.page(asked, shown, now=now, time_zone=scope.time_zone)
    hidden = Target.objects.filter(rollout=found).exclude(device__site__in=scope.ids).count()
    return render(request, "dashboards/rollouts/targets.html", context | {"list": page, "hidden": hidden})
