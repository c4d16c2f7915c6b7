"""Which risk class a device is in: those of the safer ones have their turn first in a rollout."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.views.device import page, seen_device
from dashboards.words.rollouts import RISKS
from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.rollouts.risk import set_risk_class


class RiskForm(forms.Form):
    risk_class = forms.ChoiceField(
        label=gettext_lazy("Risk class"),
        required=False,
        choices=[(risk.value, words) for risk, words in RISKS.items()],
        help_text=gettext_lazy(
            "Rollouts reach devices in this order. It changes nothing else, and nothing in a rollout that has begun."
        ),
        widget=forms.RadioSelect,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@guarded
def device_risk(request: HttpRequest, serial: str) -> HttpResponse:
    device = seen_device(request, serial)
    access.require(member(request), "enrol", device.site, subject=device.serial)
    known = device.risk_class if device.risk_class in set(RISKS) else ""
    form = RiskForm(request.POST or None, initial={"risk_class": known})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["risk_class"]
        try:
            changed = set_risk_class(actor=member(request), device=device, risk_class=chosen)
        except Refused as refused:
            form.add_error("risk_class", str(refused))
        else:
            said = (
                _("Its risk class is now: %(words)s.")
                if changed
                else _("Its risk class was already: %(words)s.")
            )
            words = next(words for risk, words in RISKS.items() if risk == chosen)
            messages.success(request, said % {"words": words})
            return redirect("dashboards:device", device.serial)
    context = page(request, device, "device", form=form)
    return render(request, "dashboards/device/risk.html", context, status=422 if form.errors else 200)
