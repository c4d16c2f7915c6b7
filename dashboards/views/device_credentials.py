"""A device's broker account, and what an engineer may do with it.  Each deed is confirmed on a page of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access.people import member
from dashboards.views.device import page, seen_device
from devices import accounts
from devices.models import BrokerAccount, Device
from fleet import credentials, flows
from fleet.access import queries as access
from fleet.access import service

_SHORTEST_REASON, _LONGEST_REASON = 3, 200


@dataclass(frozen=True, slots=True)
class Deed:
    """Something an engineer may do here: its words, its verb, and when it makes sense."""

    verb: str
    title: Promise
    what_happens: Promise
    button: Promise
    fits: Callable[[Device], bool]
    wants_reason: bool = True
    is_dangerous: bool = False


DEEDS: Final[dict[str, Deed]] = {
    "new-password": Deed(
        "enrol",
        gettext_lazy("New password"),
        gettext_lazy(
            "The device is cut off at once and cannot connect until the new password is set in it, by hand. "
            "If a session is open it goes on at the device; here it falls silent."
        ),
        gettext_lazy("Make a new password"),
        lambda device: device.revoked_at is None,
        wants_reason=False,
        is_dangerous=True,
    ),
    "revoke": Deed(
        "enrol",
        gettext_lazy("Revoke this device"),
        gettext_lazy(
            "The broker throws the device out within seconds and lets it in no more. It leaves every wall and list; "
            "what it said stays readable. If a session is open it goes on at the device, and nobody sees it here."
        ),
        gettext_lazy("Revoke it"),
        lambda device: device.revoked_at is None,
        is_dangerous=True,
    ),
    "readmit": Deed(
        "enrol",
        gettext_lazy("Take this device back"),
        gettext_lazy("It returns to its site and wall, with its history, and gets a new password."),
        gettext_lazy("Take it back"),
        lambda device: device.revoked_at is not None,
    ),
    "end-conflict": Deed(
        "end_conflict",
        gettext_lazy("End the identity conflict"),
        gettext_lazy(
            "Do this once the second device is found and switched off. This one counts as overdue until it is heard "
            "again. If both still speak, the conflict is noticed anew."
        ),
        gettext_lazy("End the conflict"),
        lambda device: device.revoked_at is None and _link(device) == "conflict",
    ),
}


@require_safe
@never_cache
@login_required
def overview(request: HttpRequest, serial: str) -> HttpResponse:
    device = seen_device(request, serial)
    deeds = [
        (name, deed)
        for name, deed in DEEDS.items()
        if deed.fits(device) and access.may(request.user, deed.verb, device.site)
    ]
    account = BrokerAccount.objects.filter(username=device.serial).first()
    record = (
        access.audit_of(request.user).filter(site=device.site, subject=device.serial).order_by("-pk")[:20]
    )
    more = {"account": account, "deeds": deeds, "record": record, "kept": accounts.kept_before(device.serial)}
    context = page(request, device, "device-credentials", **more)
    return render(request, "dashboards/device/credentials.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def deed(request: HttpRequest, serial: str, name: str) -> HttpResponse:
    """GET asks whether it is meant; POST does it.  A password is shown in the answer, and never again."""
    device = seen_device(request, serial)
    chosen = DEEDS.get(name)
    if chosen is None:
        raise Http404
    service.require(request.user, chosen.verb, device.site, subject=device.serial)
    context = page(request, device, "device-credentials", deed=chosen, name=name, problem="", reason="")
    if not chosen.fits(device):
        context["problem"] = _("This does not fit the state of the device any more; nothing was changed.")
        return render(request, "dashboards/device/confirm.html", context, status=409)
    if request.method != "POST":
        return render(request, "dashboards/device/confirm.html", context)
    reason = " ".join(request.POST.get("reason", "").split())
    if chosen.wants_reason and not _SHORTEST_REASON <= len(reason) <= _LONGEST_REASON:
        context |= {"reason": reason, "problem": _("Say why, in 3 to 200 characters.")}
        return render(request, "dashboards/device/confirm.html", context, status=422)
    try:
        return _do(request, device, name, reason)
    except accounts.EnrolmentRefused as refused:  # somebody else was quicker
        context["problem"] = str(refused)
        return render(request, "dashboards/device/confirm.html", context, status=409)


def _do(request: HttpRequest, device: Device, name: str, reason: str) -> HttpResponse:
    actor = member(request)
    if name == "revoke":
        credentials.revoke(actor=actor, device=device, reason=reason)
        messages.success(request, _("%(serial)s is revoked.") % {"serial": device.serial})
    elif name == "end-conflict":
        ended = flows.end_conflict(actor=actor, device=device, reason=reason, now=timezone.now())
        words = _("The conflict is ended.") if ended else _("It was in no conflict any more.")
        messages.success(request, words)
    else:
        if name == "readmit":
            password = credentials.readmit(actor=actor, device=device, reason=reason)
        else:
            password = credentials.new_password(actor=actor, device=device)
        context = page(request, seen_device(request, device.serial), "device-credentials", password=password)
        return render(request, "dashboards/device/password.html", context)
    return redirect("dashboards:device-credentials", device.serial)


def _link(device: Device) -> str:
    live = getattr(device, "live", None)
    return live.link if live is not None else "never"
