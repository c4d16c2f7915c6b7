"""Whose alerts a connection hears: those of every site that somebody sees, or of a display link's one."""

from dataclasses import dataclass

from django.utils import timezone

from dashboards.live.sockets import NOT_ALLOWED, NOT_FOUND, Credentials
from fleet.access import displays
from fleet.access import queries as access
from fleet.access.models import Site


@dataclass(frozen=True, slots=True)
class Bench:
    """Who hears of which sites; `ear` is the channel group that hears when they may no longer."""

    ear: str
    sites: tuple[tuple[int, str, str], ...]
    """(id, slug, name), by name."""

    @property
    def site_ids(self) -> tuple[int, ...]:
        return tuple(number for number, _, _ in self.sites)


def find_bench(credentials: Credentials, slug: str | None = None) -> Bench | int:
    """Return the bench, or the close code that says why there is none.  Reads the database.

    `slug`: of this site alone.
    """
    if slug is not None and "\0" in slug:  # PostgreSQL knows no such text
        return NOT_FOUND
    if credentials.display:
        link = displays.link_of(credentials.display)
        if link is None or link.revoked_at is not None:
            return NOT_ALLOWED
        displays.note_seen(link, timezone.now())
        return Bench(displays.group_of(link.pk), (_row(link.site),))
    user = credentials.user()
    if user is None:
        return NOT_ALLOWED
    sites = access.sites_of(user).distinct().order_by("name", "pk")
    if slug is not None:
        sites = sites.filter(slug=slug)
        if not sites:
            return NOT_FOUND
    return Bench(access.ear_of(user), tuple(map(_row, sites)))


def _row(site: Site) -> tuple[int, str, str]:
    return site.pk, site.slug, site.name
