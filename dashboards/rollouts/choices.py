"""What the form of a rollout can choose from: approved versions, and what the writer's devices are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboards.live.reads import counted
from devices.models import Device
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.protocols import queries as protocols

Options = list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen; `sites` are those at which the writer writes rollouts."""

    sites: tuple[Site, ...]
    versions: Options
    rooms: tuple[str, ...]
    models: tuple[str, ...]
    tags: tuple[str, ...]

    def by_field(self) -> dict[str, Options]:
        nothing = ("", pgettext("filter", "any"))
        return {
            "version": [("", _("Choose…")), *self.versions],
            "site": [("", _("all of mine")), *((site.slug, site.name) for site in self.sites)],
            "room": [nothing, *_same(self.rooms)],
            "model": [nothing, *_same(self.models)],
            "tag": [nothing, *_same(self.tags)],
        }

    def zone_of(self, slug: str) -> str:
        """Return whose clock a time of the form is read by: that of the site chosen, or the one they all share."""
        zones = {site.time_zone for site in self.sites if site.slug == slug or not slug}
        return zones.pop() if len(zones) == 1 else str(settings.DISPLAY_TIME_ZONE)

    def clock(self) -> str:
        """Return by whose clock a time is read, in words that hold whichever site is going to be chosen."""
        zones = {site.slug: self.zone_of(site.slug).replace("_", " ") for site in self.sites}
        common = self.zone_of("").replace("_", " ")
        if set(zones.values()) <= {common}:
            return _("In %(zone)s.") % {"zone": common}
        return _(
            "By the clock of the site that is chosen above; for all sites, or devices by serial number, in %(zone)s."
        ) % {"zone": common}


def offered(writer: User) -> Offered:
    sites = tuple(access.sites_where(writer, "write_rollout"))
    devices = Device.objects.filter(site__in=sites, revoked_at=None)
    tags = {tag for tags in devices.values_list("tags", flat=True) for tag in tags}
    return Offered(
        sites,
        versions(writer),
        _ordered(devices.values_list("room", flat=True).distinct()),
        _ordered(devices.values_list("model", flat=True).distinct()),
        _ordered(tags),
    )


def versions(writer: User) -> Options:
    """Return the approved versions that the writer sees, by protocol, the newest first."""
    by_protocol: dict[str, Options] = {}
    for one in protocols.offered(writer):
        key = f"{one.protocol_id}:{one.number}"
        label = _("%(id)s version %(n)d") % {"id": one.protocol_id, "n": one.number}
        label += f" · {one.title}" if one.title else ""
        by_protocol.setdefault(one.protocol_id, []).append((key, label))
    return list(by_protocol.items())


def _ordered(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({one for one in found if one}, key=counted))


def _same(found: tuple[str, ...]) -> Options:
    return [(one, one) for one in found]
