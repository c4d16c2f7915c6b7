"""A version on paper, and as a file."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import Scope
from dashboards.protocols import found, shown
from fleet.access.service import record
from fleet.protocols.lifecycle import State
from fleet.protocols.models import Version

_GROUP = 8  # digits of a hash that an eye takes in at once


@require_safe
@page
def print_version(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """The version, its difference to the one approved before, and its approval, for A4."""
    reader = member(request)
    version = found.version_for(reader, id, number)
    told = shown.page_of(version)
    context = {
        **_context(version),
        "page": told,
        "length": _length(told.picture.plan.length_ms) if told.picture.plan else "",
        "now": timezone.now(),
        "reader": shown.called(reader.get_username()),
        "zone": Scope(tuple(found.sites_of(reader, version.protocol))).time_zone,
    }
    return render(request, "dashboards/protocols/print.html", context)


@require_safe
@page
def export(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """The document as a file: byte for byte what is hashed, so `sha256sum` of it is its hash."""
    reader = member(request)
    version = found.version_for(reader, id, number)
    site = found.sites_of(reader, version.protocol)[0]
    record(reader, "data.exported", site=site, subject=f"protocol {version}")
    draft = "-draft" if version.state == State.DRAFT else ""
    return HttpResponse(
        version.body.encode(),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{id}-{number}{draft}.json"'},
    )


def _length(ms: int) -> str:
    """Return a length as people say it: "22 min 2 s"."""
    minutes, seconds = divmod(round(ms / 1000), 60)
    return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds}


def _context(version: Version) -> dict[str, Any]:
    """Return who did what with it, and whether it may still be used."""
    newer = (
        Version.objects.filter(protocol=version.protocol_id, number__gt=version.number, state=State.APPROVED)
        .order_by("-number")
        .first()
    )
    digits = version.sha256
    return {
        "version": version,
        "newer": newer,
        "submitter": shown.called(version.submitted_by) if version.submitted_by else "",
        "decider": shown.called(version.decided_by) if version.decided_by else "",
        "withdrawer": shown.called(version.withdrawn_by) if version.withdrawn_by else "",
        "hash_groups": [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)],
    }
