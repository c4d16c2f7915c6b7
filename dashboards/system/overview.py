"""How each of many sites stands: counts and the device that is worst off, in three queries however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BinaryField,
    BooleanField,
    Case,
    Count,
    F,
    Func,
    Max,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from dashboards.words import texts, worst
from dashboards.words.faces import face
from devices import queries
from devices.models import Device
from fleet.access.models import Site
from fleet.safety.words import Priority

_SILENT = ("suspect", "offline")
_FLOWS = ("on", "ramping")
_NONE = 99
_FLOWING, _IN_SESSION = Q(live__output__in=_FLOWS), Q(live__session__isnull=False)
# Plain trouble, as `worst.rank` orders it: what a device's columns alone say; a test holds the two together.
_TROUBLE = Case(
    When(_FLOWING, live__link__in=_SILENT, then=Value(worst.MAY_FLOW)),
    When(_FLOWING & ~Q(live__state="running"), live__link="online", then=Value(worst.CONTRADICTS)),
    When(live__link="conflict", then=Value(worst.CONFLICT)),
    When(live__link="online", live__state="fault", then=Value(worst.FAULT)),
    When(_IN_SESSION, live__link__in=_SILENT, then=Value(worst.SILENT)),
    default=Value(_NONE),
)
_IDLE = Case(When(_IN_SESSION, then=Value(0)), default=Value(1))
_SINCE = Case(When(trouble__in=(worst.MAY_FLOW, worst.SILENT), then=F("live__heard_at")))


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
    devices = queries.in_service(Device.objects.filter(site__in=sites)).annotate(trouble=_TROUBLE)
    counted = (
        devices.order_by()
        .values("site_id")
        .annotate(
            devices=Count("pk"),
            in_session=Count("pk", filter=Q(live__session__isnull=False)),
            attention=Count("pk", filter=~Q(trouble=_NONE)),
            silent=Count("pk", filter=Q(live__link__in=_SILENT)),
            never=Count("pk", filter=Q(live__isnull=True) | Q(live__link="never")),
            heard_at=Max("live__heard_at"),
        )
    )
    plain, complaining = _look_closely(devices, sites, now)
    found = {site.pk: Standing() for site in sites}
    for counts in counted:
        row: dict[str, Any] = dict(counts)
        site_id = row.pop("site_id")
        row["attention"] += len(complaining[site_id])
        found[site_id] = Standing(**row, worst=_worst(plain[site_id] + complaining[site_id]))
    return found


Seen = dict[int, list[tuple[Any, Any]]]
"""(device, face) by site."""


def _look_closely(devices: QuerySet[Device], sites: Sequence[Site], now: datetime) -> tuple[Seen, Seen]:
    """Return the first of those in plain trouble, and all others that need attention.

    Plain trouble is seen in columns; the rest of what a device complains of stands in the bytes of what it said,
    and is read only where these do not say that it is well: thousands need not be decoded for a home page.
    """
    first = (
        devices.exclude(Q(trouble=_NONE))
        .annotate(
            place=Window(
                RowNumber(),
                partition_by="site_id",
                order_by=["trouble", _IDLE, _SINCE, "serial"],
            )
        )
        .filter(place=1)
    )
    words, ids = texts.wall_texts(), {site.slug: site.pk for site in sites}
    plain: Seen = {site.pk: [] for site in sites}
    complaining: Seen = {site.pk: [] for site in sites}
    for seen, some in ((plain, first), (complaining, devices.filter(_may_complain() & Q(trouble=_NONE)))):
        for device in queries.device_objects(some, now):
            shown = face(device, words)
            if shown["attention"]:
                seen[ids[device["site"]]].append((device, shown))
    return plain, complaining


def _may_complain() -> Q:
    """Everybody whose own words, or an alert, could ask for attention, and few others."""
    complains = Q(live__status__isnull=False)
    for nothing in (b'"conditions":[]', b'"conditions": []'):
        complains &= ~Q(_holds("live__status", nothing))
    bad_contact = Q()
    for word in (b'"electrode"', b'"timeout"', b"\\"):
        bad_contact |= Q(_holds("live__telemetry", word))
    alerts = Q(live__worst_alert__priority__in=(Priority.HIGH, Priority.MEDIUM))
    return complains | bad_contact | alerts


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
