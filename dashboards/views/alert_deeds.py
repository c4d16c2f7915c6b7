"""What people do with alerts: forms for whoever has no script, answers in JSON for the console's.

A deed's words are asked by GET (`?part=form`: the form alone, for a dialog); POST does it.  What was typed wrong
comes back as the form, with 422.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access.people import member
from dashboards.alerts.forms import AssignForm, CloseForm, CommentForm, ShelveForm
from dashboards.views.alert_page import may, seen_alert
from fleet.access import queries as access
from fleet.access import service as access_service
from fleet.access.errors import Denied, Refused
from fleet.access.verbs import WORDS
from fleet.safety import queries, service, texts
from fleet.safety.models import Alert
from fleet.safety.words import TRUE, Disposition, Priority

MOST_AT_ONCE: Final = 200  # more than any screen shows

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that can be done with an alert: how it is asked for, what it needs, how it is done."""

    title: Words
    why: Words
    button: Words
    said: Words
    verb: str  # of the table of roles
    do: Callable[[User, Alert, dict[str, Any]], Any]
    form: Callable[[HttpRequest, Alert], forms.Form | None] = lambda _request, _alert: None
    harmful: bool = False


@require_POST
@never_cache
@login_required
def acknowledge_many(request: HttpRequest) -> HttpResponse:
    """Acknowledge what was on somebody's screen together; a high alert is acknowledged one by one."""
    reader = member(request)
    asked = [
        int(one) for one in request.POST.getlist("ids")[:MOST_AT_ONCE] if one.isdecimal() and len(one) < 19
    ]
    seen = queries.visible(access.sites_of(reader)).filter(pk__in=asked).exclude(priority=Priority.HIGH)
    found = [one for one in seen if may(reader, "acknowledge", one)]
    try:
        service.acknowledge(actor=reader, alerts=found, now=timezone.now())
    except (Refused, Denied) as error:
        return JsonResponse({"detail": str(error)}, status=409 if isinstance(error, Refused) else 403)
    count = len(found)
    said = ngettext("%(n)d alert acknowledged.", "%(n)d alerts acknowledged.", count) % {"n": count}
    return JsonResponse({"alerts": _objects([one.pk for one in found]), "said": said})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def deed(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Ask for a deed, or do it."""
    found = seen_alert(request, number)
    known = DEEDS.get(name)
    if known is None:
        raise Http404
    form = known.form(request, found)
    if request.method != "POST":
        _require(member(request), known.verb, found)
        return _ask(request, found, name, form)
    if form is not None and not form.is_valid():
        return _ask(request, found, name, form, status=422)
    try:
        known.do(member(request), found, form.cleaned_data if form else {})
    except Refused as error:
        return _refused(request, found, name, form, str(error))
    except Denied as error:
        if not _is_script(request):
            raise
        return JsonResponse({"detail": str(error)}, status=403)
    return _done(request, found, str(known.said))


def _ask(
    request: HttpRequest,
    found: Alert,
    name: str,
    form: forms.Form | None,
    *,
    status: int = 200,
    refused: str = "",
) -> HttpResponse:
    known = DEEDS[name]
    asked = {
        "alert": found,
        "sentence": texts.sentence(found),
        "deed": known,
        "name": name,
        "form": form,
        "refused": refused,
        "warning": _still_true() if name == "close" and found.state in TRUE else "",
        "back": reverse("dashboards:alert", args=[found.pk]),
    }
    part = request.GET.get("part") == "form" or _is_script(request)
    template = "dashboards/alerts/form.html" if part else "dashboards/alerts/ask.html"
    return render(request, template, asked, status=status)


def _require(reader: User, verb: str, found: Alert) -> None:
    """Let whoever may do it be asked.  Raises Denied otherwise; the attempt is on record."""
    if found.site is None:
        access_service.require_anywhere(reader, verb, to=str(WORDS[verb]))
    else:
        access_service.require(reader, verb, found.site, subject=found.device.serial if found.device else "")


def _still_true() -> str:
    return _(
        "It is still true as far as is known. Close it only if you stood there: what nobody sees any more calls nobody."
        " As soon as the device says it again, a new alert rises."
    )


def _refused(
    request: HttpRequest, found: Alert, name: str, form: forms.Form | None, why: str
) -> HttpResponse:
    if _is_script(request):
        return JsonResponse({"detail": why}, status=409)
    return _ask(request, found, name, form, status=409, refused=why)


def _done(request: HttpRequest, found: Alert, said: str) -> HttpResponse:
    if _is_script(request):
        return JsonResponse({"alerts": _objects([found.pk]), "said": said})
    messages.success(request, said)
    return HttpResponseRedirect(reverse("dashboards:alert", args=[found.pk]))


def _objects(numbers: list[int]) -> list[dict[str, Any]]:
    """Return the alerts as they are now, however the deed left them."""
    return [queries.alert_object(one) for one in queries.alerts().filter(pk__in=numbers)]


def _is_script(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


# --- What each deed needs, and how it is done ---


def _shelve_form(request: HttpRequest, found: Alert) -> forms.Form:
    may_be_long = may(member(request), "shelve_beyond_shift", found)
    return ShelveForm(request.POST if request.method == "POST" else None, may_be_long=may_be_long)


def _close_form(request: HttpRequest, _found: Alert) -> forms.Form:
    return CloseForm(request.POST if request.method == "POST" else None)


def _comment_form(request: HttpRequest, _found: Alert) -> forms.Form:
    return CommentForm(request.POST if request.method == "POST" else None)


def _assign_form(request: HttpRequest, found: Alert) -> forms.Form:
    people = User.objects.filter(is_active=True).order_by("first_name", "last_name", "username")
    if found.site is None:
        sites = access.sites_of(member(request))
        people = people.filter(memberships__site__in=sites).distinct()
    else:
        people = people.filter(memberships__site=found.site).distinct()
    data = request.POST if request.method == "POST" else None
    return AssignForm(data, people=people)


def _shelve(actor: User, alert: Alert, said: dict[str, Any]) -> None:
    service.shelve(
        actor=actor,
        alert=alert,
        minutes=said["minutes"],
        reason=said["reason"],
        one_shot=said["one_shot"],
        now=timezone.now(),
    )


def _close(actor: User, alert: Alert, said: dict[str, Any]) -> None:
    disposition = Disposition(said["disposition"])
    service.close(actor=actor, alert=alert, disposition=disposition, note=said["note"], now=timezone.now())


DEEDS: Final[dict[str, Deed]] = {
    "acknowledge": Deed(
        gettext_lazy("Acknowledge this alert?"),
        gettext_lazy("You say that you have seen it and see to it. Nobody else is called for it."),
        gettext_lazy("Acknowledge"),
        gettext_lazy("Acknowledged: it is yours. It stays here until it is true no longer and closed."),
        "acknowledge",
        lambda actor, alert, _said: service.acknowledge(actor=actor, alerts=[alert], now=timezone.now()),
    ),
    "shelve": Deed(
        gettext_lazy("Shelve this alert"),
        gettext_lazy(
            "It is put aside for a while, and nobody is called for it. It comes back by itself, earlier if it gets"
            " worse. A high alert that is true stays in sight all the same."
        ),
        gettext_lazy("Shelve"),
        gettext_lazy("Shelved. It comes back by itself; to take it off the shelf now, open it."),
        "shelve",
        _shelve,
        _shelve_form,
    ),
    "unshelve": Deed(
        gettext_lazy("Take this alert off the shelf?"),
        gettext_lazy("It is told again as if it had just risen, if nobody has it."),
        gettext_lazy("Take off the shelf"),
        gettext_lazy("Off the shelf."),
        "shelve",
        lambda actor, alert, _said: service.unshelve(actor=actor, alert=alert, now=timezone.now()),
    ),
    "close": Deed(
        gettext_lazy("Close this alert"),
        gettext_lazy("What it was helps to find rules and devices that call for nothing."),
        gettext_lazy("Close"),
        gettext_lazy("Closed. If it becomes true again, a new alert rises."),
        "close_alert",
        _close,
        _close_form,
    ),
    "assign": Deed(
        gettext_lazy("Give this alert to somebody"),
        gettext_lazy("They see their name beside it."),
        gettext_lazy("Give"),
        gettext_lazy("Given."),
        "acknowledge",
        lambda actor, alert, said: service.assign(
            actor=actor, alert=alert, to=said["person"], now=timezone.now()
        ),
        _assign_form,
    ),
    "comment": Deed(
        gettext_lazy("Comment on this alert"),
        gettext_lazy("For whoever comes next."),
        gettext_lazy("Comment"),
        gettext_lazy("Your comment stands in its journal."),
        "acknowledge",
        lambda actor, alert, said: service.comment(
            actor=actor, alert=alert, text=said["text"], now=timezone.now()
        ),
        _comment_form,
    ),
}  # fmt: skip
