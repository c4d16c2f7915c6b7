"""GET alerts, and what people do with them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import alert_schemas as schemas
from dashboards.api.auth import asker, visible_device, visible_site, visible_sites
from dashboards.api.metric_schemas import Metrics
from dashboards.api.params import Blank, Moment, Page, Storable, Text, answered, cursor_of, listed
from dashboards.api.problems import Problem, not_found, wrong_parameter
from dashboards.api.schemas import Page as PageOf
from devices.queries import MAX_NUMBER
from fleet.access.errors import Refused
from fleet.safety import burden_queries, queries, service
from fleet.safety.models import Alert
from fleet.safety.words import OPEN, Disposition, State

MOST_AT_ONCE = 1_000
LONGEST_METRICS = timedelta(days=92)
USUAL_METRICS = timedelta(days=1)

router = Router(tags=["alerts"])

AlertId = Annotated[int, Path()]  # one that no alert can have is as good as unknown: 404


class Asked(Schema):
    """Filters; all that are given must hold."""

    state: Annotated[
        Literal["open", "raised", "acknowledged", "cleared", "closed"] | None,
        Blank,
        Field(description="`open`: all but closed"),
    ] = None
    site: Annotated[Text, Field(description="slug; without it also alerts of the server itself")] = None
    priority: Annotated[schemas.Priority | None, Blank] = None
    device: Annotated[Text, Field(description="serial")] = None
    rule: Annotated[Text, Field(description="such as `electrode_off`")] = None
    duty: Annotated[schemas.Duty | None, Blank] = None


@router.get(
    "/alerts",
    response=PageOf[schemas.Alert],
    operation_id="listAlerts",
    summary="Alerts, the newest first",
)
def list_alerts(request: HttpRequest, asked: Query[Asked], page: Query[Page]) -> HttpResponse:
    """By when they were raised.  Alerts of the server itself have neither device nor site, and are everybody's."""
    alerts = _asked(request, asked)
    after = page.after_moment(of="alerts")
    if after is not None:
        alerts = alerts.filter(Q(raised_at__lt=after[0]) | Q(raised_at=after[0], pk__lt=after[1]))
    rows = list(alerts.order_by("-raised_at", "-pk")[: page.limit + 1])
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    return listed(
        [queries.alert_object(row) for row in rows[: page.limit]],
        cursor_of(last.raised_at.isoformat(), last.pk, of="alerts") if last else None,
    )


def _asked(request: HttpRequest, asked: Asked) -> QuerySet[Alert]:
    found = queries.visible(visible_sites(request))
    if asked.site is not None:
        found = found.filter(site=visible_site(request, asked.site))
    if asked.device is not None:
        found = found.filter(device=visible_device(request, asked.device))
    if asked.state == "open":
        found = found.filter(state__in=OPEN)
    elif asked.state is not None:
        found = found.filter(state=asked.state)
    for name in ("priority", "rule", "duty"):
        value = getattr(asked, name)
        if value is not None:
            found = found.filter(**{name: value})
    return found


class Span(Schema):
    """Which time the figures are of."""

    site: Annotated[Text, Field(description="slug; default: every site you see")] = None
    from_: Annotated[Moment, Field(alias="from", description="default: a day before `to`")] = None
    to: Annotated[Moment, Field(description="default: now")] = None


@router.get(
    "/alerts/metrics",
    response=Metrics,
    by_alias=True,
    operation_id="getAlertMetrics",
    summary="How much alerts ask of the people on duty",
)
def get_metrics(request: HttpRequest, span: Query[Span]) -> HttpResponse:
    """The figures of ISA-18.2 and EEMUA 191 by operator position (site and duty), with bins of ten minutes."""
    now = timezone.now()
    until = min(span.to or now, now)
    since = span.from_ or until - USUAL_METRICS
    if since >= until:
        raise wrong_parameter("from", _("a moment before `to` (%(to)s) expected") % {"to": until}, str(since))
    if until - since > LONGEST_METRICS:
        expected = _("at most %(days)d days before `to` expected") % {"days": LONGEST_METRICS.days}
        raise wrong_parameter("from", expected, str(since))
    sites = [visible_site(request, span.site)] if span.site else list(visible_sites(request).order_by("slug"))
    return answered(burden_queries.metrics(sites, since, until, now))


@router.get(
    "/alerts/{int:alert_id}",
    response=schemas.AlertInFull,
    operation_id="getAlert",
    summary="One alert in full",
)
def get_alert(request: HttpRequest, alert_id: AlertId) -> HttpResponse:
    """With what to do about it, why its rule exists, and its journal, the oldest entry first."""
    alert = _visible(request, alert_id)
    return answered(queries.alert_object(alert) | queries.in_full(alert))


# --- what people do ---


class Several(Schema):
    """Which alerts."""

    ids: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_NUMBER)]], Field(min_length=1, max_length=MOST_AT_ONCE)
    ]


class Shelf(Schema):
    """For how long, and why."""

    minutes: Annotated[int, Field(description="1…480; engineers up to 43,200 (30 days)")]
    reason: Annotated[str, Field(max_length=1000), Storable]
    one_shot: Annotated[bool, Field(description="the shelf ends when the alert clears, too")] = False


class Closing(Schema):
    """What it turned out to be."""

    disposition: schemas.Disposition
    note: Annotated[str, Field(max_length=2000), Storable] = ""


class Assignee(Schema):
    """Who is to see to it."""

    to: Annotated[
        str | None, Field(max_length=150, description="username; null: nobody in particular"), Storable
    ]


class Words(Schema):
    text: Annotated[str, Field(max_length=2000), Storable]


@router.post(
    "/alerts/acknowledge",
    response=PageOf[schemas.Alert],
    operation_id="acknowledgeAlerts",
    summary="Somebody has these alerts",
)
def acknowledge_several(request: HttpRequest, several: Several) -> HttpResponse:
    """All or none: 404 if you do not see one of them.  What is closed, or somebody has already, stays as it is."""
    ids = set(several.ids)
    alerts = list(queries.visible(visible_sites(request)).filter(pk__in=ids))
    if len(alerts) < len(ids):
        missing = min(ids - {alert.pk for alert in alerts})
        raise not_found(f"alert {missing}")
    done = service.acknowledge(actor=asker(request), alerts=alerts, now=timezone.now())
    again = queries.alerts().in_bulk([alert.pk for alert in done])
    return listed([queries.alert_object(again[pk]) for pk in dict.fromkeys(several.ids)], None)


@router.post(
    "/alerts/{int:alert_id}/acknowledge",
    response=schemas.Alert,
    operation_id="acknowledgeAlert",
    summary="Somebody has it",
)
def acknowledge(request: HttpRequest, alert_id: AlertId) -> HttpResponse:
    """Whoever had it first keeps it.  409 if it is closed."""

    def deed(actor: User, alert: Alert, now: datetime) -> Alert:
        [seen] = service.acknowledge(actor=actor, alerts=[alert], now=now)
        if seen.state == State.CLOSED:
            raise service.Over(_("This alert is closed."))
        return seen

    return _done(request, alert_id, deed)


@router.post(
    "/alerts/{int:alert_id}/shelve", response=schemas.Alert, operation_id="shelveAlert", summary="Put it away"
)
def shelve(request: HttpRequest, alert_id: AlertId, shelf: Shelf) -> HttpResponse:
    """Nobody is told of it until the shelf ends, and its end is announced.  409 if it is closed.

    The shelf ends early if the alert gets worse than it is now, or rises in another person's session.  One that is
    high and true stays on its tile and in every count: a shelf rests sound and messages, it hides no danger.
    """
    return _done(request, alert_id, lambda actor, alert, now: service.shelve(
        actor=actor, alert=alert, minutes=shelf.minutes, reason=shelf.reason, one_shot=shelf.one_shot, now=now
    ))  # fmt: skip


@router.post(
    "/alerts/{int:alert_id}/unshelve",
    response=schemas.Alert,
    operation_id="unshelveAlert",
    summary="Take it off its shelf",
)
def unshelve(request: HttpRequest, alert_id: AlertId) -> HttpResponse:
    """If it is true and nobody has it, it is told anew.  409 if it is closed, or on no shelf."""
    return _done(
        request, alert_id, lambda actor, alert, now: service.unshelve(actor=actor, alert=alert, now=now)
    )


@router.post(
    "/alerts/{int:alert_id}/close", response=schemas.Alert, operation_id="closeAlert", summary="It is over"
)
def close(request: HttpRequest, alert_id: AlertId, closing: Closing) -> HttpResponse:
    """409 if it is closed already.  One that is still true comes back, as a new alert, when that is heard again."""
    return _done(request, alert_id, lambda actor, alert, now: service.close(
        actor=actor, alert=alert, disposition=Disposition(closing.disposition), note=closing.note, now=now
    ))  # fmt: skip


@router.post(
    "/alerts/{int:alert_id}/assign",
    response=schemas.Alert,
    operation_id="assignAlert",
    summary="Give it to somebody",
)
def assign(request: HttpRequest, alert_id: AlertId, assignee: Assignee) -> HttpResponse:
    """To somebody who sees it, or to nobody.  409 if it is closed."""

    def deed(actor: User, alert: Alert, now: datetime) -> Alert:
        to = None if assignee.to is None else User.objects.filter(username=assignee.to).first()
        unknown = wrong_parameter(
            "to", _("the username of somebody who sees this alert expected"), str(assignee.to)
        )
        if assignee.to is not None and to is None:
            raise unknown
        try:
            return service.assign(actor=actor, alert=alert, to=to, now=now)
        except service.Over:
            raise
        except Refused:  # as for a name that nobody has: who works elsewhere is not told here
            raise unknown from None

    return _done(request, alert_id, deed)


@router.post(
    "/alerts/{int:alert_id}/comment",
    response=schemas.AlertInFull,
    operation_id="commentAlert",
    summary="Write into its journal",
)
def comment(request: HttpRequest, alert_id: AlertId, words: Words) -> HttpResponse:
    """Also after it was closed."""

    def deed(actor: User, alert: Alert, now: datetime) -> Alert:
        return service.comment(actor=actor, alert=alert, text=words.text, now=now)

    return _done(request, alert_id, deed, in_full=True)


def _done(
    request: HttpRequest,
    alert_id: int,
    deed: Callable[[User, Alert, datetime], Alert],
    *,
    in_full: bool = False,
) -> HttpResponse:
    alert = _visible(request, alert_id)
    try:
        done = deed(asker(request), alert, timezone.now())
    except service.Over as error:
        raise Problem(409, str(error)) from None
    return answered(queries.alert_object(done) | (queries.in_full(done) if in_full else {}))


def _visible(request: HttpRequest, alert_id: int) -> Alert:
    alert = None
    if alert_id <= MAX_NUMBER:
        alert = queries.visible(visible_sites(request)).filter(pk=alert_id).first()
    if alert is None:
        raise not_found(f"alert {alert_id}")
    return alert
