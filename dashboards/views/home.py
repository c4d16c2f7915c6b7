"""The first page: the sites of the person who logged in."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards import reads
from dashboards.people import member
from devices import queries
from fleet.access import queries as access
from fleet.access.models import Site


@dataclass(frozen=True, slots=True)
class SiteCard:
    """One site with what stands in it."""

    site: Site
    devices: int
    in_session: int
    silent: int


@require_safe
@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    cards = [_card(site) for site in access.sites_of(member(request))]
    return render(request, "dashboards/home.html", {"cards": cards})


def _card(site: Site) -> SiteCard:
    counted = queries.site_counts(reads.site_devices(site.pk))
    links = counted["links"]
    return SiteCard(site, counted["devices"], counted["in_session"], links["suspect"] + links["offline"])
