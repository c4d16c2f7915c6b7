"""One command: what was asked for, what became of it step by step, and on whose word."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.commands import timeline, wording
from dashboards.commands.listing import site_zone
from dashboards.words import commands as words
from devices.moments import to_ms
from fleet.access import queries as access
from fleet.access.errors import Refused
from fleet.control import queries, service
from fleet.control.lifecycle import OPEN, State
from fleet.control.models import Command


def seen_command(request: HttpRequest, number: UUID) -> Command:
    """Return a command to a device that stood at a site of the reader.  Raises Http404 if they see none."""
    mine = access.sites_of(member(request))
    found = queries.commands().select_related("stop").filter(pk=number, site__in=mine).first()
    if found is None:
        raise Http404
    return found


@require_safe
@guarded
def command(request: HttpRequest, number: UUID) -> HttpResponse:
    """The page; `?part=view` answers what changes alone, which the page asks for every two seconds."""
    context = _context(request, seen_command(request, number))
    part = request.GET.get("part") == "view"
    template = "dashboards/commands/view.html" if part else "dashboards/commands/command.html"
    return render(request, template, context)


@require_POST
@guarded
def reason(request: HttpRequest, number: UUID) -> HttpResponse:
    """Write down why, afterwards: nobody is asked for it before."""
    found = seen_command(request, number)
    try:
        service.add_reason(
            actor=member(request), command=found, reason=request.POST.get("reason", ""), now=timezone.now()
        )
    except Refused as refused:
        return render(
            request,
            "dashboards/commands/command.html",
            _context(request, found, problem=str(refused), typed=request.POST.get("reason", "")[:200]),
            status=422,
        )
    messages.success(request, _("Written down, with your name."))
    return redirect("dashboards:command", found.pk)


def _context(request: HttpRequest, found: Command, **more: Any) -> dict[str, Any]:
    state, now = State(found.state), timezone.now()
    return {
        "command": found,
        "device": found.device,
        "site": found.site,
        "zone": site_zone(found),
        "now": now,
        "asked": wording.asked(found),
        "face": words.face(queries.command_object(found), to_ms(now), words.command_texts()),
        "who": timeline.asker(found),
        "steps": timeline.steps(found),
        "waits": state in OPEN or state is State.DONE,
        "may_reason": not found.reason and found.site and access.may(request.user, found.verb, found.site),
        **more,
    }
