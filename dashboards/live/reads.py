"""What the live pages read, in the shape they are told; each function is one short visit to the database."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from devices import queries
from devices.models import Device, Pulse
from devices.state import to_ms
from fleet.access.models import Membership, Site
from fleet.access.roles import roles_for
from fleet.live import events


@dataclass(frozen=True, slots=True)
class Roster:
    """Which devices a site has and how they are called, and where each one's revision stood."""

    named: frozenset[tuple[Any, ...]]
    revs: dict[str, int]


def site_devices(site_id: int) -> QuerySet[Device]:
    return queries.in_service(Device.objects.filter(site_id=site_id))


def roster(site_id: int) -> Roster:
    rows = site_devices(site_id).values_list("serial", "name", "room", "uplink", "tags", "live__rev")
    named = frozenset(
        (serial, name, room, uplink, tuple(tags)) for serial, name, room, uplink, tags, _ in rows
    )
    return Roster(named, {row[0]: row[5] or 0 for row in rows})


def devices_of(site_id: int, now: datetime, *, only: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Return the API's device objects in the order of the wall."""
    rows = site_devices(site_id)
    if only is not None:
        rows = rows.filter(serial__in=only)
    return sorted(queries.device_objects(rows, now), key=place)


def place(device: dict[str, Any]) -> tuple[Any, ...]:
    """Where a device stands: by room, as people count ("Room 2" before "Room 10"), then by name."""
    return counted(device["room"]), counted(device["name"]), device["serial"]


def who_may(site: Site, verb: str) -> list[str]:
    """Return the names of the people at a site who may do this, for somebody who may not and needs to ask them."""
    rows = Membership.objects.filter(site=site, role__in=roles_for(verb), user__is_active=True)
    return [row.user.get_full_name() or row.user.get_username() for row in rows.select_related("user")]


def pulse(now: datetime) -> dict[str, Any]:
    """Return the pulse event as the database knows it: when each part of the server last said it lives."""
    known = {one.part: one for one in Pulse.objects.filter(part__in=("ingest", "dispatch", "worker"))}
    at_ms: dict[str, int | None] = {part: to_ms(one.at) for part, one in known.items()}
    said = known["dispatch"].detail if "dispatch" in known else {}
    return events.pulse_event(to_ms(now), at_ms, sends=events.sends(to_ms(now), at_ms.get("dispatch"), said))


@lru_cache(maxsize=16_384)  # the same rooms and names are put in order again and again
def counted(text: str) -> tuple[tuple[int, int, str], ...]:
    """Split into words and numbers, so that numbers sort as numbers; nothing at all comes last."""
    if not text:
        return ((2, 0, ""),)
    parts = re.findall(r"\d+|\D+", text.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
