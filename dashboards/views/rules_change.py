"""A site's rules: their versions, the form that makes the next one, and a stored day to try it on."""

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.rules import form as forms
from dashboards.rules import shown
from fleet.access import queries as access
from fleet.access import service
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.safety import replays, rulesets
from fleet.safety.changes import Changes, differences, standing
from fleet.safety.models import Replay
from fleet.safety.rules import RULES

VERSIONS_SHOWN: Final = 50
REPLAYS_SHOWN: Final = 10


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rules_change(request: HttpRequest, slug: str) -> HttpResponse:
    """`?version=`, `?replay=`: what the form begins with; `?rule=`: which rule the reader came for."""
    me = member(request)
    site = access.site_for(me, slug)
    held = rulesets.current(site.pk)
    if request.method == "POST":
        service.require(me, "write_rule", site, subject=site.slug)
        again = once.repeated(request)
        if again is not None:
            return again
        typed = forms.typed(request.POST.dict(), held.changes)
        done, error = (None, "") if typed.changes is None else _do(request, site, typed.changes)
        if done is not None:
            return done
        return _page(request, site, typed, error, status=422)
    start, told = _start(request, site, held.changes)
    return _page(request, site, forms.blank(start, request.GET.get("rule", "")), told=told)


def _do(request: HttpRequest, site: Site, changes: Changes) -> tuple[HttpResponse | None, str]:
    """Put the changes live, or try them on a day; return where that leads, or why it cannot be."""
    me, now = member(request), timezone.now()
    try:
        if request.POST.get("deed") == "try":
            day = parse_date(request.POST.get("day", "")[:10])
            if day is None:
                return None, _("Choose the day to try the numbers on.")
            replay = replays.ask(actor=me, site=site, day=day, changes=changes, now=now)
            return once.done(request, reverse("dashboards:rules-replay", args=[site.slug, replay.pk])), ""
        why = request.POST.get("why", "")
        row = rulesets.change(actor=me, site=site, changes=changes, why=why, now=now, seen=_seen(request))
    except (Refused, ValueError) as error:
        return None, str(error)
    text = _("Version %(version)d holds now, and is judged by within two seconds.") % {"version": row.version}
    messages.success(request, text)
    return once.done(request, reverse("dashboards:rules-change", args=[site.slug])), ""


def _seen(request: HttpRequest) -> int | None:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _start(request: HttpRequest, site: Site, held: Changes) -> tuple[Changes, str]:
    """Return what the form begins with, and a sentence that says so if it is not what holds."""
    number = request.GET.get("version", "")
    if number == "0":
        return {}, _("The form below holds the product's own numbers. They are not live yet.")
    if number.isascii() and number.isdigit() and len(number) < 10:
        row = rulesets.of_site(site.pk).filter(version=int(number)).first()
        if row is not None:
            text = _("The form below holds version %(version)d. It is not live yet.") % {
                "version": row.version
            }
            return row.changes, text
    number = request.GET.get("replay", "")
    if number.isascii() and number.isdigit() and len(number) < 10:
        tried = Replay.objects.filter(site=site, pk=int(number)).first()
        if tried is not None:
            return tried.changes, _("The form below holds what was tried. It is not live yet.")
    return held, ""


def _page(
    request: HttpRequest, site: Site, form: forms.Form, error: str = "", *, told: str = "", status: int = 200
) -> HttpResponse:
    now = timezone.now()
    held = rulesets.current(site.pk)
    rows = list(rulesets.of_site(site.pk)[: VERSIONS_SHOWN + 1])
    first, last = replays.days(site, now)
    context: dict[str, Any] = {
        "now": now,
        "site": site,
        "form": form,
        "error": error,
        "told": told,
        "version": held.version,
        "pending": shown.changed(differences(held.changes, form.changes)) if form.changes is not None else (),
        "live": shown.changed(differences({}, standing(held.changes))),
        "versions": shown.versions(rows)[:VERSIONS_SHOWN],
        "is_cut": len(rows) > VERSIONS_SHOWN,
        "may_change": access.may(member(request), "write_rule", site),
        "without_numbers": [shown.texts.title(one.id) for one in RULES.values() if not one.parameters],
        "replays": [(one, _day_at(one)) for one in replays.of_site(site)[:REPLAYS_SHOWN]],
        "first_day": str(first),
        "last_day": str(last),
        "day": request.POST.get("day") or str(last),
        "why": request.POST.get("why", ""),
        "once": request.POST.get(once.FIELD) or once.word(),
    }
    return render(request, "dashboards/rules/change.html", context, status=status)


def _day_at(replay: Replay) -> datetime:
    """Return the first instant of its day there."""
    return replays.bounds(replay.day, replay.site.time_zone)[0]


@require_http_methods(["GET", "HEAD"])
@page
def rules_replay(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """`?part=live` answers with what changes alone, while the day is being judged."""
    site = access.site_for(member(request), slug)
    replay = replays.of_site(site).filter(pk=number).first()
    if replay is None:
        raise access.NotVisible(str(number))
    now = timezone.now()
    context = {
        "now": now,
        "site": site,
        "replay": replay,
        "day_at": _day_at(replay),
        "state": replays.state(replay, now),
        "percent": round(replay.done * 100),
        "changed": shown.changed(differences({}, standing(replay.changes))),
        "rows": shown.replayed(replay.result or {}),
        "may_change": access.may(member(request), "write_rule", site),
    }
    part = request.GET.get("part") == "live"
    template = "dashboards/rules/replay_live.html" if part else "dashboards/rules/replay.html"
    return render(request, template, context)
