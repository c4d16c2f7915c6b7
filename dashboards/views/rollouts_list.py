"""Rollouts of one's sites: what runs, what waits for somebody, what is over."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access.guards import page as guarded
from dashboards.lists import exports
from dashboards.lists.scope import scope_of
from dashboards.rollouts.listing import listing, rows


@require_safe
@guarded
def rollouts(request: HttpRequest, *, as_csv: bool = False) -> HttpResponseBase:
    scope, now = scope_of(request), timezone.now()
    here_is = listing(scope, now)
    asked = here_is.ask(request.GET)
    here = scope.narrowed(asked.value("site"))
    found = rows(here, asked)
    if as_csv:
        return exports.answer(request, here_is, asked, found, place=here.place, today=here.today(now))
    page = here_is.page(asked, found, now=now, time_zone=scope.time_zone, is_one_zone=len(scope.sites) > 1)
    may_write = bool(scope_of(request, "write_rollout").sites)
    return render(request, "dashboards/rollouts/list.html", {"list": page, "may_write": may_write})
