"""A site's settings, and making a site."""

from zoneinfo import available_timezones

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboards.access import once
from dashboards.access.forms import NewSiteForm, SiteForm
from dashboards.access.guards import page
from dashboards.access.people import member
from devices import queries as devices
from devices.models import Device
from fleet.access import queries as access
from fleet.access import service, sites
from fleet.access.errors import Refused
from fleet.access.models import Membership, Site


@require_http_methods(["GET", "HEAD", "POST"])
@page
def site_settings(request: HttpRequest, slug: str) -> HttpResponse:
    me = member(request)
    site = access.site_for(me, slug)
    service.require(me, "manage_site", site, subject=site.slug)
    form = SiteForm(request.POST or None, initial={"name": site.name, "time_zone": site.time_zone})
    if request.method == "POST" and form.is_valid():
        if _meanwhile(request, site):
            text = _("Meanwhile somebody changed these settings; they are shown as they are now.")
            messages.error(request, text)
            return HttpResponseRedirect(request.path)
        try:
            changed = sites.change_site(
                actor=me, site=site, name=form.cleaned_data["name"], time_zone=form.cleaned_data["time_zone"]
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The settings are saved.") if changed else _("Nothing was changed."))
            return HttpResponseRedirect(request.path)
    status = 422 if form.is_bound else 200
    site.refresh_from_db()
    return render(request, "dashboards/access/site.html", _about(site) | {"form": form}, status=status)


def _meanwhile(request: HttpRequest, site: Site) -> bool:
    """Whether the site is not what the form was made from: somebody, or another tab, was faster."""
    seen = (request.POST.get("seen_name"), request.POST.get("seen_zone"))
    return seen != (None, None) and seen != (site.name, site.time_zone)


def _about(site: Site) -> dict[str, object]:
    in_service = devices.in_service(Device.objects.filter(site=site))
    rooms = in_service.values("room").annotate(devices=Count("pk")).order_by("room")
    members = Membership.objects.filter(site=site).select_related("user")
    return {
        "site": site,
        "now": timezone.now(),
        "zones": sorted(available_timezones()),
        "rooms": list(rooms),
        "members": members.order_by("user__first_name", "user__last_name", "user__username"),
        "displays": site.displays.aggregate(
            open=Count("pk", filter=Q(revoked_at=None)), revoked=Count("pk", filter=~Q(revoked_at=None))
        ),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_site(request: HttpRequest) -> HttpResponse:
    """For superusers: a site that is not there yet has no administrator."""
    me = member(request)
    sites.require_superuser(me)
    if request.method == "POST":
        again = once.repeated(request)
        if again is not None:
            return again
    form = NewSiteForm(request.POST or None, initial={"time_zone": "UTC"})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            site = service.make_site(
                actor=me, slug=given["slug"], name=given["name"], time_zone=given["time_zone"]
            )
        except Refused as refused:
            form.add_error("slug", str(refused))
        else:
            messages.success(request, _("The site is made. Next: its people, then its devices."))
            return once.done(request, reverse("dashboards:site-settings", args=[site.slug]))
    context = {
        "form": form,
        "zones": sorted(available_timezones()),
        "once": request.POST.get(once.FIELD) or once.word(),
        "now": timezone.now(),
    }
    return render(request, "dashboards/access/new_site.html", context, status=422 if form.is_bound else 200)
