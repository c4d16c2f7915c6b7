"""Reads: protocols as the API tells them, what waits for whom, and which devices have which version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery

from devices.models import Device, Link
from devices.moments import iso, to_ms
from devices.protocols import Change, Finding, difference, findings
from fleet.access import queries as sight
from fleet.access.models import Site
from fleet.protocols import authors, bodies, texts
from fleet.protocols.lifecycle import State
from fleet.protocols.models import Protocol, Version

MOST_WAITING: Final = 200


def visible(reader: User) -> QuerySet[Protocol]:
    """Return the protocols of the sites that the reader sees, by id."""
    return Protocol.objects.filter(
        pk__in=Protocol.sites.through.objects.filter(site__in=sight.sites_of(reader)).values("protocol")
    ).order_by("pk")


def versions_of(protocols: QuerySet[Protocol]) -> QuerySet[Version]:
    """Return their versions, the newest first, with what `version_object` needs."""
    return (
        Version.objects.filter(protocol__in=protocols.values("pk"))
        .select_related("protocol", "based_on")
        .order_by("protocol", "-number")
    )


def find(reader: User, protocol_id: str, number: int) -> Version | None:
    """Return a version that the reader sees."""
    return versions_of(visible(reader).filter(pk=protocol_id)).filter(number=number).first()


def offered(reader: User) -> QuerySet[Version]:
    """Return the approved versions that the reader sees: what may be rolled out."""
    return versions_of(visible(reader)).filter(state=State.APPROVED)


def waiting(reader: User) -> list[tuple[Version, bool]]:
    """Return what waits for approval at sites where the reader approves, the oldest first.

    With each, whether the reader wrote a part of it, so that somebody else has to.
    """
    theirs = Protocol.sites.through.objects.filter(site__in=sight.sites_where(reader, "approve_protocol"))
    found = (
        Version.objects.filter(state=State.SUBMITTED, protocol__in=theirs.values("protocol"))
        .select_related("protocol", "based_on")
        .order_by("submitted_at", "pk")[:MOST_WAITING]
    )
    return [(one, authors.wrote(one, reader)) for one in found]


def listed(reader: User) -> QuerySet[Protocol]:
    """Return the reader's protocols with what `protocol_object` needs."""
    seen = sight.sites_of(reader).order_by("slug")
    newest = Version.objects.filter(protocol=OuterRef("pk")).order_by("-number").values("pk")[:1]
    approved = (
        Version.objects.filter(protocol=OuterRef("pk"), state=State.APPROVED)
        .order_by("-number")
        .values("pk")[:1]
    )
    return (
        visible(reader)
        .annotate(newest_id=Subquery(newest), approved_id=Subquery(approved), version_count=Count("versions"))
        .prefetch_related(Prefetch("sites", queryset=seen, to_attr="seen_sites"))
    )


def protocol_objects(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the API's objects of protocols as `listed` found them, in two queries whatever their number."""
    protocols = list(rows)
    wanted = {pk for one in protocols for pk in (one.newest_id, one.approved_id) if pk}
    known = Version.objects.in_bulk(wanted)
    return [_protocol(one, known) for one in protocols]


def _protocol(row: Any, known: Mapping[int, Version]) -> dict[str, Any]:
    newest, approved = known.get(row.newest_id), known.get(row.approved_id)
    document = bodies.read(newest) if newest else {}
    return {
        "id": row.pk,
        "title": newest.title if newest else "",
        "indication": document.get("indication"),
        "sites": [site.slug for site in row.seen_sites],
        "library_row": row.library_row,
        "created_at": _iso(row.created_at),
        "created_by": row.created_by,
        "versions": row.version_count,
        "newest": short(newest) if newest else None,
        "approved": short(approved) if approved else None,
    }


def short(version: Version) -> dict[str, Any]:
    """Return which version it is, and where it stands."""
    return {"version": version.number, "state": version.state, "sha256": version.sha256 or None}


def version_objects(versions: Iterable[Version]) -> list[dict[str, Any]]:
    """Return the API's objects of versions, without findings; `document` has null where nothing is said yet."""
    found = list(versions)
    writers = authors.of_each(found)
    return [_version(one, writers[one.pk]) for one in found]


def version_object(version: Version) -> dict[str, Any]:
    """Return the API's object of a version, as `version_objects`."""
    return version_objects([version])[0]


def _version(version: Version, writers: list[str]) -> dict[str, Any]:
    base = version.based_on
    return {
        "id": version.protocol_id,
        **short(version),
        "title": version.title,
        "rev": version.rev,
        "document": bodies.read(version),
        "authors": writers,
        "based_on": base.number if base else None,
        "library_row": version.library_row,
        "to_confirm": version.to_confirm,
        "created_at": _iso(version.created_at),
        "edited_at": _iso(version.edited_at),
        "submitted_at": _iso(version.submitted_at),
        "submitted_by": version.submitted_by or None,
        "decided_at": _iso(version.decided_at),
        "decided_by": version.decided_by or None,
        "decision_reason": version.decision_reason,
        "confirmation": version.confirmation,
        "withdrawn_at": _iso(version.withdrawn_at),
        "withdrawn_by": version.withdrawn_by or None,
        "withdrawal_reason": version.withdrawal_reason,
    }


def in_full(version: Version) -> dict[str, Any]:
    """Return `version_object` with what is to be said of the document."""
    return version_object(version) | {"findings": findings_objects(findings_of(version))}


def findings_of(version: Version) -> list[Finding]:
    """Return what is to be said of a version's document by today's limits."""
    return findings(bodies.read(version), texts.policy())


def findings_objects(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the API's objects of findings, in words, too."""
    return [
        {
            "path": one.path,
            "field": texts.field(one.path),
            "severity": one.severity,
            "code": one.code,
            "text": texts.finding(one),
            "facts": dict(one.facts),
        }
        for one in found
    ]


def approved_before(version: Version) -> Version | None:
    """Return the newest version before it that was approved once: what a difference is shown to."""
    return (
        Version.objects.filter(
            protocol=version.protocol_id,
            number__lt=version.number,
            state__in=[State.APPROVED, State.WITHDRAWN],
        )
        .select_related("protocol", "based_on")
        .order_by("-number")
        .first()
    )


def changes(old: Version, new: Version) -> list[Change]:
    """Return what differs from the old to the new one, in the order of the document."""
    return difference(bodies.read(old), bodies.read(new))


def change_objects(found: Iterable[Change]) -> list[dict[str, Any]]:
    """Return the API's objects of differences, in words, too."""
    return [
        {
            "path": one.path,
            "code": one.code,
            "direction": one.direction,
            "text": texts.change(one),
            "facts": dict(one.facts),
        }
        for one in found
    ]


def standing() -> dict[str, int]:
    """Return how many versions stand in each state, with every state."""
    counted = Version.objects.order_by().values_list("state").annotate(Count("pk"))
    return {state.value: 0 for state in State} | dict(counted)


# --- devices that have it ---


class _Ref(msgspec.Struct):
    sha256: str


class _Told(msgspec.Struct):
    """What is read of a device's newest status; the rest is skipped."""

    protocol: _Ref | None = None
    session: str | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A device whose newest status named the version's hash."""

    device: Device
    told_at: datetime | None  # when that was said
    in_session: bool  # by what is known now


_HOLDERS: Final = """
SELECT device_id FROM devices_state JOIN devices_device ON devices_device.id = device_id
WHERE site_id = ANY(%s) AND position(%s::bytea in status) > 0
"""


def holders(version: Version, sites: Iterable[Site]) -> list[Holder]:
    """Return the devices at these sites whose newest status says this version's hash, by site and serial.

    It is what they said last: `told_at` says when, and `device.live.link` whether they are heard now.
    """
    if not version.sha256:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [[site.pk for site in sites], version.sha256.encode()])
        ids = [pk for (pk,) in cursor.fetchall()]
    rows = Device.objects.filter(pk__in=ids).select_related("site", "live").order_by("site__slug", "serial")
    return [found for row in rows if (found := _holder(row, version.sha256))]


def holder_objects(found: Iterable[Holder], now: datetime) -> list[dict[str, Any]]:
    """Return the API's objects of devices that say a version's hash; ages are ms at `now`."""
    return [_holder_object(one, to_ms(now)) for one in found]


def _holder_object(one: Holder, now_ms: int) -> dict[str, Any]:
    device, live = one.device, one.device.live
    told_ms = to_ms(one.told_at) if one.told_at else None
    return {
        "serial": device.serial,
        "name": device.name,
        "room": device.room,
        "site": device.site.slug,
        "link": live.link,
        "heard": live.link in (Link.ONLINE, Link.SUSPECT),
        "told_at": None if told_ms is None else iso(told_ms),
        "age_ms": None if told_ms is None else max(0, now_ms - told_ms),
        "session": live.session,
    }


def _holder(device: Device, sha256: str) -> Holder | None:
    live = device.live
    if live.status is None:
        return None
    told = msgspec.json.decode(bytes(live.status), type=_Told)
    if told.protocol is None or told.protocol.sha256 != sha256:  # the hash stood elsewhere in it
        return None
    return Holder(device, live.status_at, live.session is not None)


def _iso(at: datetime | None) -> str | None:
    return iso(to_ms(at)) if at else None
