"""GET rejects: what was refused on the wire, for whoever may see the device."""

from typing import Annotated

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import schemas
from dashboards.api.auth import asker, visible_device
from dashboards.api.params import Page, Text, cursor_of, listed
from devices import queries
from devices.models import Reject
from fleet.access import queries as access


class Asked(Schema):
    """Filters; all that are given must hold."""

    device: Annotated[Text, Field(description="serial; for administrators also an unknown one")] = None
    reason: Text = None


router = Router(tags=["rejects"])


@router.get(
    "/rejects",
    response=schemas.Page[schemas.Reject],
    operation_id="listRejects",
    summary="Rejects, newest first",
)
def list_rejects(
    request: HttpRequest,
    page: Query[Page],
    asked: Query[Asked],
) -> HttpResponse:
    """Newest first.  What came under an unknown serial is seen by administrators only."""
    rejects = _visible(request, asked.device)
    if asked.reason is not None:
        rejects = rejects.filter(reason=asked.reason)
    after = page.after_moment(of="rejects")
    if after is not None:
        rejects = rejects.filter(Q(at__lt=after[0]) | Q(at=after[0], pk__lt=after[1]))
    rows = list(rejects.order_by("-at", "-pk")[: page.limit + 1])
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    return listed(
        queries.reject_objects(rows[: page.limit]),
        cursor_of(last.at.isoformat(), last.pk, of="rejects") if last else None,
    )


def _visible(request: HttpRequest, serial: str | None) -> QuerySet[Reject]:
    """Return the rejects of one serial, or all, as far as the asker may see them.

    Raises:
        Problem: 404, if the asker sees no device of that serial; an administrator finds nothing instead: to
            them it may be the serial of no device.
    """
    user = asker(request)
    unknown = access.may_anywhere(user, "see_unknown_rejects")
    known = Q(device__site__in=access.sites_where(user, "see_rejects"))
    if serial is not None:
        if not unknown:
            return Reject.objects.filter(device=visible_device(request, serial, verb="see_rejects"))
        known &= Q(device__serial=serial)
    nobodys = Q(device__isnull=True) if serial is None else Q(device__isnull=True, serial=serial)
    return Reject.objects.filter(known | nobodys if unknown else known)
