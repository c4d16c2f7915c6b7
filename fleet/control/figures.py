"""Figures of commands for `/metrics`: what was asked in the last hour, how it stands, and how long it took."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, QuerySet

from devices.wire.words import Verb
from fleet.access.models import Site
from fleet.control.lifecycle import State
from fleet.control.models import Command

WINDOW: Final = timedelta(hours=1)
QUANTILES: Final = (0.5, 0.95, 1.0)

_TIMES = """
SELECT verb,
    percentile_cont(%(quantiles)s::float8[]) WITHIN GROUP (ORDER BY extract(epoch FROM published_at - requested_at)),
    percentile_cont(%(quantiles)s::float8[]) WITHIN GROUP (ORDER BY extract(epoch FROM confirmed_at - requested_at))
FROM control_command WHERE site_id = ANY(%(sites)s) AND requested_at > %(since)s GROUP BY verb
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was asked for at sites within `WINDOW`.

    Attributes:
        standing: (verb, state): how many.
        published_s, proved_s: (verb, quantile): s from asked for to there; a quantile of 1 is the longest.
    """

    standing: dict[tuple[str, str], int]
    published_s: dict[tuple[str, float], float]
    proved_s: dict[tuple[str, float], float]


def figures(now: datetime) -> Figures:
    """Return what `/metrics` tells of commands; with every state of a stop, so that none is missing when it matters."""
    since, sites = now - WINDOW, list(Site.objects.values_list("pk", flat=True))
    standing = {(Verb.STOP.value, state.value): 0 for state in State}
    for row in _asked(sites, since).values("verb", "state").annotate(number=Count("pk")):
        standing[row["verb"], row["state"]] = row["number"]
    published: dict[tuple[str, float], float] = {}
    proved: dict[tuple[str, float], float] = {}
    values = {"quantiles": list(QUANTILES), "sites": sites, "since": since}
    for verb, to_published, to_proof in _times(values):
        for into, found in ((published, to_published), (proved, to_proof)):
            into |= {
                (verb, q): float(s) for q, s in zip(QUANTILES, found or (), strict=False) if s is not None
            }
    return Figures(standing, published, proved)


def _asked(sites: list[int], since: datetime) -> QuerySet[Command]:
    """Sites by name, so that the index by site and time serves it."""
    return Command.objects.filter(site__in=sites, requested_at__gt=since).order_by()


def _times(values: dict[str, Any]) -> list[tuple[str, list[float] | None, list[float] | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, values)
        return list(cursor.fetchall())
