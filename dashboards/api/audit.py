"""GET audit: who did what, for whoever may read the record of some site."""

from typing import Annotated

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import schemas
from dashboards.api.auth import asker, visible_site
from dashboards.api.params import Moment, Page, Text, cursor_of, listed
from dashboards.words import deeds
from fleet.access import roster, service

VERB = "see_audit"

router = Router(tags=["audit"])


class Asked(Schema):
    """Filters; all that are given must hold."""

    site: Annotated[Text, Field(description="slug; without it also what belongs to no one site")] = None
    actor: Annotated[Text, Field(description="user name of who did it")] = None
    action: Annotated[Text, Field(description="such as `membership.granted`, or its first word")] = None
    subject: Annotated[Text, Field(description="what it was about: a user name, a serial, a name")] = None
    from_: Annotated[Moment, Field(alias="from", description="not before")] = None
    to: Annotated[Moment, Field(description="before")] = None


@router.get(
    "/audit",
    response=schemas.Page[schemas.AuditEntry],
    operation_id="listAudit",
    summary="Who did what, newest first",
)
def list_audit(request: HttpRequest, page: Query[Page], asked: Query[Asked]) -> HttpResponse:
    """Newest first: the record of the sites that you administer, and of the logins that you answer for."""
    rows = roster.record_for(asker(request)).filter(_wanted(request, asked))
    after = page.after_moment(of="audit")
    if after is not None:
        rows = rows.filter(Q(at__lt=after[0]) | Q(at=after[0], pk__lt=after[1]))
    found = list(rows.select_related("site", "link").order_by("-at", "-pk")[: page.limit + 1])
    last = found[page.limit - 1] if len(found) > page.limit else None
    items = [deeds.as_object(one) for one in found[: page.limit]]
    return listed(items, cursor_of(last.at.isoformat(), last.pk, of="audit") if last else None)


def _wanted(request: HttpRequest, asked: Asked) -> Q:
    """Raises Denied (403) for somebody who may read no record, Problem 404 for a site they do not see."""
    wanted = Q()
    if asked.site is not None:
        site = visible_site(request, asked.site)
        service.require(asker(request), VERB, site)
        wanted &= Q(site=site)
    else:
        service.require_anywhere(asker(request), VERB, to=VERB)
    if asked.actor is not None:
        wanted &= Q(actor_name=asked.actor)
    if asked.action is not None:
        wanted &= Q(action=asked.action) | Q(action__startswith=f"{asked.action}.")
    if asked.subject is not None:
        wanted &= Q(subject=asked.subject)
    if asked.from_ is not None:
        wanted &= Q(at__gte=asked.from_)
    if asked.to is not None:
        wanted &= Q(at__lt=asked.to)
    return wanted
