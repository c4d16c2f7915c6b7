"""Which devices have a version, by their own word; locking them, and rolling back what brought it there."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.lists.scope import scope_of
from dashboards.protocols import found, holders, words
from fleet.access import queries as sight
from fleet.protocols.models import Version


@require_safe
@page
def devices(request: HttpRequest, id: str, number: int) -> HttpResponse:
    me, now = member(request), timezone.now()
    version = found.version_for(me, id, number)
    context = {
        "version": version,
        "badge": words.badge(version.state),
        "about": holders.about(me, version, list(sight.sites_of(me)), now),
        "once": once.word(),
        "again": once.word(),
        "now": now,
        "zone": scope_of(request).time_zone,
    }
    return render(request, "dashboards/protocols/devices.html", context)


@require_POST
@page
def lock_all(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Lock every device that says that it has this version, where the reader may."""

    def deed(version: Version, reason: str) -> tuple[int, list[str]]:
        me, now = member(request), timezone.now()
        chosen = holders.about(me, version, list(sight.sites_of(me)), now).lockable
        return holders.lock_all(me, chosen, reason, now)

    return _do(
        request,
        id,
        number,
        deed,
        lambda n: ngettext(
            "%(n)d device is asked to be locked; it counts once it says so itself.",
            "%(n)d devices are asked to be locked; each counts once it says so itself.",
            n,
        ),
        _("Nothing was locked: the version is not withdrawn, or no device is left that you may lock."),
    )


@require_POST
@page
def roll_back_all(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Roll back every rollout of this version, where the reader may: to what each device had before."""

    def deed(version: Version, reason: str) -> tuple[int, list[str]]:
        me, now = member(request), timezone.now()
        chosen = holders.about(me, version, list(sight.sites_of(me)), now).back
        return holders.roll_back_all(me, chosen, reason, now)

    return _do(
        request,
        id,
        number,
        deed,
        lambda n: ngettext(
            "%(n)d rollout goes back to what each device had before, between sessions.",
            "%(n)d rollouts go back to what each device had before, between sessions.",
            n,
        ),
        _(
            "Nothing was rolled back: the version is not withdrawn, or no rollout is left that you may roll back."
        ),
    )


def _do(
    request: HttpRequest,
    id: str,
    number: int,
    deed: Callable[[Version, str], tuple[int, list[str]]],
    said: Callable[[int], str],
    nothing: str,
) -> HttpResponse:
    version = found.version_for(member(request), id, number)
    again: HttpResponseRedirect | None = once.repeated(request)
    if again is not None:
        return again
    count, refused = deed(version, _("%(version)s is withdrawn") % {"version": version})
    if count:
        messages.success(request, said(count) % {"n": count})
    elif not refused:
        messages.warning(request, nothing)
    for one in refused[:20]:
        messages.error(request, one)
    if len(refused) > 20:
        messages.error(request, _("and %(n)d more") % {"n": len(refused) - 20})
    return once.done(request, reverse("dashboards:protocol-devices", args=[id, number]))
