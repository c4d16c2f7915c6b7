"""The lines of a site's rota: putting somebody on, taking a line off."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access import once
from dashboards.access.guards import page
from dashboards.access.people import member
from dashboards.duty import words
from dashboards.duty.forms import ShiftForm
from dashboards.lists.scope import Scope
from dashboards.views import telling
from fleet.access import queries as access
from fleet.access import service as access_service
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.access.people import called
from fleet.paging import queries, service
from fleet.paging.models import Shift
from fleet.safety.words import Duty


@require_POST
@page
def add(request: HttpRequest, slug: str) -> HttpResponse:
    me = member(request)
    site = access.site_for(me, slug)
    access_service.require(me, telling.VERB, site, subject=slug)
    again = once.repeated(request)
    if again is not None:
        return again
    form = ShiftForm(request.POST, site=site, today=Scope((site,)).today(timezone.now()))
    if form.is_valid():
        given = form.cleaned_data
        try:
            lines = service.add_shift(
                actor=me,
                site=site,
                duty=Duty(given["duty"]),
                user=given["person"],
                weekdays=[int(day) for day in given["weekdays"]],
                starts=given["starts"],
                ends=given["ends"],
                first_day=given["first_day"],
                last_day=given["last_day"],
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            days = words.days([line.weekday for line in lines])
            said = _("%(person)s is on the rota: %(days)s, from %(starts)s to %(ends)s.")
            said %= {
                "person": called(given["person"]),
                "days": days,
                "starts": f"{given['starts']:%H:%M}",
                "ends": f"{given['ends']:%H:%M}",
            }
            messages.success(request, said)
            return once.done(request, _back(site) + "#rota")
    return telling.show(request, site, status=422, shift_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def remove(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    me = member(request)
    site = access.site_for(me, slug)
    access_service.require(me, telling.VERB, site, subject=slug)
    shift = Shift.objects.filter(site=site, pk=number).select_related("site", "user").first()
    if shift is None:
        if request.method == "POST":  # sent twice, or somebody was faster
            messages.info(request, _("This line is off the rota already."))
            return HttpResponseRedirect(_back(site) + "#rota")
        raise Http404
    alike = [one for one in queries.rota_of(site) if telling.same_hours(one) == telling.same_hours(shift)]
    told = {
        "person": called(shift.user),
        "hours": f"{shift.starts:%H:%M}–{shift.ends:%H:%M}",
        "duty": words.DUTIES[Duty(shift.duty)],
    }
    problem = ""
    if request.method == "POST":
        chosen = [one for one in alike if str(one.weekday) in request.POST.getlist("weekdays")]
        if chosen:
            for one in chosen:
                service.remove_shift(actor=me, shift=one)
            said = _("%(person)s is off the rota: %(days)s, %(hours)s. To undo this, add the hours again.")
            messages.success(request, said % (told | {"days": words.days([one.weekday for one in chosen])}))
            return HttpResponseRedirect(_back(site) + "#rota")
        problem = _("Choose at least one day of the week.")
    context = {
        "site": site,
        "title": _("Take %(person)s off the rota, %(hours)s?") % told,
        "duty": told["duty"],
        "days": [(one.weekday, words.WEEKDAYS[one.weekday]) for one in alike],
        "problem": problem,
    }
    return render(request, "dashboards/duty/rota_remove.html", context, status=422 if problem else 200)


def _back(site: Site) -> str:
    return reverse("dashboards:telling", args=[site.slug])
