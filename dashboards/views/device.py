"""A device's page: what every tab of it shows, and the live one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards import faces
from dashboards.api.params import cursor_of
from dashboards.device_texts import complaints, page_texts
from dashboards.people import member
from devices import queries
from devices.models import Device, ProtocolDocument, Session
from devices.wire import topics
from fleet.access import queries as access
from fleet.access.models import Site

LIVE_WINDOW = timedelta(minutes=5)  # how much of the past a live trace begins with


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: an address of its own."""

    label: str
    url: str
    here: bool


def seen_device(request: HttpRequest, serial: str) -> Device:
    """Return a device, also a revoked one, of a site of the reader.  Raises Http404 if they see none."""
    device = None
    if topics.is_serial(serial):
        mine = Device.objects.filter(serial=serial, site__in=access.sites_of(member(request)))
        device = mine.select_related("site", "live").first()
    if device is None:
        raise Http404
    return device


def page(request: HttpRequest, device: Device, tab: str, **more: Any) -> dict[str, Any]:
    """Return what the frame of each tab needs (`device/base.html`), and what this one adds."""
    now = timezone.now()
    texts = page_texts()
    [shown] = queries.device_objects(Device.objects.filter(pk=device.pk), now)
    return {
        "device": device,
        "site": device.site,
        "zone": device.site.time_zone,
        "now": now,
        "shown": shown,
        "moments": _moments(shown),
        "face": faces.face(shown, texts),
        "age": faces.age(shown["age_ms"], texts),
        "complaints": complaints(shown, texts),
        "document": _document(shown),
        "texts": texts,
        "tab": tab,
        "tabs": _tabs(request, device, tab),
        "never": shown["link"] == "never",
        **more,
    }


@require_safe
@never_cache
@login_required
def device(request: HttpRequest, serial: str) -> HttpResponse:
    """The device as it is now.  `?part=facts` answers the panel that the page's script renews."""
    found = seen_device(request, serial)
    context = page(request, found, "device")
    if request.GET.get("part") == "facts":
        return render(request, "dashboards/device/facts.html", context)
    context["start"] = reverse("api:list_records", args=[serial]) + _trace_start(found, context["now"])
    context["open_session"] = _open_session(found, context["shown"])
    context["broker"] = _broker_address()
    context["spans"] = [(15, _("15 s")), (60, _("1 min")), (300, _("5 min"))]
    return render(request, "dashboards/device/live.html", context)


def _tabs(request: HttpRequest, device: Device, tab: str) -> list[Tab]:
    entries = (
        ("device", _("Live")),
        ("device-history", _("History")),
        ("device-sessions", _("Sessions")),
        ("device-events", _("Events")),
        ("device-link", _("Contact")),
        ("device-records", _("Evidence")),
        ("device-credentials", _("Credentials")),
    )
    return [
        Tab(label, reverse(f"dashboards:{name}", args=[device.serial]), name == tab)
        for name, label in entries
    ]


def _moments(shown: dict[str, Any]) -> dict[str, datetime | None]:
    """Return the device object's moments as such, for templates."""
    names = ("heard_at", "status_at", "telemetry_at")
    return {name: datetime.fromisoformat(shown[name]) if shown[name] else None for name in names}


def _document(shown: dict[str, Any]) -> ProtocolDocument | None:
    """Return the kept protocol document that the device reports, if there is one."""
    protocol = shown["protocol"]
    return ProtocolDocument.objects.filter(sha256=protocol["sha256"]).first() if protocol else None


def _open_session(device: Device, shown: dict[str, Any]) -> Session | None:
    """Return the session that the device is in, else the last one it had."""
    sessions = Session.objects.filter(device=device)
    if shown["session"] is not None:
        sessions = sessions.filter(session=shown["session"])
    return sessions.order_by("-last_at").first()


def _trace_start(device: Device, now: datetime) -> str:
    """Return the query with which the records API answers the last minutes, telemetry and events.

    Records are listed by (boot, seq), so that is what the beginning of the window is given as.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT boot, seq FROM devices_telemetry WHERE device_id = %s AND placed_at >= %s"
            " ORDER BY placed_at LIMIT 1",
            [device.pk, now - LIVE_WINDOW],
        )
        first = cursor.fetchone()
    if first is None:  # nothing in the window: begin after what is known
        live = getattr(device, "live", None)
        first = ((live.boot or 0) if live else 0, queries.MAX_NUMBER)
    start = cursor_of(first[0], first[1] - 1, of="records")
    return f"?limit=1000&cursor={start}"


def _broker_address() -> tuple[str, int]:
    url = urlsplit(settings.MQTT_URL)
    return url.hostname or "localhost", url.port or (8883 if url.scheme == "mqtts" else 1883)


def site_url(site: Site) -> str:
    return reverse("dashboards:wall", args=[site.slug])
