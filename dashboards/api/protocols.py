"""Protocols: written, submitted, approved by other eyes, withdrawn; and what is to be said of a document."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import protocol_schemas as schemas
from dashboards.api.auth import asker, visible_site, visible_sites
from dashboards.api.params import Blank, Page, Storable, Text, Whole, answered, cursor_of, listed
from dashboards.api.problems import Problem, not_found, wrong_parameter
from dashboards.api.schemas import Page as PageOf
from devices.protocols import Finding, findings, is_complete, value_at
from devices.wire.canonical import sha256_of
from fleet.protocols import bodies, queries, service, texts
from fleet.protocols.models import Version

router = Router(tags=["protocols"])

ProtocolId = Annotated[str, Path()]
Number = Annotated[int, Path()]
Deed = Callable[[User, Version, datetime], Version]
_LARGEST = 2**31 - 1


class Asked(Schema):
    """Filters; all that are given must hold."""

    site: Annotated[Text, Field(description="slug: protocols that this site sees")] = None
    state: Annotated[
        schemas.State | None, Blank, Field(description="of any version, such as what waits for approval")
    ] = None
    q: Annotated[Text, Field(description="part of the id or of a version's title")] = None


class Where(Schema):
    site: Annotated[Text, Field(description="slug: devices at this site")] = None


class Edit(Schema):
    """A draft as it is to be from now on."""

    document: schemas.Document
    rev: Annotated[
        int | None, Field(description="of the draft that you saw: 409 if somebody edited it since")
    ] = None


class Submission(Schema):
    rev: Annotated[int | None, Field(description="of the draft that you saw: 409 if it is another")] = None


class Approval(Schema):
    """Your token stands for your signature."""

    reason: Annotated[str, Field(max_length=2000, description="why it may be used"), Storable]
    confirmation: Annotated[
        str, Field(max_length=1000, description="how each value of `to_confirm` was confirmed"), Storable
    ] = ""


class Because(Schema):
    reason: Annotated[str, Field(max_length=2000), Storable]


class Compared(Schema):
    to: Annotated[
        int | None,
        Field(ge=1, le=_LARGEST, description="an older version; default: the one approved before"),
        Whole,
        Blank,
    ] = None


NOTHING = Submission()


@router.get(
    "/protocols",
    response=PageOf[schemas.ProtocolInList],
    operation_id="listProtocols",
    summary="Protocols, by id",
)
def list_protocols(request: HttpRequest, asked: Query[Asked], page: Query[Page]) -> HttpResponse:
    """Those of the sites that you see, each with its newest version and the newest that was approved."""
    found = queries.listed(asker(request))
    if asked.site is not None:
        found = found.filter(sites=visible_site(request, asked.site))
    if asked.state is not None:
        found = found.filter(pk__in=Version.objects.filter(state=asked.state).values("protocol"))
    if asked.q is not None:
        titled = Version.objects.filter(title__icontains=asked.q).values("protocol")
        found = found.filter(Q(pk__icontains=asked.q) | Q(pk__in=titled))
    after = page.after(str, of="protocols")
    if after is not None:
        found = found.filter(pk__gt=after[0])
    rows = list(found[: page.limit + 1])
    items = queries.protocol_objects(rows[: page.limit])
    more = len(rows) > page.limit
    return listed(items, cursor_of(items[-1]["id"], of="protocols") if more else None)


@router.post(
    "/protocols",
    response={201: schemas.ProtocolVersionInFull},
    operation_id="createProtocol",
    summary="Make a draft: of a new protocol, or the next version of one",
)
def create_protocol(request: HttpRequest, document: schemas.Document) -> HttpResponse:
    """The body is the document.  Values that are not known yet may be null: the draft names them in `findings`.

    409: the id is a protocol's that you do not see.  422: a value cannot stand where it stands.
    """
    told = _document(request)
    with problems(told):
        draft = service.create(actor=asker(request), document=told, now=timezone.now())
    response = answered(queries.in_full(draft))
    response.status_code = 201
    return response


@router.post(
    "/protocols/check",
    response=schemas.Check,
    operation_id="checkProtocol",
    summary="What is to be said of a document; nothing is kept",
)
def check_protocol(request: HttpRequest, document: schemas.Document) -> HttpResponse:
    """Physics, policy and what is missing, each at its field: software defaults, and no claim of compliance.

    `version` is the server's to give, so that it is missing is not said.
    """
    told = _document(request)
    found = findings(told | {"version": told.get("version") or 1}, texts.policy())
    complete = is_complete(found)
    return answered(
        {
            "complete": complete,
            "sha256": sha256_of(told) if complete and told.get("version") else None,
            "findings": queries.findings_objects(found),
        }
    )


@router.get(
    "/protocols/{protocol_id}",
    response=schemas.ProtocolInFull,
    operation_id="getProtocol",
    summary="One protocol with its versions",
)
def get_protocol(request: HttpRequest, protocol_id: ProtocolId) -> HttpResponse:
    """Versions are the newest first, each with its document."""
    found = queries.listed(asker(request)).filter(pk=_storable(protocol_id))
    items = queries.protocol_objects(found)
    if not items:
        raise not_found(f"protocol {protocol_id!r}")
    versions = queries.version_objects(queries.versions_of(found))
    return answered(items[0] | {"items": versions})


@router.get(
    "/protocols/{protocol_id}/versions/{int:number}",
    response=schemas.ProtocolVersionInFull,
    operation_id="getProtocolVersion",
    summary="One version with its document",
)
def get_version(request: HttpRequest, protocol_id: ProtocolId, number: Number) -> HttpResponse:
    """With who wrote, submitted, approved and withdrew it, and what is to be said of it by today's limits."""
    return answered(queries.in_full(_visible(request, protocol_id, number)))


@router.get(
    "/protocols/{protocol_id}/versions/{int:number}/devices",
    response=PageOf[schemas.ProtocolDevice],
    operation_id="listProtocolDevices",
    summary="Who has a version now: devices at your sites, by serial",
)
def list_devices(
    request: HttpRequest, protocol_id: ProtocolId, number: Number, asked: Query[Where], page: Query[Page]
) -> HttpResponse:
    """Those whose newest status names its hash, however they came to have it: what they say, never what was sent."""
    version = _visible(request, protocol_id, number)
    sites = visible_sites(request) if asked.site is None else [visible_site(request, asked.site)]
    after = page.after(str, of="protocol-devices")
    found = sorted(queries.holders(version, sites), key=lambda one: one.device.serial)
    rows = [one for one in found if after is None or one.device.serial > after[0]]
    items = queries.holder_objects(rows[: page.limit], timezone.now())
    more = len(rows) > page.limit
    return listed(items, cursor_of(items[-1]["serial"], of="protocol-devices") if more else None)


@router.put(
    "/protocols/{protocol_id}/versions/{int:number}",
    response=schemas.ProtocolVersionInFull,
    operation_id="editProtocolVersion",
    summary="Write a draft anew",
)
def edit_version(request: HttpRequest, protocol_id: ProtocolId, number: Number, edit: Edit) -> HttpResponse:
    """409: it is no draft any more, or somebody edited it since `rev`.  Whoever edits it is one of its authors."""
    told = _document(request).get("document")
    if not isinstance(told, dict):
        raise wrong_parameter("document", _("a JSON object expected"), told)
    return _done(
        request, protocol_id, number,
        lambda actor, version, now: service.edit(
            actor=actor, version=version, document=told, rev=edit.rev, now=now
        ),
        told,
    )  # fmt: skip


@router.get(
    "/protocols/{protocol_id}/versions/{int:number}/difference",
    response=schemas.Difference,
    operation_id="compareProtocolVersions",
    summary="What differs from another version",
)
def compare_versions(
    request: HttpRequest, protocol_id: ProtocolId, number: Number, compared: Query[Compared]
) -> HttpResponse:
    """In clinical terms, in the order of the document; `stronger` is for the person treated."""
    version = _visible(request, protocol_id, number)
    if compared.to is None:
        other = queries.approved_before(version)
    else:
        other = _visible(request, protocol_id, compared.to)
    changes = queries.changes(other, version) if other else []
    return answered(
        {
            "version": version.number,
            "to": other.number if other else None,
            "changes": queries.change_objects(changes),
        }
    )


@router.post(
    "/protocols/{protocol_id}/versions/{int:number}/submit",
    response=schemas.ProtocolVersionInFull,
    operation_id="submitProtocolVersion",
    summary="Hand a draft in for approval",
)
def submit_version(
    request: HttpRequest, protocol_id: ProtocolId, number: Number, submission: Body[Submission] = NOTHING
) -> HttpResponse:
    """From now on it never changes.  422 with the findings if something is missing or against policy."""
    return _done(request, protocol_id, number, lambda actor, version, now: service.submit(
        actor=actor, version=version, rev=submission.rev, now=now
    ))  # fmt: skip


@router.post(
    "/protocols/{protocol_id}/versions/{int:number}/approve",
    response=schemas.ProtocolVersionInFull,
    operation_id="approveProtocolVersion",
    summary="Say that it may be used on people",
)
def approve_version(
    request: HttpRequest, protocol_id: ProtocolId, number: Number, approval: Approval
) -> HttpResponse:
    """Four eyes: 403 for whoever wrote a part of it.  422 without a note while values are to be confirmed."""
    return _done(request, protocol_id, number, lambda actor, version, now: service.approve(
        actor=actor, version=version, reason=approval.reason, confirmation=approval.confirmation, now=now
    ))  # fmt: skip


@router.post(
    "/protocols/{protocol_id}/versions/{int:number}/reject",
    response=schemas.ProtocolVersionInFull,
    operation_id="rejectProtocolVersion",
    summary="Turn it down",
)
def reject_version(
    request: HttpRequest, protocol_id: ProtocolId, number: Number, because: Because
) -> HttpResponse:
    """It stays on record as it is; POST its document to take it up again as the next version."""
    return _done(request, protocol_id, number, lambda actor, version, now: service.reject(
        actor=actor, version=version, reason=because.reason, now=now
    ))  # fmt: skip


@router.post(
    "/protocols/{protocol_id}/versions/{int:number}/withdraw",
    response=schemas.ProtocolVersionInFull,
    operation_id="withdrawProtocolVersion",
    summary="Take an approved version out of use, at once",
)
def withdraw_version(
    request: HttpRequest, protocol_id: ProtocolId, number: Number, because: Because
) -> HttpResponse:
    """It is offered nowhere any more, and a session by it raises an alert.  One clinician is enough."""
    return _done(request, protocol_id, number, lambda actor, version, now: service.withdraw(
        actor=actor, version=version, reason=because.reason, now=now
    ))  # fmt: skip


# --- parts ---


def _document(request: HttpRequest) -> dict[str, Any]:
    """Read the body as strictly as devices are read: no field twice, nothing that is no JSON."""
    with problems({}):
        return bodies.read_import(request.body)


def _visible(request: HttpRequest, protocol_id: str, number: int) -> Version:
    version = None
    if 1 <= number <= _LARGEST:
        version = queries.find(asker(request), _storable(protocol_id), number)
    if version is None:
        raise not_found(f"version {number} of a protocol {protocol_id!r}")
    return version


def _storable(text: str) -> str:
    return text if text.isprintable() else ""


def _done(
    request: HttpRequest, protocol_id: str, number: int, deed: Deed, document: dict[str, Any] | None = None
) -> HttpResponse:
    version = _visible(request, protocol_id, number)
    with problems(document if document is not None else bodies.read(version)):
        version = deed(asker(request), version, timezone.now())
    return answered(queries.in_full(version))


@contextmanager
def problems(document: dict[str, Any]) -> Iterator[None]:
    """Turn what the service refuses into 409 or 422; findings are named by the path of their field."""
    try:
        yield
    except service.NotNow as error:
        raise Problem(409, str(error)) from None
    except service.Unusable as error:
        errors = [_error(one, document) for one in error.findings]
        detail = " ".join([str(error), *(one["detail"] for one in errors[:3])])
        raise Problem(422, detail, errors) from None


def _error(one: Finding, document: dict[str, Any]) -> dict[str, str]:
    seen = repr(value_at(document, one.path))
    return {
        "parameter": one.path or "body",
        "seen": seen if len(seen) <= 100 else seen[:100] + "…",
        "detail": f"{texts.field(one.path)}: {texts.finding(one)}",
    }
