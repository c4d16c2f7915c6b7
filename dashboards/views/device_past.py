"""What a device did and said: its sessions, events, contact, and the evidence behind them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.system.timeline import Block, blocks
from dashboards.views.device import page, seen_device
from dashboards.words import event_words
from devices import links, queries
from devices.links import Stretch, Uptime
from devices.models import Change, Device, Event, Ledger, Reject, Session
from devices.state import from_ms
from fleet.access import service as access

PER_PAGE = 50
WINDOWS = (1, 7, 30)  # days


@dataclass(frozen=True, slots=True)
class Told:
    """One event, and what it says."""

    row: Event
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the device: what became of its records, and how its clock was placed."""

    row: Ledger
    records: dict[str, Any]
    began_at: datetime | None


@require_safe
@never_cache
@login_required
def sessions(request: HttpRequest, serial: str) -> HttpResponse:
    device = seen_device(request, serial)
    rows = _before(Session.objects.filter(device=device), request, "last_at")[: PER_PAGE + 1]
    found = queries.session_objects(rows.select_related("device__site", "device__live"), timezone.now())
    shown = [(one, row, event_words.end_words(row.end_reason)) for one, row in zip(found, rows, strict=True)]
    older = rows[PER_PAGE - 1].pk if len(shown) > PER_PAGE else None
    context = page(request, device, "device-sessions", sessions=shown[:PER_PAGE], older=older)
    return render(request, "dashboards/device/sessions.html", context)


@require_safe
@never_cache
@login_required
def events(request: HttpRequest, serial: str) -> HttpResponse:
    """Events in words, newest first; `?kind=` shows one kind."""
    device = seen_device(request, serial)
    kinds = event_words.kind_words()
    kind = request.GET.get("kind", "")
    rows = Event.objects.filter(device=device)
    if kind in kinds:
        rows = rows.filter(kind=kind)
    found = list(_before(rows, request, "placed_at")[: PER_PAGE + 1])
    told = [Told(row, event_words.told(bytes(row.body)), event_words.tone(row.kind)) for row in found]
    older = found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None
    more = {"events": told[:PER_PAGE], "older": older, "kind": kind, "kinds": kinds.items()}
    return render(request, "dashboards/device/events.html", page(request, device, "device-events", **more))


@require_safe
@never_cache
@login_required
def contact(request: HttpRequest, serial: str) -> HttpResponse:
    """Link history over `?days=`, with uptime of a day, a week and a month."""
    device = seen_device(request, serial)
    now = timezone.now()
    days = _days(request)
    whole = links.stretches(
        links.turns_of(device.pk, now - timedelta(days=WINDOWS[-1]), now),
        now - timedelta(days=WINDOWS[-1]),
        now,
    )
    ups: list[tuple[int, Uptime]] = [
        (window, links.uptime(links.within(whole, now - timedelta(days=window)))) for window in WINDOWS
    ]
    chosen = links.within(whole, now - timedelta(days=days))
    newest_first: list[Stretch] = chosen[::-1][:200]
    bar: list[Block] = blocks(chosen)
    more: dict[str, Any] = {
        "ups": ups,
        "days": days,
        "windows": WINDOWS,
        "bar": bar,
        "stretches": newest_first,
    }
    more |= {"left_out": max(0, len(chosen) - 200), "low": chosen[0].low, "high": now}
    more["words"] = words = _link_words()
    more["legend"] = {one.link: words.get(one.link, one.link) for one in chosen}
    more["since"] = (
        Change.objects.filter(device=device).order_by("placed_at").values_list("placed_at").first()
    )
    return render(request, "dashboards/device/contact.html", page(request, device, "device-link", **more))


@require_safe
@never_cache
@login_required
def evidence(request: HttpRequest, serial: str) -> HttpResponse:
    """Per boot: what became of every record, and how its clock was placed; and what was refused."""
    device = seen_device(request, serial)
    access.require(request.user, "see_ledger", device.site, subject=device.serial)
    boots = Ledger.objects.filter(device=device).order_by("-boot")
    below = request.GET.get("below", "")
    if below.isascii() and below.isdecimal() and int(below) <= queries.MAX_NUMBER:
        boots = boots.filter(boot__lt=int(below))
    rows = list(boots[: PER_PAGE + 1])
    older = rows[PER_PAGE - 1].boot if len(rows) > PER_PAGE else None
    rows = rows[:PER_PAGE]
    rejects = Reject.objects.filter(device=device).order_by("-at", "-pk")[: PER_PAGE + 1]
    rejected = queries.reject_objects(rejects)
    for shown, row in zip(rejected, rejects, strict=True):
        shown["moment"] = row.at
    more: dict[str, Any] = {"boots": _boots(device, rows), "older": older, "reasons": _gap_words()}
    more |= {"rejects": rejected[:PER_PAGE], "more_rejects": len(rejected) > PER_PAGE}
    return render(request, "dashboards/device/evidence.html", page(request, device, "device-records", **more))


def _boots(device: Device, rows: list[Ledger]) -> list[Boot]:
    if not rows:
        return []
    said = {one["boot"]: one for one in queries.ledger(device, after_boot=rows[-1].boot - 1, limit=len(rows))}
    return [
        Boot(row, said[row.boot], None if row.offset_ms is None else from_ms(row.offset_ms))
        for row in rows
        if row.boot in said
    ]


def _before(rows: QuerySet[Any], request: HttpRequest, moment: str) -> QuerySet[Any]:
    """Return the rows newest first, from beyond the one that `?before=` names on.  Raises Http404 for none such."""
    ordered = rows.order_by(f"-{moment}", "-pk")
    before = request.GET.get("before")
    if not before:
        return ordered
    if not (before.isascii() and before.isdecimal() and len(before) < 19):
        raise Http404
    last = rows.filter(pk=int(before)).values_list(moment, "pk").first()
    if last is None:
        raise Http404
    same = Q(**{moment: last[0]}, pk__lt=last[1])
    return ordered.filter(Q(**{f"{moment}__lt": last[0]}) | same)


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in {str(window) for window in WINDOWS} else WINDOWS[0]


def _link_words() -> dict[str, str]:
    return {
        "online": _("online"),
        "suspect": _("overdue"),
        "offline": _("no contact"),
        "never": _("never heard"),
        "conflict": _("two devices, one name"),
        links.UNKNOWN: _("not known"),
    }


def _gap_words() -> dict[str, tuple[str, str]]:
    """Return what each reason of a gap is called, and what it means."""
    return {
        "dropped": (_("dropped"), _("the device's buffer was full, and it gave them up")),
        "rejected": (_("rejected"), _("they came, but could not be used: see Rejects below")),
        "lost": (_("lost"), _("the device began anew without them; nobody has them any more")),
        "awaited": (_("awaited"), _("the device may still send them")),
        "pruned": (_("pruned"), _("awaited until the records around them were deleted by their age")),
    }
