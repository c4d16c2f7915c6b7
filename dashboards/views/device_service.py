"""Taking a device out of service while it is being worked on, and back."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.views.device import page, seen_device
from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.safety import workshop

VERB: Final = "out_of_service"
_FOR: Final = {
    "1h": (gettext_lazy("1 hour"), timedelta(hours=1)),
    "4h": (gettext_lazy("4 hours"), timedelta(hours=4)),
    "1d": (gettext_lazy("1 day"), timedelta(days=1)),
    "7d": (gettext_lazy("7 days"), timedelta(days=7)),
    "open": (gettext_lazy("until somebody takes it back"), None),
}


class ServiceForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=3,
        max_length=workshop.LONGEST_REASON,
        error_messages={
            "required": gettext_lazy("Say why it is out of service: whoever finds it will ask."),
            "min_length": gettext_lazy("Say why, in 3 to 200 characters."),
        },
        help_text=gettext_lazy("Such as “new lead on channel 2”. Goes on record with your name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lasts = forms.ChoiceField(
        label=gettext_lazy("For how long"), choices=[(key, words) for key, (words, _lasts) in _FOR.items()]
    )


@require_http_methods(["GET", "HEAD", "POST"])
@guarded
def out(request: HttpRequest, serial: str) -> HttpResponse:
    device = seen_device(request, serial)
    access.require(member(request), VERB, device.site, subject=device.serial)
    form, now = ServiceForm(request.POST or None, initial={"lasts": "4h"}), timezone.now()
    if request.method == "POST" and form.is_valid():
        lasts = _FOR[form.cleaned_data["lasts"]][1]
        try:
            workshop.out_of_service(
                actor=member(request),
                device=device,
                reason=form.cleaned_data["reason"],
                until=None if lasts is None else now + lasts,
                now=now,
            )
        except Refused as refused:  # somebody else was quicker
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(serial)s is out of service.") % {"serial": device.serial})
            return redirect("dashboards:device", device.serial)
    context: dict[str, Any] = page(request, device, "device", form=form)
    return render(
        request, "dashboards/device/out_of_service.html", context, status=422 if form.is_bound else 200
    )


@require_POST
@guarded
def back(request: HttpRequest, serial: str) -> HttpResponse:
    device = seen_device(request, serial)
    now: datetime = timezone.now()
    try:
        workshop.back_in_service(actor=member(request), device=device, now=now)
    except Refused:  # sent twice, somebody else was quicker, or its time was over
        messages.info(request, _("%(serial)s was in service again already.") % {"serial": device.serial})
    else:
        said = _("%(serial)s is in service again. Alerts about it that are still open are told from now on.")
        messages.success(request, said % {"serial": device.serial})
    return redirect("dashboards:device", device.serial)
