"""GET sessions: one row a session, joined over reconnects."""

from typing import Annotated

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import schemas, session_dose
from dashboards.api.auth import visible_device, visible_site, visible_sites
from dashboards.api.params import Page, Text, answered, cursor_of, listed
from dashboards.api.problems import Problem, not_found
from devices import queries
from devices import sessions as sessions_in_full
from devices.models import Session

router = Router(tags=["sessions"])


class Asked(Schema):
    """Filters; all that are given must hold."""

    device: Annotated[Text, Field(description="serial")] = None
    subject: Annotated[Text, Field(description="token of a person")] = None
    site: Annotated[Text, Field(description="slug")] = None


class Which(Schema):
    device: Annotated[Text, Field(description="serial, where two devices chose the same id")] = None


def _visible(request: HttpRequest) -> QuerySet[Session]:
    return Session.objects.filter(device__site__in=visible_sites(request))


@router.get(
    "/sessions",
    response=schemas.Page[schemas.Session],
    operation_id="listSessions",
    summary="Sessions, newest first",
)
def list_sessions(
    request: HttpRequest,
    page: Query[Page],
    asked: Query[Asked],
) -> HttpResponse:
    """Newest first, by their newest record."""
    sessions = _visible(request)
    if asked.device is not None:
        sessions = sessions.filter(device=visible_device(request, asked.device))
    if asked.site is not None:
        sessions = sessions.filter(device__site=visible_site(request, asked.site))
    if asked.subject is not None:
        sessions = sessions.filter(subject=asked.subject)
    after = page.after_moment(of="sessions")
    if after is not None:
        sessions = sessions.filter(Q(last_at__lt=after[0]) | Q(last_at=after[0], pk__lt=after[1]))
    rows = list(
        sessions.order_by("-last_at", "-pk").select_related("device__site", "device__live")[: page.limit + 1]
    )
    items = queries.session_objects(rows[: page.limit], timezone.now())
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    return listed(items, cursor_of(last.last_at.isoformat(), last.pk, of="sessions") if last else None)


@router.get(
    "/sessions/{id}",
    response=schemas.SessionInFull,
    by_alias=True,
    operation_id="getSession",
    summary="One session",
)
def get_session(
    request: HttpRequest,
    id: str,
    which: Query[Which],
) -> HttpResponse:
    """By the id that its device chose; 409 if two devices chose the same one and `device` is not given.

    With `prescribed` and `dose`, which the list leaves out.
    """
    sessions = _visible(request).filter(session=id) if "\0" not in id else Session.objects.none()
    if which.device is not None:
        sessions = sessions.filter(device=visible_device(request, which.device))
    rows = list(sessions.select_related("device__site", "device__live")[:2])
    if not rows:
        raise not_found(f"session {id[:64]!r}")
    if len(rows) > 1:
        raise Problem(409, _("More than one device has a session %(id)r; add ?device=<serial>.") % {"id": id})
    now = timezone.now()
    report = sessions_in_full.report(rows[0], now)
    return answered(queries.session_objects(rows, now)[0] | session_dose.told(report))
