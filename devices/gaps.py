"""Where telemetry of a session is missing.

A device sends one telemetry message a second while a session is open.  So a stretch of a session without any
for longer than `TOLERANCE` is a gap.  What was pruned is none: its minutes are still rolled up, and such a
minute counts as heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

TOLERANCE = timedelta(milliseconds=2_500)  # one message late by half its second, or one lost, is no gap yet
MINUTE = timedelta(minutes=1)

Gap = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one device's time in which it should have sent telemetry."""

    device_id: int
    low: datetime
    high: datetime


# One index-only pass over (device, placed_at) a stretch; the stretch's own ends count as heard.
_SILENCES = """
SELECT stretch.n, silence.low, silence.high
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])
    WITH ORDINALITY AS stretch(device_id, low, high, n)
CROSS JOIN LATERAL (
    SELECT before AS low, heard AS high
    FROM (
        SELECT placed_at AS heard, lag(placed_at, 1, stretch.low) OVER (ORDER BY placed_at) AS before
        FROM devices_telemetry
        WHERE device_id = stretch.device_id AND placed_at >= stretch.low AND placed_at <= stretch.high
    ) AS pairs
    WHERE heard - before > %s
    UNION ALL
    SELECT coalesce(max(placed_at), stretch.low), stretch.high
    FROM devices_telemetry
    WHERE device_id = stretch.device_id AND placed_at >= stretch.low AND placed_at <= stretch.high
    HAVING stretch.high - coalesce(max(placed_at), stretch.low) > %s
) AS silence
ORDER BY stretch.n, silence.low
"""

_ROLLED_UP = """
SELECT silence.n, rolled.minute
FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS silence(n, device_id, low, high)
JOIN devices_minute AS rolled
    ON rolled.device_id = silence.device_id AND rolled.minute >= silence.low AND rolled.minute < silence.high
ORDER BY silence.n, rolled.minute
"""


def missing(stretches: Sequence[Stretch]) -> list[list[Gap]]:
    """Return the gaps of each stretch, in order.  At most two queries, however many stretches."""
    gaps: list[list[Gap]] = [[] for _ in stretches]
    silences = _silences(stretches)
    heard = _rolled_up(stretches, silences)
    for number, (at, low, high) in enumerate(silences):
        gaps[at].extend(_without(low, high, heard.get(number, [])))
    return gaps


def _silences(stretches: Sequence[Stretch]) -> list[tuple[int, datetime, datetime]]:
    """Return (index of the stretch, from, to) of each silence."""
    if not stretches:
        return []
    values: list[Any] = [
        [one.device_id for one in stretches],
        [one.low for one in stretches],
        [one.high for one in stretches],
        TOLERANCE,
        TOLERANCE,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SILENCES, values)
        return [(number - 1, low, high) for number, low, high in cursor.fetchall()]


def _rolled_up(
    stretches: Sequence[Stretch], silences: Sequence[tuple[int, datetime, datetime]]
) -> dict[int, list[datetime]]:
    """Return the minutes of each silence that are rolled up although no record is left, by its number.

    A silence that ends at a record says nothing about the record's own minute: that one was heard in part.
    Where it ends with the stretch, its minute counts.
    """
    asked: list[tuple[int, int, datetime, datetime]] = []
    for number, (at, low, high) in enumerate(silences):
        first = _whole(low) if low == stretches[at].low else _whole(low) + MINUTE
        end = high if high == stretches[at].high else _whole(high)
        if end > first:
            asked.append((number, stretches[at].device_id, first, end))
    minutes: dict[int, list[datetime]] = {}
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(_ROLLED_UP, [list(column) for column in zip(*asked, strict=True)])
            for number, minute in cursor.fetchall():
                minutes.setdefault(number, []).append(minute)
    return minutes


def _whole(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _without(low: datetime, high: datetime, minutes: Sequence[datetime]) -> list[Gap]:
    """Return what is left of low…high when whole minutes that were heard are taken out."""
    left: list[Gap] = []
    for minute in minutes:
        if minute - low > TOLERANCE:
            left.append((low, minute))
        low = max(low, minute + MINUTE)
    if high - low > TOLERANCE:
        left.append((low, high))
    return left
