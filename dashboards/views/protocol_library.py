"""The library: rows from papers and manuals, and the drafts that can be made of them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.protocols import shelf
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.protocols import library as books
from fleet.protocols import service
from fleet.protocols.library import Row
from fleet.protocols.seeding import draft_of


@require_safe
@page
def library(request: HttpRequest) -> HttpResponse:
    """`?indication=&q=&kind=`: which rows; what is not known is left out, and said."""
    asked = {name: request.GET.get(name, "").strip()[:200] for name in ("indication", "q", "kind")}
    unknown = [
        asked[name] for name in ("indication", "kind") if asked[name] and not _is_known(name, asked[name])
    ]
    indication = shelf.indication(asked["indication"])
    kind = asked["kind"] if asked["kind"] in shelf.KINDS else ""
    rows = shelf.found(indication=indication.slug if indication else "", text=asked["q"], kind=kind)
    context = {
        "rows": [shelf.shown(row) for row in rows],
        "total": len(books.ROWS),
        "indications": list(shelf.LEADS.items()),
        "indication": indication,
        "indication_name": shelf.LEADS[indication.slug] if indication else "",
        "kinds": list(shelf.KINDS.items()),
        "kind": kind,
        "q": asked["q"],
        "is_filtered": bool(indication or kind or asked["q"]),
        "unknown": unknown,
        "guidance": books.GUIDANCE,
        "sources": books.SOURCES,
    }
    return render(request, "dashboards/protocols/library.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def library_row(request: HttpRequest, row: int) -> HttpResponse:
    """The row; a POST makes a draft of it.  Raises Http404 for a row that there is not."""
    try:
        found = books.row(row)
    except KeyError:
        raise Http404 from None
    if request.method == "POST":
        return _draft(request, found)
    return _row_page(request, found)


def _is_known(name: str, value: str) -> bool:
    return value in (shelf.LEADS if name == "indication" else shelf.KINDS)


def _draft(request: HttpRequest, row: Row) -> HttpResponse:
    """Make a draft of a row under the id that was typed, and go to where it is edited."""
    if again := once.repeated(request):
        return again
    typed = request.POST.get("id", "").strip()[:80]
    try:
        draft = draft_of(row, actor=member(request), id=typed, now=timezone.now())
    except Refused as refused:
        return _row_page(request, row, typed=typed, complaint=str(refused), status=422)
    messages.success(
        request, _("A draft was made of row %(n)d. Fill in what is missing.") % {"n": row.number}
    )
    return once.done(request, reverse("dashboards:protocol-edit", args=[draft.protocol_id, draft.number]))


def _row_page(
    request: HttpRequest, row: Row, *, typed: str | None = None, complaint: str = "", status: int = 200
) -> HttpResponse:
    reader = member(request)
    before, after = shelf.neighbours(row)
    context: dict[str, Any] = {
        "shown": shelf.shown(row),
        "row": row,
        "source": shelf.source_parts(row),
        "sources": [(key, books.SOURCES[key]) for key in row.sources],
        "leads": shelf.leads_of(row),
        "made": shelf.made_of(row, reader),
        "may_write": access.may_anywhere(reader, service.WRITE),
        "before": before,
        "after": after,
        "id": row.slug if typed is None else typed,
        "complaint": complaint,
        "once": once.word(),
    }
    return render(request, "dashboards/protocols/library_row.html", context, status=status)
