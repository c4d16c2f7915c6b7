"""A device's commands: those that were asked for, and asking, for whoever has no script."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.commands.listing import listing, rows
from dashboards.commands.offered import FRESH
from dashboards.commands.wording import milliamperes
from dashboards.lists.scope import Scope
from dashboards.presses import pressed_at
from dashboards.views.device import page, seen_device
from devices import queries
from devices.models import Device
from fleet.access.errors import Refused
from fleet.control import service
from fleet.control.models import Command

_MOST: Final = 16  # channels of a device


@require_safe
@guarded
def device_commands(request: HttpRequest, serial: str) -> HttpResponse:
    device = seen_device(request, serial)
    scope, now = Scope((device.site,)), timezone.now()
    here_is = listing(scope, now, device=device)
    asked = here_is.ask(request.GET)
    found = rows(scope, scope, asked, device)
    shown = here_is.page(asked, found, now=now, time_zone=device.site.time_zone, is_one_zone=True)
    return render(
        request, "dashboards/device/commands.html", page(request, device, "device-commands", list=shown)
    )


@require_POST
@guarded
def ask(request: HttpRequest, serial: str) -> HttpResponse:
    """Ask the device, and lead to what becomes of it.  What cannot be asked comes back in words."""
    device = seen_device(request, serial)
    try:
        asked = _ask(request, device)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("dashboards:device", device.serial)
    if len(asked) == 1:
        return redirect("dashboards:command", asked[0].pk)
    return redirect("dashboards:device-commands", device.serial)


def _ask(request: HttpRequest, device: Device) -> list[Command]:
    """Ask for what the form says; return the commands, one a channel of a step down."""
    verb, now = request.POST.get("verb", ""), pressed_at(request)
    asking: dict[str, Any] = {"actor": member(request), "device": device, "verb": verb, "now": now}
    if verb != "stop":  # which nothing may keep: its reason may be added afterwards
        asking["reason"] = request.POST.get("note", "")
    wanted = _args(request, device, verb)
    chosen = _id(request) if len(wanted) == 1 else None
    return [service.ask(**asking, args=args, id=chosen) for args in wanted]


def _id(request: HttpRequest) -> UUID | None:
    """Return the id that the page chose, so that what is sent twice is asked once."""
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError:
        return None


def _args(request: HttpRequest, device: Device, verb: str) -> list[dict[str, Any]]:
    """Return the arguments of each command that the form stands for.  Raises Refused with what is wrong."""
    if verb == "identify":
        seconds = request.POST.get("seconds", "")
        return [{"seconds": int(seconds) if seconds.isascii() and seconds.isdigit() else seconds}]
    if verb in ("lock", "unlock"):
        return [{"reason": request.POST.get("word") or "other"}]
    if verb != "lower":
        return [{}]
    if "targets" in request.POST:
        return _targets(request.POST["targets"])
    channel = _number(request.POST.get("channel", "")) if request.POST.get("channel") else None
    to_ma = _number(request.POST.get("to_ma", "").replace(",", "."))
    _require_less(device, channel, to_ma)
    return [{"channel": None if channel is None else int(channel), "to_ma": to_ma}]


def _targets(text: str) -> list[dict[str, Any]]:
    """Read what a step comes to, as its button carries it: `1=27.0 2=25.0`."""
    parts = [part.partition("=") for part in text.split()[:_MOST]]
    if not parts:
        raise Refused(_("No channel is set to anything, as far as the device told. Nothing was sent."))
    return [{"channel": int(_number(n)), "to_ma": _number(to_ma)} for n, _equals, to_ma in parts]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 10_000:
        raise Refused(
            _("“%(value)s” is no current; give a number of mA, such as 12.5. Nothing was sent.")
            % {"value": text[:20]}
        )
    return value


def _require_less(device: Device, channel: float | None, to_ma: float) -> None:
    """Say that nothing would change, rather than send it; from old values nothing is concluded."""
    now = timezone.now()
    [shown] = queries.device_objects(Device.objects.filter(pk=device.pk), now)
    told_at = shown["telemetry_at"]
    if told_at is None or now - datetime.fromisoformat(told_at) > FRESH:
        return
    known = [one["set_ma"] for one in shown["channels"] if channel in (None, one["n"])]
    highest = max((value for value in known if value is not None), default=None)
    if highest is not None and to_ma >= highest:
        raise Refused(
            _("It is set to %(now)s: at most %(wish)s would change nothing, so nothing was sent.")
            % {"now": milliamperes(highest), "wish": milliamperes(to_ma)}
        )
