"""What the sockets read of alerts, in the shape they are told; each function is one short visit to the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.translation import gettext as _

from fleet.access.models import Site
from fleet.paging import duty as rota
from fleet.safety import queries
from fleet.safety.models import OutOfService
from fleet.safety.words import RANK, Duty, State

_URGENCY = Case(
    *(When(priority=priority.value, then=Value(rank)) for priority, rank in RANK.items()),
    default=Value(len(RANK)),
    output_field=IntegerField(),
)
_OVER = Case(When(state=State.CLEARED, then=Value(1)), default=Value(0), output_field=IntegerField())
_OF_PEOPLE: dict[str, Any] = {
    "acknowledged_by": None,
    "closed_by": None,
    "shelved_by": None,
    "assignee": None,
    "note": "",
    "shelf_reason": "",
}


def without_people(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert without who did something and what they wrote: a screen on the wall names nobody."""
    return {**alert, **_OF_PEOPLE}


def revs(site_ids: Collection[int], device: str | None = None) -> Mapping[int, int]:
    """Return the revision of each open alert, by id: the most urgent first, then what is true, then the newest.

    The server's own alerts are everybody's who has a site.
    """
    if not site_ids:
        return {}
    rows = queries.open_alerts(site_ids).select_related(None)
    if device is not None:
        rows = rows.filter(device__serial=device)
    return dict(rows.order_by(_URGENCY, _OVER, "-raised_at", "-pk").values_list("pk", "rev"))


def alerts(site_ids: Collection[int], only: Collection[int]) -> list[dict[str, Any]]:
    """Return these alerts as the API tells them, in the order asked for; closed ones too."""
    if not site_ids:
        return []
    rows = {row.pk: row for row in queries.visible(site_ids).filter(pk__in=only)}
    return [queries.alert_object(rows[number]) for number in only if number in rows]


def duty(site_ids: Collection[int], now: datetime, *, names: bool = True) -> list[dict[str, Any]]:
    """Return who is on duty at each of these sites, by name; without `names` only whether somebody is."""
    return duty_at(list(Site.objects.filter(pk__in=site_ids).order_by("name", "pk")), now, names=names)


def away(site_ids: Collection[int], now: datetime) -> list[str]:
    """Return the serials of the devices there that are out of service: only a high alert in a session is told."""
    rows = OutOfService.objects.filter(
        Q(until=None) | Q(until__gt=now), device__site__in=site_ids, ended_at=None
    )
    return sorted(rows.values_list("device__serial", flat=True))


def duty_at(sites: Sequence[Site], now: datetime, *, names: bool = True) -> list[dict[str, Any]]:
    """As `duty`, for whoever has the sites."""
    on_duty = rota.on_duty(sites, now)

    def called(site: Site, one: Duty) -> list[str]:
        held = on_duty[site.pk, one]
        return [rota.brief(who)["name"] for who in held] if names or not held else [_("somebody")]

    return [
        {"site": site.slug, "name": site.name} | {one.value: called(site, one) for one in Duty}
        for site in sites
    ]
