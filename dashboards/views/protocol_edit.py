"""The form that writes a protocol: a new one, or a draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.protocols import found, sheet, shelf, shown
from dashboards.protocols.form import form
from dashboards.protocols.picture import picture
from devices.protocols import Finding, blocks, difference, findings
from devices.protocols.policy import WHOLE_BODY
from fleet.access import service as access
from fleet.access.verbs import WORDS
from fleet.protocols import bodies, service, texts
from fleet.protocols.errors import Edited, NotNow, Taken, Unusable
from fleet.protocols.library.indications import INDICATIONS
from fleet.protocols.models import Protocol, Version

CHECK_URL: Final = "/api/v1/protocols/check"


@dataclass(frozen=True, slots=True)
class Writing:
    """What somebody is at: a new protocol (`version` is None) or a draft."""

    version: Version | None
    id: str
    id_error: str = ""
    error: str = ""
    conflict: dict[str, Any] | None = None
    rev: int = 0
    is_dirty: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new(request: HttpRequest) -> HttpResponse:
    """Write the first version of a protocol that there is not yet."""
    me = member(request)
    access.require_anywhere(me, service.WRITE, to=str(WORDS[service.WRITE]))
    if request.method != "POST":
        return _page(request, Writing(None, ""), sheet.blank(), missing=False)
    again = once.repeated(request)
    if again is not None:
        return again
    id = request.POST.get("id", "").strip()
    typed = sheet.posted(request.POST)
    deed = request.POST.get("deed", "save")
    if deed != "save":
        return _page(request, Writing(None, id, is_dirty=True), sheet.changed(typed, deed), missing=False)
    read = sheet.read(typed, {"id": id})
    writing = Writing(None, id, is_dirty=True)
    refused: tuple[Finding, ...] = ()
    if id_error := _id_error(request, id):
        writing = Writing(None, id, id_error=id_error, error=id_error, is_dirty=True)
    elif not read.errors:
        try:
            draft = service.create(actor=me, document=read.document, now=timezone.now())
            return _saved(request, draft)
        except Taken as taken:
            writing = Writing(None, id, id_error=str(taken), error=str(taken), is_dirty=True)
        except (Unusable, NotNow) as error:
            refused = getattr(error, "findings", ())
            writing = Writing(None, id, error=str(error), is_dirty=True)
    return _page(request, writing, typed, read=read, refused=refused, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def edit(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Write a draft anew; whoever saved it meanwhile is not overwritten unseen."""
    me = member(request)
    version = found.version_for(me, id, number)
    found.require(me, service.WRITE, version)
    here = reverse("dashboards:protocol-version", args=[id, number])
    if version.state != "draft":
        messages.warning(request, texts.no_longer_a_draft(version))
        return HttpResponseRedirect(here)
    if request.method != "POST":
        return _page(request, Writing(version, id, rev=version.rev), sheet.of_document(bodies.read(version)))
    again = once.repeated(request)
    if again is not None:
        return again
    typed = sheet.posted(request.POST)
    rev = _number(request.POST.get("rev", ""))
    deed = request.POST.get("deed", "save")
    if deed != "save":
        writing = Writing(version, id, rev=rev, is_dirty=True)
        return _page(request, writing, sheet.changed(typed, deed))
    read = sheet.read(typed, {"id": id})
    writing, status = Writing(version, id, rev=rev, is_dirty=True), 422
    refused: tuple[Finding, ...] = ()
    if not read.errors:
        try:
            draft = service.edit(
                actor=me, version=version, document=read.document, rev=rev, now=timezone.now()
            )
            return _saved(request, draft)
        except Edited as error:
            writing, status = _conflict(version, str(error), read), 409
        except (Unusable, NotNow) as error:
            refused = getattr(error, "findings", ())
            writing = Writing(version, id, error=str(error), rev=rev, is_dirty=True)
    return _page(request, writing, typed, read=read, refused=refused, status=status)


def _saved(request: HttpRequest, draft: Version) -> HttpResponse:
    messages.success(request, _("The draft is saved. It is offered to no device."))
    return once.done(request, reverse("dashboards:protocol-version", args=[draft.protocol_id, draft.number]))


def _id_error(request: HttpRequest, id: str) -> str:
    if not id:
        return _("Choose an id.")
    if wrong := [one for one in findings({"id": id}) if one.path == "id"]:
        return texts.finding(wrong[0])
    if id in found.RESERVED:
        return _("“%(id)s” is the address of another page: choose another id.") % {"id": id}
    known = Protocol.objects.filter(pk=id).first()
    if known is not None and found.sites_of(member(request), known):
        return _("There is a protocol %(id)s already: open it, and make a new version there.") % {"id": id}
    return ""


def _conflict(version: Version, error: str, read: sheet.Read) -> Writing:
    """The draft as it is now, beside what was typed; saving again, with the new `rev`, is meant so."""
    version.refresh_from_db()
    mine = {**bodies.read(version), **read.document, "id": version.protocol_id, "version": version.number}
    changes = [texts.change(one) for one in difference(bodies.read(version), mine)]
    last = version.authors.order_by("-last_at").first()
    conflict = {"by": shown.called(last.name) if last else _("Somebody"), "differences": changes}
    return Writing(
        version, version.protocol_id, error=error, conflict=conflict, rev=version.rev, is_dirty=True
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(
    request: HttpRequest,
    writing: Writing,
    boxes: sheet.Sheet,
    *,
    read: sheet.Read | None = None,
    refused: tuple[Finding, ...] = (),
    missing: bool = True,
    status: int = 200,
) -> HttpResponse:
    version = writing.version
    read = read or sheet.read(boxes, {"id": writing.id})
    document = {**read.document, "id": writing.id, "version": version.number if version else 1}
    told = _told(document, refused)
    wrong = len(blocks(told)) + len(read.errors)
    hints = shelf.hints(version.library_row, boxes.steps) if version else {}
    context = {
        "version": version,
        "title": _title(version),
        "id": writing.id,
        "id_error": writing.id_error,
        "error": writing.error or _unread(read),
        "conflict": writing.conflict,
        "rev": writing.rev,
        "is_dirty": writing.is_dirty,
        "form": form(boxes, told, read.errors, missing=missing, hints=hints),
        "indications": _indications(),
        "checked": _("To be mended before it can be submitted: %(n)d") % {"n": wrong}
        if wrong and missing
        else "",
        "check_url": CHECK_URL,
        "once": request.POST.get(once.FIELD) or once.word(),
        "back": reverse("dashboards:protocol-version", args=[version.protocol_id, version.number])
        if version
        else reverse("dashboards:protocols"),
        **_drawn(document),
    }
    return render(request, "dashboards/protocols/edit.html", context, status=status)


def _told(document: Mapping[str, Any], refused: tuple[Finding, ...]) -> list[Finding]:
    """Return what is to be said of the document and what it was refused for, each once; its number is not typed."""
    found = [
        one for one in (*findings(document, texts.policy()), *refused) if one.path not in ("id", "version")
    ]
    return list({(one.path, one.code): one for one in found}.values())


def _drawn(document: Mapping[str, Any]) -> dict[str, Any]:
    drawn = picture(document)
    return {
        "drawing": drawn.session,
        "plan": drawn.plan,
        "not_drawn": drawn.words,
        "envelope_named": _("Current over one session"),
    }


def _title(version: Version | None) -> str:
    if version is None:
        return _("New protocol")
    return _("Edit %(id)s, version %(n)d") % {"id": version.protocol_id, "n": version.number}


def _unread(read: sheet.Read) -> str:
    count = len(read.errors)
    return (
        ngettext("One box cannot be read.", "%(n)d boxes cannot be read.", count) % {"n": count}
        if count
        else ""
    )


def _indications() -> list[tuple[str, str]]:
    """Return what is offered while typing; `wb_ems` is judged by rules of its own."""
    return [*((one.slug, one.name) for one in INDICATIONS), (WHOLE_BODY, _("Whole-body EMS"))]
