"""Rollouts: write one, preview it, submit, approve, start, and read how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import rollout_bodies as bodies
from dashboards.api import rollout_schemas as schemas
from dashboards.api.auth import asker, visible_device, visible_site, visible_sites
from dashboards.api.params import Blank, Number, Page, Text, answered, cursor_of, listed
from dashboards.api.problems import Problem, not_found, wrong_parameter
from dashboards.api.schemas import Page as PageOf
from devices.moments import iso
from fleet.access import service as access
from fleet.rollouts import preview, queries, service
from fleet.rollouts.coming import coming
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import RolloutState

router = Router(tags=["rollouts"])

RolloutId = Annotated[UUID, Path()]


class Asked(Schema):
    """Filters; all that are given must hold."""

    site: Annotated[Text, Field(description="slug; rollouts that have devices there")] = None
    state: Annotated[schemas.State | None, Blank, Field(description="where it stands")] = None
    protocol: Annotated[Text, Field(description="id of the protocol")] = None
    device: Annotated[Text, Field(description="serial; rollouts that it is a device of")] = None


class AskedTargets(Schema):
    """Filters; all that are given must hold."""

    site: Annotated[Text, Field(description="slug")] = None
    state: Annotated[schemas.TargetState | None, Blank, Field(description="where the device stands")] = None
    reason: Annotated[Text, Field(description="why it is there, such as `unreachable`")] = None
    wave: Annotated[Number, Field(description="from 1")] = None


class AskedDecisions(Schema):
    device: Annotated[Text, Field(description="serial; what was decided about it alone")] = None


# --- reading ---


@router.get(
    "/rollouts",
    response=PageOf[schemas.Rollout],
    by_alias=True,
    operation_id="listRollouts",
    summary="Rollouts, the newest first",
)
def list_rollouts(request: HttpRequest, asked: Query[Asked], page: Query[Page]) -> HttpResponse:
    """Those that have devices at one of your sites; their numbers count the devices of all sites."""
    found = _asked(request, asked)
    after = _after(page)
    if after is not None:
        at, id_ = after
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=id_))
    rows = list(found.order_by("-created_at", "-pk")[: page.limit + 1])
    following = None
    if len(rows) > page.limit:
        last = rows[page.limit - 1]
        following = cursor_of(last.created_at.isoformat(), str(last.pk), of="rollouts")
    return listed(queries.objects(rows[: page.limit], _seen(request)), following)


@router.get(
    "/rollouts/{uuid:rollout_id}",
    response=schemas.RolloutInFull,
    by_alias=True,
    operation_id="getRollout",
    summary="One rollout, and how far it is",
)
def get_rollout(request: HttpRequest, rollout_id: RolloutId) -> HttpResponse:
    """In words, too, with what happens next."""
    return answered(_in_full(request, _visible(request, rollout_id)))


@router.get(
    "/rollouts/{uuid:rollout_id}/targets",
    response=PageOf[schemas.Target],
    operation_id="listRolloutTargets",
    summary="Its devices at your sites, in the order of their turn",
)
def list_targets(
    request: HttpRequest, rollout_id: RolloutId, asked: Query[AskedTargets], page: Query[Page]
) -> HttpResponse:
    """Verified is only what a device's live status has shown."""
    found = queries.targets_of(_visible(request, rollout_id), _seen(request))
    if asked.site is not None:
        found = found.filter(device__site=visible_site(request, asked.site))
    for name in ("state", "reason", "wave"):
        value = getattr(asked, name)
        if value is not None:
            found = found.filter(**{name: value})
    after = page.after(int, int, int, of="targets")
    if after is not None:
        wave, place, number = after
        found = found.filter(
            Q(wave__gt=wave) | Q(wave=wave, place__gt=place) | Q(wave=wave, place=place, pk__gt=number)
        )
    rows = list(found.order_by("wave", "place", "pk")[: page.limit + 1])
    following = None
    if len(rows) > page.limit:
        last = rows[page.limit - 1]
        following = cursor_of(last.wave, last.place, last.pk, of="targets")
    return listed(queries.target_objects(rows[: page.limit], timezone.now()), following)


@router.get(
    "/rollouts/{uuid:rollout_id}/decisions",
    response=PageOf[schemas.Decision],
    operation_id="listRolloutDecisions",
    summary="What was decided, by whom and why, the newest first",
)
def list_decisions(
    request: HttpRequest, rollout_id: RolloutId, asked: Query[AskedDecisions], page: Query[Page]
) -> HttpResponse:
    """About single devices only where they stand at your sites.  Played back in order they give the rows."""
    found = queries.decisions_of(_visible(request, rollout_id), _seen(request))
    if asked.device is not None:
        found = found.filter(target__device=visible_device(request, asked.device))
    after = page.after(int, of="decisions")
    if after is not None:
        found = found.filter(number__lt=after[0])
    rows = list(found[: page.limit + 1])
    more = len(rows) > page.limit
    following = cursor_of(rows[page.limit - 1].number, of="decisions") if more else None
    return listed([queries.decision_object(one) for one in rows[: page.limit]], following)


# --- writing ---


@router.post(
    "/rollouts",
    response={201: schemas.RolloutInFull},
    by_alias=True,
    operation_id="writeRollout",
    summary="Write a rollout, as a draft",
)
def write_rollout(request: HttpRequest, wanted: bodies.Wanted) -> HttpResponse:
    """Needs `write_rollout` at all its sites.  Under an id that you used already for the same, it is the same."""
    now = timezone.now()
    with _said():
        given = wanted.given()
        id_ = _own_id(given.pop("id", None))
        rollout = service.create(actor=asker(request), given=given, id=id_, now=now)
    response = answered(_in_full(request, rollout))
    response.status_code = 201
    return response


@router.post(
    "/rollouts/preview",
    response=schemas.Preview,
    operation_id="previewRollout",
    summary="Who would be reached, and who not, and why",
)
def preview_rollout(request: HttpRequest, wanted: bodies.Wanted) -> HttpResponse:
    """As the devices are now; nothing is kept."""
    actor = asker(request)
    access.require_anywhere(actor, "write_rollout", to=_("previewing rollouts"))
    given = {name: value for name, value in wanted.given().items() if name != "id"}
    with _said():
        told = preview.preview(actor=actor, given=given, now=timezone.now())
    return answered(told)


@router.put(
    "/rollouts/{uuid:rollout_id}",
    response=schemas.RolloutInFull,
    by_alias=True,
    operation_id="rewriteRollout",
    summary="Write a draft anew",
)
def rewrite_rollout(request: HttpRequest, rollout_id: RolloutId, wanted: bodies.Rewritten) -> HttpResponse:
    """409 when it is no draft any more, or somebody else has changed it since the `rev` that you give."""
    rollout = _visible(request, rollout_id)
    with _said():
        given = wanted.given()
        rev = _rev(given.pop("rev", None))
        service.edit(actor=asker(request), rollout=rollout, given=given, rev=rev, now=timezone.now())
    return answered(_in_full(request, _visible(request, rollout_id)))


@router.post(
    "/rollouts/{uuid:rollout_id}/{verb}",
    response=schemas.RolloutInFull,
    by_alias=True,
    operation_id="askRollout",
    summary="Submit, approve, reject, start, pause, resume, advance, abort, roll back, retry",
)
def ask_rollout(
    request: HttpRequest,
    rollout_id: RolloutId,
    verb: Annotated[schemas.Verb, Path(description="what is asked for")],
    said: Body[bodies.Said] = bodies.NOTHING,
) -> HttpResponse:
    """Nothing that is asked for touches a running session.  409 when the state forbids it; your own approval is 403."""
    rollout, now = _visible(request, rollout_id), timezone.now()
    actor, reason = asker(request), said.reason or ""
    with _said():
        match verb:
            case "submit":
                service.submit(actor=actor, rollout=rollout, rev=said.rev, now=now)
            case "approve":
                service.approve(actor=actor, rollout=rollout, reason=reason, rev=said.rev, now=now)
            case "reject":
                service.reject(actor=actor, rollout=rollout, reason=reason, rev=said.rev, now=now)
            case _:
                service.ask(
                    actor=actor,
                    rollout=rollout,
                    verb=verb,
                    wave=said.wave,
                    also=said.also or (),
                    reason=reason,
                    now=now,
                )
    return answered(_in_full(request, _visible(request, rollout_id)))


# --- parts ---


@contextmanager
def _said() -> Iterator[None]:
    """Say why nothing came of a wish: each field that cannot be, or that the state forbids it."""
    try:
        yield
    except service.NotNow as error:
        raise Problem(409, str(error)) from None
    except service.Unusable as error:
        each = [{"parameter": path or "body", "seen": "", "detail": text} for path, text in error.each]
        raise Problem(422, "; ".join(one["detail"] for one in each), each) from None


def _own_id(given: object) -> UUID | None:
    if given is None:
        return None
    try:
        return UUID(given if isinstance(given, str) else "")
    except ValueError:
        raise wrong_parameter("id", _("a UUID expected"), given) from None


def _rev(given: object) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    raise wrong_parameter("rev", _("a whole number expected"), given)


def _seen(request: HttpRequest) -> list[int]:
    return list(visible_sites(request).values_list("pk", flat=True))


def _visible(request: HttpRequest, rollout_id: UUID) -> Rollout:
    rollout = queries.visible(visible_sites(request)).filter(pk=rollout_id).first()
    if rollout is None:
        raise not_found(f"rollout {rollout_id}")
    return rollout


def _in_full(request: HttpRequest, rollout: Rollout) -> dict[str, Any]:
    return queries.in_full(rollout, _seen(request)) | {"next": _next(rollout, timezone.now())}


def _next(rollout: Rollout, now: datetime) -> dict[str, Any]:
    step = coming(rollout, now)
    return {"what": step.what, "at": iso(step.at_ms), "facts": dict(step.facts)}


def _asked(request: HttpRequest, asked: Asked) -> QuerySet[Rollout]:
    sites = [visible_site(request, asked.site)] if asked.site is not None else visible_sites(request)
    found = queries.visible(sites)
    if asked.device is not None:
        found = found.filter(targets__device=visible_device(request, asked.device))
    if asked.state is not None:
        found = found.filter(state=RolloutState(asked.state))
    if asked.protocol is not None:
        found = found.filter(version__protocol=asked.protocol)
    return found


def _after(page: Page) -> tuple[datetime, UUID] | None:
    values = page.after(str, str, of="rollouts")
    if values is None:
        return None
    try:
        at, id_ = datetime.fromisoformat(values[0]), UUID(values[1])
    except ValueError:
        raise page.unusable() from None
    if at.tzinfo is None:
        raise page.unusable()
    return at, id_
