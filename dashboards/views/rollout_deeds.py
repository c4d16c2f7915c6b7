"""What people ask of a rollout, each with one press: the service decides, and this says what came of it."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.rollouts.offered import IN_STATES, LEADS_TO, stopped_itself
from dashboards.views.rollout_page import page, seen_rollout
from fleet.rollouts import rights, service
from fleet.rollouts.errors import NotNow, Unusable
from fleet.rollouts.models import Rollout
from fleet.rollouts.states import RolloutState

_DONE: Final[dict[str, Promise]] = {
    "submit": _("Submitted: a clinician who did not write it decides."),
    "approve": _("Approved, with your name and reason. It can be started now."),
    "reject": _("Rejected: it is a draft again, with your reason beside it."),
    "start": _("Started."),
    "pause": _("Paused: no new offers."),
    "resume": _("It goes on."),
    "advance": _("It goes on."),
    "retry": _("What was left is taken up again."),
    "abort": _("Aborted: no new offers; what is open is taken back."),
    "rollback": _("Rolling back, between sessions."),
}


@require_POST
@guarded
def deed(request: HttpRequest, number: UUID, verb: str) -> HttpResponse:
    if verb not in IN_STATES:
        raise Http404
    found = seen_rollout(request, number)
    if verb == "retry" and _chose_nothing(request, found):
        messages.warning(request, _("Nothing was tried again: tick what is to get its offer anew."))
        return redirect("dashboards:rollout", found.pk)
    try:
        _do(request, found, verb)
    except Unusable as wrong:
        context = page(request, found, problem=str(wrong), problem_verb=verb, typed=_reason(request))
        return render(request, "dashboards/rollouts/rollout.html", context, status=422)
    except NotNow as refused:
        found.refresh_from_db()
        if found.state in LEADS_TO.get(verb, ()) and not stopped_itself(found):  # pressed twice, or by two
            messages.info(request, _("That was done already."))
        else:
            messages.warning(request, str(refused))
    else:
        messages.success(request, str(_DONE[verb]))
    return redirect("dashboards:rollout", found.pk)


def _chose_nothing(request: HttpRequest, found: Rollout) -> bool:
    """Whether it was asked to try again, but nobody: who is out of reach gets an offer of a running one by itself."""
    is_asked = found.state in (RolloutState.RUNNING, RolloutState.PAUSED) and not request.POST.getlist("also")
    return is_asked and rights.may(member(request), "retry", found)


def _do(request: HttpRequest, found: Rollout, verb: str) -> None:
    actor, now = member(request), timezone.now()
    rev = _rev(request)
    if verb == "submit":
        service.submit(actor=actor, rollout=found, rev=rev, now=now)
    elif verb == "approve":
        service.approve(actor=actor, rollout=found, reason=_reason(request), rev=rev, now=now)
    elif verb == "reject":
        service.reject(actor=actor, rollout=found, reason=_reason(request), rev=rev, now=now)
    else:
        wave = request.POST.get("wave", "")
        service.ask(
            actor=actor,
            rollout=found,
            verb=verb,
            wave=int(wave)
            if verb == "advance" and wave.isascii() and wave.isdigit() and len(wave) < 6
            else None,
            also=tuple(request.POST.getlist("also")),
            reason=_reason(request),
            now=now,
        )


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[:300]


def _rev(request: HttpRequest) -> int:
    """Return the revision that the reader saw; a page that names none has seen none."""
    text = request.POST.get("rev", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
