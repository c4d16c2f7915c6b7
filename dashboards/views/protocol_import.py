"""Taking in a protocol that is a file: looked at first, then kept as a draft."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.protocols import incoming
from dashboards.protocols.incoming import Incoming, Line
from devices.wire import strict
from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.protocols import service, texts


@require_http_methods(["GET", "HEAD", "POST"])
@page
def import_protocol(request: HttpRequest) -> HttpResponse:
    """A POST looks at a file; with `deed=keep` it is kept as a draft.  A bad file is named, and nothing is kept."""
    access.require_anywhere(member(request), service.WRITE, to=str(_("writing protocols")))
    if request.method != "POST":
        return _page(request)
    if again := once.repeated(request):
        return again
    pasted, id = request.POST.get("document", ""), request.POST.get("id", "").strip()[:80]
    try:
        payload = incoming.payload_of(request.FILES.get("file"), pasted)
        seen = incoming.look(member(request), payload, id)
        if request.POST.get("deed") == "keep":
            return _keep(request, seen)
    except Refused as refused:
        wrong = tuple(
            Line(texts.field(one.path), one.severity, texts.finding(one))
            for one in getattr(refused, "findings", ())
        )
        return _page(request, pasted=pasted, id=id, complaint=str(refused), wrong=wrong, status=422)
    text = payload.removeprefix(b"\xef\xbb\xbf").decode()
    return _page(request, seen=seen, pasted=text, id=seen.id)


def _keep(request: HttpRequest, seen: Incoming) -> HttpResponse:
    draft = service.create(actor=member(request), document=seen.document, now=timezone.now())
    messages.success(request, _("%(version)s is a draft now.") % {"version": draft})
    return once.done(request, reverse("dashboards:protocol-version", args=[draft.protocol_id, draft.number]))


def _page(
    request: HttpRequest,
    *,
    seen: Incoming | None = None,
    pasted: str = "",
    id: str = "",
    complaint: str = "",
    wrong: tuple[Line, ...] = (),
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "seen": seen,
        "pasted": pasted[: strict.MAX_BYTES],
        "id": id,
        "complaint": complaint,
        "wrong": wrong,
        "directions": texts.DIRECTIONS,
        "once": once.word(),
    }
    return render(request, "dashboards/protocols/import.html", context, status=status)
