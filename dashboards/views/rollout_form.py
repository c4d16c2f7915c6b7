"""Writing a rollout: the form, its preview, and the draft that it makes."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access.guards import page as guarded
from dashboards.access.people import member
from dashboards.rollouts import choices, foreseen
from dashboards.rollouts.form import DEFAULTS, RolloutForm, initial_of
from dashboards.views.rollout_page import frame, seen_rollout
from fleet.access import service as access
from fleet.rollouts import rights, service
from fleet.rollouts.errors import NotNow, Taken, Unusable
from fleet.rollouts.models import Rollout


@require_http_methods(["GET", "HEAD", "POST"])
@guarded
def rollout_new(request: HttpRequest) -> HttpResponse:
    """`?protocol=…:3` chooses the version beforehand, as the page of a version links it."""
    writer = member(request)
    access.require_anywhere(writer, "write_rollout", to=_("writing rollouts"))
    offered = choices.offered(writer)
    if request.method != "POST":
        initial = DEFAULTS | _asked_for(request, offered)
        return _page(request, RolloutForm(offered=offered, initial=initial), id=str(uuid4()))
    form = RolloutForm(request.POST, offered=offered)
    given_id = _uuid(request.POST.get("id", ""))
    if not form.is_valid() or request.POST.get("deed") == "preview":
        return _previewed(request, form, id=str(given_id))
    try:
        made = _create(request, form, given_id)
    except Unusable as wrong:
        form.complain(wrong)
        return _page(request, form, id=str(given_id), status=422)
    messages.success(request, _("Saved as a draft. Read it once more, then submit it."))
    return redirect("dashboards:rollout", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@guarded
def rollout_edit(request: HttpRequest, number: UUID) -> HttpResponse:
    found = seen_rollout(request, number)
    rights.require(member(request), "edit", found)
    offered = choices.offered(member(request))
    if found.state != "draft":
        messages.warning(request, _("It is no draft any more, so it cannot be changed."))
        return redirect("dashboards:rollout", found.pk)
    if request.method != "POST":
        initial = initial_of(found, offered.zone_of(found.targets_spec.get("site", "")))
        return _page(request, RolloutForm(offered=offered, initial=initial), rollout=found, rev=found.rev)
    form = RolloutForm(request.POST, offered=offered)
    rev = request.POST.get("rev", "")
    if not form.is_valid() or request.POST.get("deed") == "preview":
        return _previewed(request, form, rollout=found, rev=rev)
    seen = int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 19 else found.rev
    try:
        service.edit(actor=member(request), rollout=found, given=form.spec, rev=seen, now=timezone.now())
    except Unusable as wrong:
        form.complain(wrong)
        return _page(request, form, rollout=found, rev=rev, status=422)
    except NotNow as refused:
        form.add_error(None, str(refused))
        return _page(request, form, rollout=found, rev=rev, status=409)
    messages.success(request, _("Saved."))
    return redirect("dashboards:rollout", found.pk)


def _create(request: HttpRequest, form: RolloutForm, id: UUID) -> Rollout:
    """Write the draft; a form that is sent twice makes one, a form that was gone back to and changed another."""
    actor, now = member(request), timezone.now()
    try:
        return service.create(actor=actor, given=form.spec, id=id, now=now)
    except Taken:
        return service.create(actor=actor, given=form.spec, id=uuid4(), now=now)


def _previewed(request: HttpRequest, form: RolloutForm, **more: Any) -> HttpResponse:
    """Answer with whom it would reach; or, with nothing of it, with what is wrong."""
    shown = None
    if not form.errors:
        try:
            shown = foreseen.preview(member(request), form.spec, timezone.now())
        except Unusable as wrong:
            form.complain(wrong)
    return _page(request, form, preview=shown, status=422 if form.errors else 200, **more)


def _page(
    request: HttpRequest, form: RolloutForm, *, rollout: Rollout | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    context = frame(request, rollout) if rollout else {"now": timezone.now()}
    context |= {"form": form, "nowhere": not form.offered.versions, **more}
    return render(request, "dashboards/rollouts/form.html", context, status=status)


def _asked_for(request: HttpRequest, offered: choices.Offered) -> dict[str, Any]:
    """Return what the address chooses beforehand, as far as it can be chosen."""
    known = {key for _protocol, group in offered.versions for key, _label in group}
    asked = request.GET.get("protocol", "")
    chosen: dict[str, Any] = {"version": asked} if asked in known else {}
    if len(offered.sites) == 1:
        chosen["site"] = offered.sites[0].slug
    return chosen


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
