"""Who is told of a site's alerts, when and by what; what was told lately."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access import once, shown
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import channels, roster, words
from dashboards.duty.forms import ShiftForm, WebhookForm
from dashboards.lists.scope import Scope
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.access.people import called
from fleet.paging import duty as duties
from fleet.paging import queries, service
from fleet.paging.channels import email, push
from fleet.paging.models import Policy, PushAddress, Shift
from fleet.paging.policies import Channel, Plan
from fleet.safety import texts
from fleet.safety.words import Duty, Priority

VERB: Final = "manage_telling"
LATELY: Final = timedelta(days=7)
_TOLD: Final = 50
TOLD_PRIORITIES: Final = (Priority.HIGH, Priority.MEDIUM, Priority.LOW)  # an info is no alert that is told


@dataclass(frozen=True, slots=True)
class Told:
    """How alerts of one priority are told, in words; `policy` None: as the product does."""

    priority: Priority
    title: str
    policy: Policy | None
    steps: list[tuple[str, str, str]]
    repeat: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody's hours on several days of the week; `able`: they may (still) take this duty."""

    shift: Shift
    days: str
    able: bool


@require_safe
@page
def telling(request: HttpRequest, slug: str) -> HttpResponse:
    return show(request, access.site_for(member(request), slug))


def show(request: HttpRequest, site: Site, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Return the page; `forms` are those that could not be used, with what was typed."""
    me, now = member(request), timezone.now()
    may_manage = access.may(me, VERB, site)
    today = Scope((site,)).today(now)
    shifts = list(queries.rota_of(site))
    context: dict[str, Any] = {
        "site": site,
        "zone": site.time_zone,
        "now": now,
        "may_manage": may_manage,
        "told": [_told(site, priority) for priority in TOLD_PRIORITIES],
        "rota": [(words.DUTIES[one], words.FOR_WHAT[one], _lines(site, shifts, one)) for one in Duty],
        "unreached": _unreached(shifts),
        "deliveries": [
            (one, texts.short(one.alert), words.recipient(one), words.CHANNELS[Channel(one.channel)],
             words.STATES.get(one.state, one.state))
            for one in queries.told_at(site, since=now - LATELY)[:_TOLD]
        ],
        "webhooks": list(queries.webhooks_of(site)),
        "once": once.word(),
        "unset": channels.unset(),
    }  # fmt: skip
    if may_manage:
        context |= {"shift_form": ShiftForm(site=site, today=today), "webhook_form": WebhookForm()}
        context |= shown.to_show(request, "webhook")
    answer = render(request, "dashboards/duty/telling.html", context | forms, status=status)
    return shown.forget(answer) if may_manage else answer


def _told(site: Site, priority: Priority) -> Told:
    plan = service.plan_of(site, priority)
    policy = Policy.objects.filter(site=site, priority=priority).select_related("changed_by").first()
    people, sites = roster.known_of(plan)
    steps = [(words.after(one.after_s), words.whom(one, people, sites), words.by(one)) for one in plan.steps]
    return Told(priority, str(words.PRIORITIES[priority]), policy, steps, words.repeat(plan), plan)


def _lines(site: Site, shifts: list[Shift], one: Duty) -> list[Line]:
    """Return the lines of one duty, one for each person and hours, whatever days they are on."""
    able = {user.pk for user in duties.anyone([site.pk], one)}
    alike: dict[tuple[object, ...], list[Shift]] = {}
    for shift in shifts:
        if shift.duty == one:
            alike.setdefault(same_hours(shift), []).append(shift)
    return [
        Line(those[0], words.days([shift.weekday for shift in those]), those[0].user_id in able)
        for those in alike.values()
    ]


def same_hours(shift: Shift) -> tuple[object, ...]:
    """Return what the days of one line have in common."""
    return (shift.user_id, shift.duty, shift.starts, shift.ends, shift.first_day, shift.last_day)


def _unreached(shifts: list[Shift]) -> list[str]:
    """Return who of the rota gets neither mail nor push, as this server is set up and they are."""
    people = {shift.user_id: shift.user for shift in shifts if shift.user.is_active}
    reached = {pk for pk, user in people.items() if user.email} if email.is_set_up() else set()
    if push.is_set_up():
        browsers = PushAddress.objects.filter(user__in=people, gone_at=None)
        reached |= set(browsers.values_list("user_id", flat=True))
    return sorted(called(user) for pk, user in people.items() if pk not in reached)
