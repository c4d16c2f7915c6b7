"""What people do with a version: submit it, approve or reject it, withdraw it, begin the next one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.protocols import found
from dashboards.views.protocol_page import about
from fleet.access.errors import Refused
from fleet.protocols import service
from fleet.protocols.models import Version


@require_POST
@page
def submit(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Hand a draft in, as it was seen: `rev` says which."""
    me = member(request)
    version = found.version_for(me, id, number)
    rev = request.POST.get("rev", "")
    said = _("Submitted: it never changes from now on. A second clinician looks at it under Approvals.")
    return _done(
        request,
        version,
        lambda: service.submit(
            actor=me,
            version=version,
            rev=int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 10 else -1,
            now=timezone.now(),
        ),
        said,
    )


@require_POST
@page
def begin_next(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Begin the next version as this one is."""
    me = member(request)
    version = found.version_for(me, id, number)
    again = once.repeated(request)
    if again is not None:
        return again
    try:
        draft = service.take_up(actor=me, version=version, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return once.done(request, _address(version))
    text = _("Version %(n)d is a draft now, and begins as version %(old)d is.")
    messages.success(request, text % {"n": draft.number, "old": version.number})
    return once.done(request, reverse("dashboards:protocol-edit", args=[id, draft.number]))


@require_http_methods(["GET", "HEAD", "POST"])
@page
@sensitive_post_parameters("password")
@sensitive_variables("password")
def approve(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Asks for the password again, a reason, and a note where values are from memory."""
    me = member(request)
    version = found.version_for(me, id, number)
    found.require(me, "approve_protocol", version)
    if request.method != "POST":
        return _ask(request, version)
    again = once.repeated(request)
    if again is not None:
        return again
    reason, note = request.POST.get("reason", ""), request.POST.get("confirmation", "")
    password = request.POST.get("password", "")
    if not _is_mine(request, password):
        return _ask(request, version, wrong=_("This is not your password. It distinguishes capital letters."))
    try:
        service.approve(actor=me, version=version, reason=reason, confirmation=note, now=timezone.now())
    except Refused as refused:
        return _ask(request, version, error=str(refused))
    messages.success(request, _("Approved. It may be rolled out; no device has it by that alone."))
    return once.done(request, _address(version))


@require_POST
@page
def reject(request: HttpRequest, id: str, number: int) -> HttpResponse:
    me = member(request)
    version = found.version_for(me, id, number)
    again = once.repeated(request)
    if again is not None:
        return again
    try:
        service.reject(
            actor=me, version=version, reason=request.POST.get("reject_reason", ""), now=timezone.now()
        )
    except Refused as refused:
        return _ask(request, version, rejecting=str(refused))
    messages.success(request, _("Rejected. It stays on record, and can be taken up again as a new version."))
    return once.done(request, _address(version))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def withdraw(request: HttpRequest, id: str, number: int) -> HttpResponse:
    """Takes an approved version out of use at once; leads to the devices that have it."""
    me = member(request)
    version = found.version_for(me, id, number)
    found.require(me, "approve_protocol", version)
    error = ""
    if request.method == "POST":
        again = once.repeated(request)
        if again is not None:
            return again
        try:
            service.withdraw(
                actor=me, version=version, reason=request.POST.get("reason", ""), now=timezone.now()
            )
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, _("Withdrawn: no device is offered it any more."))
            return once.done(request, reverse("dashboards:protocol-devices", args=[id, number]))
    context = about(request, version) | {"error": error, "reason": request.POST.get("reason", "")}
    return render(request, "dashboards/protocols/withdraw.html", context, status=422 if error else 200)


def _done(request: HttpRequest, version: Version, deed: Callable[[], Version], said: str) -> HttpResponse:
    again = once.repeated(request)
    if again is not None:
        return again
    try:
        deed()
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return once.done(request, _address(version))


def _address(version: Version) -> str:
    return reverse("dashboards:protocol-version", args=[version.protocol_id, version.number])


@sensitive_variables("password")
def _is_mine(request: HttpRequest, password: str) -> bool:
    """Whether it is the reader's own password.  Failures are counted as those of logging in are."""
    me = member(request)
    who = authenticate(request, username=me.get_username(), password=password)
    return who is not None and who.pk == me.pk


def _ask(request: HttpRequest, version: Version, **wrong: Any) -> HttpResponse:
    """Return the page on which a clinician decides; what was typed stands in it again, but the password."""
    version.refresh_from_db()
    typed = {name: request.POST.get(name, "") for name in ("reason", "confirmation", "reject_reason")}
    context = about(request, version) | {"typed": typed} | wrong
    context["once"] = request.POST.get(once.FIELD) or once.word()
    return render(request, "dashboards/protocols/approve.html", context, status=422 if wrong else 200)
