"""A device's past as traces, and a session in its protocol's envelope."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.views.device import page, seen_device
from devices import documents, envelope
from devices.models import Session
from fleet.access import queries as access

SPANS = (
    ("1h", gettext_lazy("1 h")),
    ("6h", gettext_lazy("6 h")),
    ("1d", gettext_lazy("1 d")),
    ("7d", gettext_lazy("7 d")),
    ("30d", gettext_lazy("30 d")),
)


@require_safe
@never_cache
@login_required
def history(request: HttpRequest, serial: str) -> HttpResponse:
    """Traces over `?from=&to=` or `?last=`; the page's script reads the API and keeps the address true."""
    device = seen_device(request, serial)
    context = page(request, device, "device-history", ranges=SPANS, last=request.GET.get("last", "6h"))
    return render(request, "dashboards/device/history.html", context)


@require_safe
@never_cache
@login_required
def envelope_json(request: HttpRequest, serial: str) -> HttpResponse:
    """`?session=`: what was planned, if its protocol document is kept, and what was set and delivered."""
    device = seen_device(request, serial)
    wanted = request.GET.get("session", "")[:64].replace("\0", "")  # PostgreSQL keeps no NUL
    row = Session.objects.filter(device=device, session=wanted).first()
    if row is None or not access.may(member(request), "see", device.site):
        raise Http404
    document = documents.find(row.protocol_sha256)
    plan = None if document is None else envelope.planned(document)
    if row.protocol_id is None:
        why = _("This session had no protocol: the currents were set by hand. Shown is what was set.")
    elif document is None:
        why = _("The protocol document is not kept here, so nothing can be compared. Shown is what was set.")
    elif plan is None:
        why = _("This protocol has too many phases to be drawn. Shown is what was set.")
    elif any(None in channel["ma"] for channel in plan["channels"]):
        why = _("Where no line is planned, the current is given to tolerance, up to the limit.")
    else:
        why = ""
    told = envelope.delivered(row)
    return JsonResponse({"session": row.session, "planned": plan, "why": why, "delivered": told})
