"""The first page: the sites of the person who logged in, and whether news from them gets through."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.bar import Count, counts_by_site
from dashboards.commands import stops
from dashboards.system import pipeline
from dashboards.system.overview import Standing, standings
from devices import queries
from fleet.access import queries as access
from fleet.access.models import Membership, Role, Site
from fleet.access.roles import allows
from fleet.safety.words import Priority


@dataclass(frozen=True, slots=True)
class SiteCard:
    """One site, what the reader is there, and how it stands."""

    site: Site
    role: str
    may_enrol: bool
    may_manage: bool
    standing: Standing
    alerts: tuple[Count, ...]
    """Its own open alerts, those of the server left out: they are on the bar."""
    stops: tuple[stops.Run, ...]
    """Stops of the site or a room that run, or of which somebody still has to go to a device."""

    @property
    def calls(self) -> bool:
        """Somebody is asked to act, so that nobody may be told that nothing needs attention."""
        alerted = any(count.priority in (Priority.HIGH, Priority.MEDIUM) for count in self.alerts)
        return alerted or any(run.sums.unconfirmed for run in self.stops)


@require_safe
@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """`?part=live` answers with what changes alone; the page asks for it every two seconds."""
    now = timezone.now()
    context = {
        "cards": _cards(request, now),
        "pipeline": pipeline.pipeline(queries.pulses(), now),
        "limit_ms": pipeline.LIMIT_MS,
        "deaf_words": pipeline.deaf_words(),
        "may_see_system": any(allows(role, "see_system") for role in access.roles_of(request.user)),
        "now": now,
    }
    part = request.GET.get("part") == "live"
    return render(request, "dashboards/home_live.html" if part else "dashboards/home.html", context)


def _cards(request: HttpRequest, now: datetime) -> list[SiteCard]:
    person = member(request)
    sites = list(access.sites_of(person))
    standing, alerts, running = standings(sites, now), counts_by_site(sites), stops.running(sites, now)
    roles = dict(Membership.objects.filter(user=person).values_list("site_id", "role"))
    cards = []
    for site in sites:
        role = Role(roles.get(site.pk, Role.ADMIN))  # a superuser without a membership
        cards.append(
            SiteCard(
                site,
                str(role.label),
                allows(role, "enrol"),
                allows(role, "manage_site"),
                standing[site.pk],
                alerts[site.pk],
                tuple(running[site.pk]),
            )
        )
    return cards
