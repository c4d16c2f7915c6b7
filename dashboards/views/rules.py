"""The rules: all of them as they hold at a site, and each one with what it raised lately."""

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.lists.scope import Scope, scope_of
from dashboards.rules import shown, words
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.safety import queries, rulesets, texts
from fleet.safety.rules import PRODUCT, RULES

RECENT: Final = 20


@require_safe
@never_cache
@login_required
def rules(request: HttpRequest) -> HttpResponse:
    """`?site=`: where; without it the first of the reader's sites."""
    now = timezone.now()
    scope = scope_of(request)
    site = _site(request, scope)
    held = rulesets.current(site.pk) if site else rulesets.PRODUCT
    counted = shown.counted([site] if site else [], now)
    context = {
        "now": now,
        "sites": scope.sites,
        "site": site,
        "version": held.version,
        "rules": shown.all_shown(shown.limits(held.changes), counted),
        "may_change": site is not None and access.may(member(request), "write_rule", site),
        "days": shown.LOOK_BACK.days,
    }
    return render(request, "dashboards/rules/rules.html", context)


@require_safe
@never_cache
@login_required
def rule(request: HttpRequest, rule: str) -> HttpResponse:
    """Raises Http404 for a rule that there is not."""
    if rule not in RULES:
        raise Http404
    now = timezone.now()
    scope = scope_of(request)
    here = scope.narrowed(request.GET.get("site") if _site(request, scope) else None)
    recent = queries.visible(here.ids).filter(rule=rule).order_by("-raised_at", "-pk")
    told, useless = shown.verdicts(rule, here.sites, now)
    context = {
        "now": now,
        "rule": shown.shown(RULES[rule], PRODUCT),
        "places": [_place(request, one, rule) for one in here.sites],
        "narrowed": here.sites[0] if len(here.sites) == 1 and len(scope.sites) > 1 else None,
        "recent": [(one, texts.sentence(one), _zone(one.site, here)) for one in recent[:RECENT]],
        "verdicts": told,
        "useless": useless,
        "alerts": shown.counted(here.sites, now)[rule],
        "days": shown.LOOK_BACK.days,
        "dispositions": words.DISPOSITIONS,
    }
    return render(request, "dashboards/rules/rule.html", context)


def _site(request: HttpRequest, scope: Scope) -> Site | None:
    """Return the site that the address names; else the first one of the reader's."""
    asked = scope.narrowed(request.GET.get("site") or None).sites
    return (asked or scope.sites or (None,))[0]


def _place(request: HttpRequest, site: Site, rule: str) -> dict[str, Any]:
    held = rulesets.current(site.pk)
    return {
        "site": site,
        "version": held.version,
        "rule": shown.shown(RULES[rule], shown.limits(held.changes)),
        "may_change": access.may(member(request), "write_rule", site),
    }


def _zone(site: Site | None, scope: Scope) -> str:
    return site.time_zone if site else scope.time_zone
