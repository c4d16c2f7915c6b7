"""A device's page: what every tab of it shows, and the live one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.asking import asking_of
from dashboards.commands import asked, offered
from dashboards.live import alertreads
from dashboards.rollouts.wanted import wanted
from dashboards.words import alert_lines, faces
from dashboards.words.device_texts import complaints, page_texts
from dashboards.words.rollouts import risk_words
from devices import queries
from devices.models import Device, ProtocolDocument, Session
from devices.recent import telemetry
from devices.wire import topics
from fleet.access import queries as access
from fleet.safety import queries as safety
from fleet.safety.models import OutOfService

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
    moments = _moments(shown)
    return {
        "device": device,
        "site": device.site,
        "zone": device.site.time_zone,
        "now": now,
        "shown": shown,
        "moments": moments,
        "face": faces.face(shown, texts),
        "age": faces.age(shown["age_ms"], texts),
        "complaints": complaints(shown, texts),
        "document": _document(shown),
        "wanted": wanted(device, (shown["protocol"] or {}).get("sha256")),
        "risk": _risk(request, device),
        "texts": texts,
        "tab": tab,
        "tabs": _tabs(request, device, tab),
        "never": shown["link"] == "never",
        "service": _service(request, device),
        "offer": offered.offer(member(request), device, shown),
        "asked": asked.lines(device, now),
        "asking": asking_of(request, device.site),
        **more,
    }


@require_safe
@never_cache
@login_required
def device(request: HttpRequest, serial: str) -> HttpResponse:
    """The device as it is now.  `?part=facts` answers the panels that the page's script renews."""
    found = seen_device(request, serial)
    context = page(request, found, "device")
    if request.GET.get("part") == "facts":
        return render(request, "dashboards/device/part.html", context)
    context["open_session"] = _open_session(found, context["shown"])
    context["broker"] = _broker_address()
    context |= _alerts(request, found)
    context["spans"] = [(15, _("15 s")), (60, _("1 min")), (300, _("5 min"))]
    return render(request, "dashboards/device/live.html", context)


def _alerts(request: HttpRequest, device: Device) -> dict[str, Any]:
    """Return the device's open alerts, as the page and its script say them."""
    may = access.may(request.user, "acknowledge", device.site)
    mine = safety.open_alerts([device.site]).filter(device=device)
    known = {one.pk: one for one in mine}
    ordered = [
        known[number] for number in alertreads.revs([device.site_id], device.serial) if number in known
    ]
    words = alert_lines.line_texts()
    return {
        "alert_lines": alert_lines.lines(ordered, words, may_acknowledge=may),
        "alert_line_texts": words,
        "may_acknowledge": may,
    }


@require_safe
@never_cache
@login_required
def recent(request: HttpRequest, serial: str) -> HttpResponse:
    """The telemetry of the last minutes, for a live trace to begin with; `?since=` only what was received since."""
    found = seen_device(request, serial)
    low = timezone.now() - LIVE_WINDOW
    try:
        since = datetime.fromisoformat(request.GET.get("since") or low.isoformat())
        received = max(low, since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        received = low
    records = telemetry(found, low=low, received=received)
    told = [{**record, "body": msgspec.Raw(record["body"])} for record in records]
    return HttpResponse(msgspec.json.encode({"records": told}), content_type="application/json")


def _tabs(request: HttpRequest, device: Device, tab: str) -> list[Tab]:
    entries = (
        ("device", _("Live")),
        ("device-history", _("History")),
        ("device-sessions", _("Sessions")),
        ("device-events", _("Events")),
        ("device-commands", _("Commands")),
        ("device-link", _("Contact")),
        ("device-records", _("Evidence")),
        ("device-credentials", _("Credentials")),
    )
    return [
        Tab(label, reverse(f"dashboards:{name}", args=[device.serial]), name == tab)
        for name, label in entries
    ]


def _service(request: HttpRequest, device: Device) -> dict[str, Any]:
    """Return whether the device is out of service, and whether the reader may change that."""
    row = OutOfService.objects.filter(device=device, ended_at=None).select_related("by").first()
    return {"out": row, "may": access.may(member(request), "out_of_service", device.site)}


def _risk(request: HttpRequest, device: Device) -> dict[str, Any]:
    """Return what the device is used for, and whether the reader may say otherwise."""
    may = device.revoked_at is None and access.may(member(request), "enrol", device.site)
    return {"words": risk_words(device.risk_class), "may_change": may}


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


def _broker_address() -> tuple[str, int]:
    url = urlsplit(settings.MQTT_URL)
    return url.hostname or "localhost", url.port or (8883 if url.scheme == "mqtts" else 1883)
