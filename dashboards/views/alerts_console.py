"""The console: every open alert of one's sites, live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import Case, Exists, IntegerField, OuterRef, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.lists.scope import Scope, scope_of
from dashboards.words import alert_texts
from devices.queries import moment
from fleet.access.people import called
from fleet.safety import queries, texts
from fleet.safety.models import Alert
from fleet.safety.words import OPEN, RANK, TRUE

FIRST: Final = 60  # lines that the server renders; the script reads all
ANY_ALERT: Final = 987654321  # stands for the number in addresses that the script fills in


@dataclass(frozen=True, slots=True)
class Line:
    """One alert as the first rendering shows it."""

    alert: Alert
    text: str
    where: str
    who: str
    priority: str
    raised: str  # ISO 8601 UTC


@require_safe
@never_cache
@login_required
def console(request: HttpRequest) -> HttpResponse:
    """The page, with the first lines as the database knows them; `console.js` takes over from there."""
    scope = scope_of(request)
    now = timezone.now()
    context = {
        "scope": scope,
        "now": now,
        "zone": scope.time_zone,
        "lines": _lines(scope) if scope.sites else [],
        "nothing": scope.nothing(""),
        "priorities": alert_texts.PRIORITIES.items(),
        "shows": alert_texts.SHOWS.items(),
        "duties": alert_texts.DUTIES.items(),
        "texts": alert_texts.console_texts(),
        "about": _about(member(request), scope, now),
    }
    return render(request, "dashboards/alerts/console.html", context)


def _lines(scope: Scope) -> list[Line]:
    """In the order of `arrange` in console-order.js, which takes over from here."""
    rank = Case(*(When(priority=one, then=Value(n)) for one, n in RANK.items()), output_field=IntegerField())
    over = Case(When(state__in=TRUE, then=Value(0)), default=Value(1), output_field=IntegerField())
    explains = Exists(Alert.objects.filter(cause=OuterRef("pk"), state__in=OPEN))
    rows = queries.open_alerts(scope.ids).filter(queries.IS_LINE)
    return [_line(one, scope) for one in rows.order_by(rank, over, explains, "-raised_at", "-pk")[:FIRST]]


def _line(alert: Alert, scope: Scope) -> Line:
    return Line(
        alert,
        texts.sentence(alert),
        where(alert, with_site=len(scope.sites) > 1),
        who(alert),
        str(alert_texts.PRIORITIES.get(alert.priority, alert.priority)),
        moment(alert.raised_at),
    )


def where(alert: Alert, *, with_site: bool) -> str:
    """Return where it is, in the order in which one looks for it."""
    parts = []
    if alert.device is not None:
        parts += [alert.device.name or alert.device.serial, alert.device.room]
        parts += [alert.device.serial] if alert.device.name else []
    if alert.site is None:
        parts.append(alert_texts.console_texts()["where.server"])
    elif with_site or not parts:
        parts.append(alert.site.name)
    return " · ".join(filter(None, parts))


def who(alert: Alert) -> str:
    if alert.acknowledged_by is not None:
        return alert_texts.console_texts()["who.has"].format(name=called(alert.acknowledged_by))
    return str(alert_texts.STATES.get(alert.state, alert.state))


def _about(reader: User, scope: Scope, now: datetime) -> dict[str, Any]:
    """Return what the script knows besides the alerts: names of sites and people, and addresses."""
    people = User.objects.filter(memberships__site__in=scope.ids).distinct()
    return {
        "now": now.timestamp() * 1000,
        "me": reader.get_username(),
        "zone": scope.time_zone,
        "sites": {site.slug: site.name for site in scope.sites},
        "people": {one.get_username(): called(one) for one in people},
        "alert_url": reverse("dashboards:alert", args=[ANY_ALERT]),
        "any": str(ANY_ALERT),
        "together_url": reverse("dashboards:alerts-acknowledge"),
    }
