"""Stopping a room or a site without scripts, and what became of such a stop."""

from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.commands import stops
from dashboards.live.reads import counted
from dashboards.presses import pressed_at
from fleet.access import queries as access
from fleet.access import service as access_service
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.control import queries, service
from fleet.control.models import Stop

IDENTIFY_S: Final = 10


@require_safe
@guarded
def stop(request: HttpRequest, number: UUID) -> HttpResponse:
    """What became of it; `?part=view` answers what changes alone, which the page asks for every two seconds."""
    found = _seen(request, number)
    part = request.GET.get("part") == "view"
    return render(request, f"dashboards/stops/{'view' if part else 'stop'}.html", _context(request, found))


@require_POST
@guarded
def stop_reason(request: HttpRequest, number: UUID) -> HttpResponse:
    """Write down why, afterwards: nobody is asked for it before."""
    found = _seen(request, number)
    typed = request.POST.get("reason", "")
    try:
        service.add_stop_reason(actor=member(request), stop=found, reason=typed, now=timezone.now())
    except Refused as refused:
        context = _context(request, found) | {"problem": str(refused), "typed": typed[:200]}
        return render(request, "dashboards/stops/stop.html", context, status=422)
    messages.success(request, _("Written down, with your name."))
    return redirect("dashboards:stop", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@guarded
def site_stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Say whom it would stop, and stop them on one press; `room`: only those of one room.

    The page brings the id of its stop along, so that a press that is sent twice is one.
    """
    site = access.site_for(member(request), slug)
    access_service.require(member(request), "stop", site, subject=site.slug)
    room = request.POST.get("room") or request.GET.get("room") or ""
    if request.method == "POST":
        try:
            asked = service.stop_site(
                actor=member(request),
                site=site,
                room=room or None,
                id=_own_id(request),
                now=pressed_at(request),
            )
        except Refused as refused:
            return render(
                request,
                "dashboards/stops/ask.html",
                _asking(site, "") | {"problem": str(refused)},
                status=409,
            )
        except DatabaseError:
            return render(request, "dashboards/stops/away.html", {"site": site}, status=503)
        return redirect("dashboards:stop", asked.pk)
    if room and not queries.has_room(site, room):
        raise Http404
    return render(request, "dashboards/stops/ask.html", _asking(site, room))


@require_POST
@guarded
def room_identify(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the devices of a room blink and beep, so that they are found."""
    site = access.site_for(member(request), slug)
    room = request.POST.get("room", "")
    try:
        commands, left_out = service.identify_room(
            actor=member(request), site=site, room=room or None, seconds=IDENTIFY_S, now=pressed_at(request)
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        said = ngettext(
            "%(n)d device is asked to blink and beep for %(s)d seconds.",
            "%(n)d devices are asked to blink and beep for %(s)d seconds.",
            len(commands),
        ) % {"n": len(commands), "s": IDENTIFY_S}
        (messages.success if commands else messages.warning)(request, said)
        for _device, words in left_out:
            messages.warning(request, words)
    return redirect("dashboards:site-stop", site.slug)


def _seen(request: HttpRequest, number: UUID) -> Stop:
    """Return a stop at one of the reader's sites.  Raises Http404 if there is none."""
    mine = access.sites_of(member(request))
    found = stops.stops().filter(pk=number, site__in=mine).first()
    if found is None:
        raise Http404
    return found


def _context(request: HttpRequest, found: Stop) -> dict[str, Any]:
    now = timezone.now()
    return {
        "run": stops.run_of(found, now),
        "site": found.site,
        "now": now,
        "may_reason": not found.reason and access.may(request.user, "stop", found.site),
    }


def _asking(site: Site, room: str) -> dict[str, Any]:
    now = timezone.now()
    on = sorted(
        queries.may_be_on(site, room or None, now),
        key=lambda one: (counted(one.room), counted(one.name or one.serial), one.serial),
    )
    rooms = sorted(set(site.devices.exclude(room="").values_list("room", flat=True)), key=counted)
    return {"site": site, "room": room, "rooms": rooms, "devices": on, "stop_id": uuid4(), "now": now}


def _own_id(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError:
        return None
