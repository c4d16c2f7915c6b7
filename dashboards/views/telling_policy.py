"""How alerts of one priority are told at a site: its steps, when it begins again, its quiet hours."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import words
from dashboards.duty.forms import PlanForm, Steps, plan_form
from dashboards.views.telling import TOLD_PRIORITIES, VERB
from fleet.access import queries as access
from fleet.access import service as access_service
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.paging import service
from fleet.paging.models import Policy
from fleet.paging.policies import DEFAULT
from fleet.safety.words import Priority


@require_http_methods(["GET", "HEAD", "POST"])
@page
def policy(request: HttpRequest, slug: str, priority: str) -> HttpResponse:
    me = member(request)
    site, which = access.site_for(me, slug), _priority(priority)
    access_service.require(me, VERB, site, subject=slug)
    plan = service.plan_of(site, which)
    data = request.POST if request.method == "POST" else None
    steps = Steps(site=site, sites=access.sites_of(me), plan=plan, data=data)
    around = plan_form(plan, data)
    if data is None:
        return _page(request, site, which, steps, around)
    if request.POST.get("seen") != _seen(site, which):
        messages.error(request, _("Meanwhile somebody changed this policy; it is shown as it is now."))
        return HttpResponseRedirect(request.path)
    wanted = steps.plan(around, which)
    if wanted is None:
        return _page(request, site, which, steps, around)
    if wanted == plan:
        messages.info(request, _("Nothing was changed."))
        return _back(site)
    try:
        service.set_plan(actor=me, site=site, priority=which, plan=wanted, now=timezone.now())
    except Refused as refused:
        steps.problem = str(refused)
        return _page(request, site, which, steps, around)
    messages.success(
        request, _("The policy for %(priority)s alerts is saved.") % {"priority": _called(which)}
    )
    return _back(site)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def default(request: HttpRequest, slug: str, priority: str) -> HttpResponse:
    """Ask, then let the product's own policy hold again."""
    me = member(request)
    site, which = access.site_for(me, slug), _priority(priority)
    access_service.require(me, VERB, site, subject=slug)
    if request.method == "POST":
        if service.reset_plan(actor=me, site=site, priority=which):
            messages.success(request, _("The product's own policy holds again."))
        else:
            messages.info(request, _("The product's own policy holds already."))
        return _back(site)
    people: dict[int, str] = {}
    said = [
        f"{words.after(one.after_s)}: {words.whom(one, people, {})}, {words.by(one)}."
        for one in DEFAULT[which].steps
    ]
    asked = {
        "title": _("Tell %(priority)s alerts at %(site)s by the product's own policy?")
        % {"priority": _called(which), "site": site.name},
        "why": [_("What this site wrote is lost. Then it is:"), *said, words.repeat(DEFAULT[which])],
        "button": _("Use the product's policy"),
        "harmful": True,
        "back": reverse("dashboards:policy", args=[site.slug, which.value]),
    }
    return render(request, "dashboards/access/confirm.html", asked)


def _page(request: HttpRequest, site: Site, which: Priority, steps: Steps, around: PlanForm) -> HttpResponse:
    context = {
        "site": site,
        "priority": which,
        "called": _called(which),
        "policy": Policy.objects.filter(site=site, priority=which).select_related("changed_by").first(),
        "steps": steps,
        "around": around,
        "seen": _seen(site, which),
        "now": timezone.now(),
    }
    status = 422 if around.is_bound else 200
    return render(request, "dashboards/duty/policy.html", context, status=status)


def _seen(site: Site, which: Priority) -> str:
    """Return by what the page knows that nobody changed the policy since it was shown."""
    at: datetime | None = (
        Policy.objects.filter(site=site, priority=which).values_list("changed_at", flat=True).first()
    )
    return at.isoformat() if at else "product"


def _called(which: Priority) -> str:
    return str(words.PRIORITIES[which]).lower()


def _priority(word: str) -> Priority:
    if word not in {one.value for one in TOLD_PRIORITIES}:
        raise Http404
    return Priority(word)


def _back(site: Site) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("dashboards:telling", args=[site.slug]))
