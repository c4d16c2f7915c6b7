"""How each of many sites stands: counts and the device that is worst off, in two queries however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BinaryField, BooleanField, Count, F, Func, Max, Q, QuerySet, Value

from dashboards import texts, worst
from dashboards.faces import face
from devices import queries
from devices.models import Device
from fleet.access.models import Site

_SILENT = ("suspect", "offline")
_FLOWS = ("on", "ramping")


@dataclass(frozen=True, slots=True)
class Worst:
    """The device that is worst off, as its tile says it."""

    serial: str
    name: str
    room: str
    tone: str
    status: str
    note: str
    next: str
    age_ms: int | None
    silent: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """One site.  `worst` is None where nothing needs attention."""

    devices: int = 0
    in_session: int = 0
    attention: int = 0
    silent: int = 0
    never: int = 0
    heard_at: datetime | None = None
    worst: Worst | None = None


def standings(sites: Sequence[Site], now: datetime) -> dict[int, Standing]:
    """Return how each of these sites stands; counts are those of its wall."""
    devices = queries.in_service(Device.objects.filter(site__in=sites))
    counted = (
        devices.order_by()
        .values("site_id")
        .annotate(
            devices=Count("pk"),
            in_session=Count("pk", filter=Q(live__session__isnull=False)),
            silent=Count("pk", filter=Q(live__link__in=_SILENT)),
            never=Count("pk", filter=Q(live__isnull=True) | Q(live__link="never")),
            heard_at=Max("live__heard_at"),
        )
    )
    ids = {site.slug: site.pk for site in sites}
    troubled = {ids[slug]: (len(some), _worst(some)) for slug, some in _troubled(devices, now).items()}
    found = {site.pk: Standing() for site in sites}
    rows: list[dict[str, Any]] = [dict(row) for row in counted]
    for row in rows:
        site_id = row.pop("site_id")
        attention, first = troubled.get(site_id, (0, None))
        found[site_id] = Standing(**row, attention=attention, worst=first)
    return found


def _troubled(devices: QuerySet[Device], now: datetime) -> dict[str, list[tuple[Any, Any]]]:
    """Return (device, face) of all that need attention, by slug of their site."""
    words = texts.wall_texts()
    by_site: dict[str, list[tuple[Any, Any]]] = {}
    for device in queries.device_objects(devices.filter(_may_need_attention()), now):
        shown = face(device, words)
        if shown["attention"]:
            by_site.setdefault(device["site"], []).append((device, shown))
    return by_site


def _may_need_attention() -> Q:
    """Whom to look at closely: everybody whose face could ask for attention, and few others.

    A quiet device is told apart by bytes of what it said, so that thousands need not be decoded for a home page.
    """
    flows = Q(live__output__in=_FLOWS)
    silent = Q(live__link__in=_SILENT) & (Q(live__session__isnull=False) | flows)
    contradicts = flows & ~Q(live__state="running")
    fault = Q(live__link="conflict") | Q(live__state="fault")
    complains = Q(live__status__isnull=False)
    for nothing in (b'"conditions":[]', b'"conditions": []'):
        complains &= ~Q(_holds("live__status", nothing))
    bad_contact = Q()
    for word in (b'"electrode"', b'"timeout"', b"\\"):
        bad_contact |= Q(_holds("live__telemetry", word))
    return silent | contradicts | fault | complains | bad_contact


def _holds(column: str, word: bytes) -> Func:
    return Func(
        Value(word, output_field=BinaryField()),
        F(column),
        template="(position(%(expressions)s) > 0)",
        arg_joiner=" IN ",
        output_field=BooleanField(),
    )


def _worst(some: list[tuple[Any, Any]]) -> Worst | None:
    found = worst.worst_of(some)
    if found is None:
        return None
    device, shown = found
    return Worst(
        device["serial"],
        device["name"] or device["serial"],
        device["room"],
        shown["tone"],
        shown["status"],
        shown["note"] if shown["marked"] else "",
        shown["next"],
        device["age_ms"],
        shown["silent"],
    )
