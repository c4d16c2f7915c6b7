"""One alert: what, where, since when, what to do, who has it, the evidence, what happened, and who was told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.alerts.evidence import evidence as evidence_of
from dashboards.alerts.evidence import has_evidence, is_moving
from dashboards.alerts.forms import CommentForm
from dashboards.alerts.journal import journal, messages
from dashboards.words import alert_texts
from dashboards.words.alert_lines import to_do
from devices.models import Session
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.access.people import called
from fleet.paging import queries as paging
from fleet.safety import queries, texts
from fleet.safety.models import Alert
from fleet.safety.words import State

_UNDER = 50  # alerts listed under their cause; the console has all


def seen_alert(request: HttpRequest, number: int) -> Alert:
    """Return an alert of a site of the reader, or of the server itself.  Raises Http404 if they see none."""
    sites = access.sites_of(member(request))
    found = queries.visible(sites).filter(pk=number).first() if sites.exists() else None
    if found is None:
        raise Http404
    return found


def may(user: User, verb: str, alert: Alert) -> bool:
    """Whether somebody may do this about an alert; about the server's own, whoever may do it anywhere."""
    return access.may_anywhere(user, verb) if alert.site is None else access.may(user, verb, alert.site)


def zone_of(alert: Alert) -> str:
    return alert.site.time_zone if alert.site else settings.DISPLAY_TIME_ZONE


@require_safe
@never_cache
@login_required
def alert(request: HttpRequest, number: int) -> HttpResponse:
    """The page.  `?part=view` answers its matter alone, which scripts renew."""
    found = seen_alert(request, number)
    context = view_context(member(request), found, timezone.now())
    if request.GET.get("part") == "view":
        return render(request, "dashboards/alerts/view.html", context)
    context["texts"] = alert_texts.console_texts()
    return render(request, "dashboards/alerts/alert.html", context)


@require_safe
@never_cache
@login_required
def evidence(request: HttpRequest, number: int) -> HttpResponse:
    """The samples around it, for the plot."""
    found = seen_alert(request, number)
    if not has_evidence(found):
        raise Http404
    return JsonResponse(evidence_of(found, timezone.now()))


def view_context(reader: User, found: Alert, now: datetime) -> dict[str, Any]:
    """Return what `alerts/view.html` shows."""
    sites = access.sites_of(reader)
    told = list(paging.told_about(found, sites))
    return {
        "alert": found,
        "zone": zone_of(found),
        "now": now,
        "title": texts.title(found.rule),
        "sentence": texts.sentence(found),
        "to_do": to_do(found),
        "why": texts.why(found.rule),
        "priority": alert_texts.PRIORITIES.get(found.priority, found.priority),
        "state": state_words(found),
        "duty": alert_texts.DUTIES.get(found.duty, found.duty),
        "disposition": alert_texts.disposition(found.disposition),
        "has": called(found.acknowledged_by) if found.acknowledged_by else "",
        "assignee": called(found.assignee) if found.assignee else "",
        "session_url": _has_session(found),
        "can": _can(reader, found),
        "workshop": found.device.out_of_service.filter(ended_at=None).first() if found.device else None,
        "has_evidence": has_evidence(found),
        "moving": is_moving(found, now),
        "journal": journal(found),
        "messages_sent": messages(told),
        "next_step": _next_step(found),
        "explains": _under(found, sites),
        "comment_form": CommentForm(),
    }


def state_words(found: Alert) -> str:
    """Return where it stands, in one sentence."""
    words = alert_texts.STATES.get(found.state, found.state)
    if found.state == State.ACKNOWLEDGED and found.acknowledged_by:
        return _("%(name)s has it") % {"name": called(found.acknowledged_by)}
    return str(words)


def _can(reader: User, found: Alert) -> dict[str, bool]:
    is_open = found.state != State.CLOSED
    return {
        "acknowledge": is_open and found.acknowledged_at is None and may(reader, "acknowledge", found),
        "shelve": is_open and found.shelved_until is None and may(reader, "shelve", found),
        "unshelve": is_open and found.shelved_until is not None and may(reader, "shelve", found),
        "assign": is_open and may(reader, "acknowledge", found),
        "comment": may(reader, "acknowledge", found),
        "close": is_open and may(reader, "close_alert", found),
        "rules": found.site is not None and may(reader, "write_rule", found),
    }


def _has_session(found: Alert) -> bool:
    if found.device_id is None or not found.session:
        return False
    return Session.objects.filter(device=found.device_id, session=found.session).exists()


def _next_step(found: Alert) -> datetime | None:
    """Return when somebody else is told unless somebody acknowledges it."""
    if found.state == State.CLOSED or found.acknowledged_at is not None:
        return None
    return paging.next_steps([found]).get(found.pk)


def _under(found: Alert, sites: Iterable[Site]) -> dict[str, Any]:
    rows = queries.visible(sites).filter(cause=found).order_by("raised_at", "pk")
    shown = [(one, texts.sentence(one)) for one in rows[:_UNDER]]
    return {"shown": shown, "more": rows.count() - len(shown) if len(shown) == _UNDER else 0}
