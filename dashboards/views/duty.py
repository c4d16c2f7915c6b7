"""Who is on duty: taking over, ending a turn, notes for the next, the rota as a week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import bars, roster, words
from dashboards.duty.forms import NoteForm
from dashboards.duty.week import DAYS, Day, monday_of, week
from dashboards.lists.scope import Scope, scope_of
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.access.people import called
from fleet.paging import duty as duties
from fleet.paging.models import Note, Shift, Turn
from fleet.safety.words import Duty

_NOTES: Final = 10
_TURNS: Final = 10
_FAR: Final = timedelta(days=371)  # how far from today a rota can be leafed through


@dataclass(frozen=True, slots=True)
class Row:
    """A day of one duty's week: what its bars say, and the same in words."""

    day: Day
    noon: datetime  # of the day, so that its name is right in any zone
    is_today: bool
    bars: SafeString
    is_narrow: bool
    said: list[tuple[str, datetime, datetime]]


@require_safe
@page
def duty(request: HttpRequest) -> HttpResponse:
    return show(request)


def show(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Return the page; `forms` are those that could not be used, with what was typed.

    `?part=posts` answers with who is on duty alone.
    """
    me, now, scope = member(request), timezone.now(), scope_of(request)
    site = _chosen(scope, request.POST.get("site") or request.GET.get("site"))
    context: dict[str, Any] = {
        "site": site,
        "sites": scope.sites,
        "nothing": scope.nothing(""),
        "posts": roster.posts(me, scope.sites, now),
        "now": now,
        "once": once.word(),
        "note_form": NoteForm(),
        "zone": scope.time_zone,
    }
    if request.GET.get("part") == "posts":
        return render(request, "dashboards/duty/posts.html", context)
    if site is not None:
        context |= _about(me, site, request.GET.get("week", ""), now)
    return render(request, "dashboards/duty/duty.html", context | forms, status=status)


def _about(me: User, site: Site, asked: str, now: datetime) -> dict[str, Any]:
    zone = ZoneInfo(site.time_zone)
    today = now.astimezone(zone).date()
    monday = _monday(asked, today)
    shifts = list(Shift.objects.filter(site=site).select_related("user"))
    names = {shift.user_id: called(shift.user) for shift in shifts}
    return {
        "weeks": [
            (words.DUTIES[one], words.FOR_WHAT[one], _rows(shifts, one, names, monday, zone, now))
            for one in Duty
        ],
        "has_rota": {one.value: any(shift.duty == one for shift in shifts) for one in Duty},
        "monday": _noon(monday, zone),
        "sunday": _noon(monday + timedelta(days=DAYS - 1), zone),
        "before": _week_url(site, monday - timedelta(days=DAYS)),
        "after": _week_url(site, monday + timedelta(days=DAYS)),
        "this_week": _week_url(site, None) if monday != monday_of(today) else "",
        "notes": Note.objects.filter(site=site).select_related("by").order_by("-at")[:_NOTES],
        "turns": Turn.objects.filter(site=site).select_related("user").order_by("-since")[:_TURNS],
        "may_note": access.may(me, "acknowledge", site),
        "may_manage": access.may(me, "manage_telling", site),
    }


def _rows(
    shifts: Sequence[Shift], one: Duty, names: dict[int, str], monday: date, zone: ZoneInfo, now: datetime
) -> list[Row]:
    lines = [duties.line_of(shift) for shift in shifts if shift.duty == one]
    return [
        Row(
            day,
            _noon(day.day, zone),
            day.starts <= now < day.ends,
            bars.bar(day, names, zone, now),
            bars.is_narrow(day),
            [
                (_("nobody") if block.who is None else names[block.who], block.starts, block.ends)
                for block in day.blocks
            ],
        )
        for day in week(lines, monday, zone)
    ]


@require_POST
@page
def take(request: HttpRequest) -> HttpResponse:
    """Take a duty over; leads to what is handed over."""
    again = once.repeated(request)
    if again is not None:
        return again
    me, site, which = member(request), _site(request), _duty(request)
    turn = duties.take_over(actor=me, site=site, duty=which, note="", now=timezone.now())
    said = _("You are on duty at %(site)s now: %(duty)s. This is what is handed over to you.")
    messages.success(request, said % {"site": site.name, "duty": words.DUTIES[which]})
    return once.done(request, reverse("dashboards:handover", args=[turn.pk]))


@require_POST
@page
def end(request: HttpRequest, number: int) -> HttpResponse:
    """End a turn: one's own, or as somebody who manages the rota."""
    me = member(request)
    turn = Turn.objects.filter(pk=number, site__in=access.sites_of(me)).select_related("site", "user").first()
    if turn is None:
        raise Http404
    now = timezone.now()
    ended = duties.end_turn(actor=me, turn=turn, now=now)
    held = duties.on_duty_at(turn.site, Duty(turn.duty), now)
    words_now = words.listed([called(one.user) for one in held])
    if not ended:
        messages.info(request, _("This turn was over already."))
    elif held:
        said = _("The turn is ended. By the rota %(who)s is on duty at %(site)s now.")
        messages.success(request, said % {"who": words_now, "site": turn.site.name})
    else:
        said = _("The turn is ended. Nobody is on duty at %(site)s now: %(duty)s.")
        messages.warning(request, said % {"site": turn.site.name, "duty": words.DUTIES[Duty(turn.duty)]})
    return _back(turn.site)


@require_POST
@page
def note(request: HttpRequest) -> HttpResponse:
    """Leave something that the next on duty should know."""
    again = once.repeated(request)
    if again is not None:
        return again
    site, form = _site(request), NoteForm(request.POST)
    if form.is_valid():
        try:
            duties.leave_note(
                actor=member(request), site=site, text=form.cleaned_data["text"], now=timezone.now()
            )
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, _("Your note is kept: whoever takes over reads it."))
            return once.done(request, _week_url(site, None))
    return show(request, status=422, note_form=form)


def _chosen(scope: Scope, slug: str | None) -> Site | None:
    """Return the site that the page tells more of: the one asked for, else the first.  Raises Http404."""
    if slug is None:
        return scope.sites[0] if scope.sites else None
    for site in scope.sites:
        if site.slug == slug:
            return site
    raise Http404


def _site(request: HttpRequest) -> Site:
    return access.site_for(member(request), request.POST.get("site", "")[:64])


def _duty(request: HttpRequest) -> Duty:
    try:
        return Duty(request.POST.get("duty", ""))
    except ValueError:
        raise Http404 from None


def _monday(asked: str, today: date) -> date:
    """Return the Monday of the week that is asked for; of this one, where that is no day or too far away."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    return monday_of(day if abs(day - today) <= _FAR else today)


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)


def _week_url(site: Site, monday: date | None) -> str:
    asked = {"site": site.slug} | ({"week": monday.isoformat()} if monday else {})
    return f"{reverse('dashboards:duty')}?{urlencode(asked)}"


def _back(site: Site) -> HttpResponseRedirect:
    return HttpResponseRedirect(_week_url(site, None))
