"""What somebody's lists range over: their sites, days in each site's own zone, devices by serial or name."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dashboards.access.people import member
from dashboards.lists.table import Filter, Option
from devices.models import Device
from fleet.access import queries as access
from fleet.access.models import Site


@dataclass(frozen=True, slots=True)
class Scope:
    """The sites at which somebody may do something, such as see."""

    sites: tuple[Site, ...]
    may_make_one: bool = False

    def filter(self) -> Filter:
        options = tuple(Option(site.slug, site.name) for site in self.sites)
        return Filter("site", _("Site"), "choice", options)

    def narrowed(self, slug: str | None) -> "Scope":
        """Return the scope of one of its sites; the whole where none is named."""
        return self if slug is None else Scope(tuple(site for site in self.sites if site.slug == slug))

    def nothing(self, words: str) -> str:
        """Return why a list is empty: as given, unless its reader has no site at all."""
        if self.sites:
            return words
        if self.may_make_one:
            return _("There is no site yet. Make the first one on the page Sites.")
        return _("No site is yours yet. An administrator adds people to a site.")

    @property
    def ids(self) -> list[int]:
        return [site.pk for site in self.sites]

    @property
    def time_zone(self) -> str:
        """The zone that all its sites share; else the one that this server shows."""
        zones = {site.time_zone for site in self.sites}
        return zones.pop() if len(zones) == 1 else settings.DISPLAY_TIME_ZONE

    @property
    def place(self) -> str:
        """What a file of its rows is called by."""
        return self.sites[0].slug if len(self.sites) == 1 else "all-sites"

    def today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def days(self, moment: str, site: str, first: date | None, last: date | None) -> Q:
        """Return that `moment` lies in the days first…last, both included, each site's in its own zone.

        Args:
            moment: Name of the field or annotation.
            site: Name of the path to the site's id.
        """
        if first is None and last is None:
            return Q()
        zones: dict[str, list[int]] = defaultdict(list)
        for one in self.sites:
            zones[one.time_zone].append(one.pk)
        within = Q(pk__in=())
        for zone, ids in zones.items():
            within |= between(moment, first, last, zone) & Q(**{f"{site}__in": ids})
        return within

    def devices(self) -> QuerySet[Device]:
        return Device.objects.filter(site__in=self.ids)

    def named(self, text: str | None, path: str) -> Q:
        """Return that the device at `path` is the one of this serial; else that its serial or name holds the text."""
        if text is None:
            return Q()
        if self.devices().filter(serial=text).exists():
            return Q(**{f"{path}serial": text})
        return Q(**{f"{path}serial__icontains": text}) | Q(**{f"{path}name__icontains": text})


def scope_of(request: HttpRequest, verb: str = "see") -> Scope:
    reader = member(request)
    return Scope(tuple(access.sites_where(reader, verb)), may_make_one=reader.is_superuser)


def between(moment: str, first: date | None, last: date | None, zone: str) -> Q:
    """Return that `moment` lies in the days first…last of a zone, both included."""
    within: dict[str, Any] = {}
    if first is not None:
        within[f"{moment}__gte"] = _midnight(first, zone)
    if last is not None and last < date.max:
        within[f"{moment}__lt"] = _midnight(last + timedelta(days=1), zone)
    return Q(**within)


def day_filters() -> tuple[Filter, Filter]:
    return Filter("from", _("From (day)"), "date"), Filter("to", _("To (day)"), "date")


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))
