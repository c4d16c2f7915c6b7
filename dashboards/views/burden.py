"""How much alerts ask of the people on duty: the figures of ISA-18.2 and EEMUA 191, a site and duty."""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.burden import figures, plots
from dashboards.lists.scope import Scope, scope_of
from fleet.access import queries as access
from fleet.safety import burden_queries
from fleet.safety.burden import ENOUGH_DAYS
from fleet.safety.burden_queries import Position
from fleet.safety.words import Duty

SPANS: Final = (1, 7, 30, 90)  # days
USUAL: Final = 30


@require_safe
@never_cache
@login_required
def burden(request: HttpRequest) -> HttpResponse:
    """`?site=&duty=&days=`: which position is shown in full, and over how long."""
    now = timezone.now()
    scope = scope_of(request)
    days = _days(request.GET.get("days", ""))
    found = burden_queries.positions(scope.sites, now - timedelta(days=days), now, now)
    context: dict[str, Any] = {
        "now": now,
        "scope": scope,
        "days": days,
        "enough_days": ENOUGH_DAYS,
        "spans": [(one, _address(request, days=one), one == days) for one in SPANS],
        "rows": [_row(request, one) for one in found],
        "asked_in_vain": _asked_in_vain(request, scope, days),
    }
    if found:
        context |= _whole(request, _chosen(request, found), now)
    return render(request, "dashboards/rules/burden.html", context)


def _days(text: str) -> int:
    return int(text) if text in {str(one) for one in SPANS} else USUAL


def _asked_in_vain(request: HttpRequest, scope: Scope, days: int) -> list[str]:
    """Return the names of what the address asks for and this page does not have."""
    wrong = []
    if request.GET.get("days") not in (None, "", str(days)):
        wrong.append("days")
    if request.GET.get("site") not in (None, "", *(site.slug for site in scope.sites)):
        wrong.append("site")
    if request.GET.get("duty") not in (None, "", *(one.value for one in Duty)):
        wrong.append("duty")
    return wrong


def _chosen(request: HttpRequest, found: list[Position]) -> Position:
    """Return the position that the address names; else the one that most is asked of."""
    site, duty = request.GET.get("site"), request.GET.get("duty")
    matching = [one for one in found if site in (None, "", one.site.slug)] or found
    matching = [one for one in matching if duty in (None, "", one.duty.value)] or matching
    return max(matching, key=lambda one: one.burden.alarms)


def _address(request: HttpRequest, **changed: object) -> str:
    kept = {name: request.GET[name] for name in ("site", "duty", "days") if request.GET.get(name)}
    return "?" + urlencode({**kept, **changed})


def _row(request: HttpRequest, one: Position) -> dict[str, Any]:
    return {
        "position": one,
        "label": figures.label(one),
        "url": _address(request, site=one.site.slug, duty=one.duty.value),
        "cells": figures.overview(one),
    }


def _whole(request: HttpRequest, one: Position, now: datetime) -> dict[str, Any]:
    query = {"site": one.site.slug, "from": one.since.isoformat(), "to": now.isoformat()}
    return {
        "chosen": one,
        "known": one.burden,
        "label": figures.label(one),
        "figures": figures.figures(one),
        "mix": figures.mix(one),
        "floods": figures.floods(one),
        "actors": figures.actors(one),
        "stale": figures.stale(one),
        "may_change": access.may(request.user, "write_rule", one.site),
        "plot": plots.data(one),
        "json_url": f"{reverse('api:api-root')}alerts/metrics?{urlencode(query)}",
        "zone": one.site.time_zone,
    }
