"""A protocol with its versions; one version with all that is to be known of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import scope_of
from dashboards.protocols import found, shown, words
from fleet.protocols import authors, bodies
from fleet.protocols.lifecycle import State
from fleet.protocols.models import Version
from fleet.rollouts import queries as rollouts


@require_safe
@page
def protocol(request: HttpRequest, id: str) -> HttpResponse:
    me = member(request)
    one = found.protocol_for(me, id)
    versions = list(one.versions.order_by("-number"))
    context = {
        "protocol": one,
        "versions": versions,
        "newest": versions[0] if versions else None,
        "sites": found.sites_of(me, one),
        "may_write": bool(found.sites_of(me, one, "write_protocol")),
        "zone": scope_of(request).time_zone,
        "once": once.word(),
    }
    return render(request, "dashboards/protocols/protocol.html", context)


@require_safe
@page
def version(request: HttpRequest, id: str, number: int) -> HttpResponse:
    me = member(request)
    return render(
        request,
        "dashboards/protocols/version.html",
        about(request, found.version_for(me, id, number)),
    )


def about(request: HttpRequest, version: Version) -> dict[str, Any]:
    """Return what the pages of one version have in common."""
    me = member(request)
    scope = scope_of(request)
    may_approve = bool(found.sites_of(me, version.protocol, "approve_protocol"))
    wrote = authors.wrote(version, me)
    return {
        "shown": shown.page_of(version),
        "version": version,
        "badge": words.badge(version.state),
        "zone": scope.time_zone,
        "now": timezone.now(),
        "sites": found.sites_of(me, version.protocol),
        "may_write": bool(found.sites_of(me, version.protocol, "write_protocol")),
        "may_approve": may_approve and not wrote,
        "may_reject": may_approve,
        "wrote": wrote,
        "rollouts": list(rollouts.visible(scope.sites).filter(version=version).order_by("-created_at")[:20]),
        "newer": version.protocol.versions.filter(number__gt=version.number, state=State.APPROVED)
        .order_by("number")
        .last(),
        "usable": version.state == State.APPROVED,
        "by": {
            name: shown.called(getattr(version, name))
            for name in ("submitted_by", "decided_by", "withdrawn_by")
            if getattr(version, name)
        },
        "is_empty": not bodies.read(version).get("steps"),
        "once": once.word(),
    }
