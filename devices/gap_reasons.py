"""Why telemetry is missing between two moments: what the ledger says of the records that belong there.

A gap in time lies between two stored records.  The numbers between them tell: those that the device gave out
and that never came have their reason in the ledger; where there are none, the device recorded nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from devices.batch.sequence import gaps as unsettled
from devices.batch.sequence import subtract
from devices.fields import Spans
from devices.models import Device, Ledger

MOST = (
    60  # gaps of one answer that are looked into, the longest first: each takes two probes of every partition
)

Gap = tuple[datetime, datetime]
Place = tuple[int, int]
"""(boot, seq)."""

# The worst comes first: a gap with records of several fates is called by it.
_ORDER = ("lost", "rejected", "dropped", "awaited", "pruned")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the records of one boot."""

    stored: Spans
    dropped: Spans
    rejected: Spans
    closed: bool
    pruned_to: int = 0


def reason(before: Place | None, after: Place | None, fates: Mapping[int, Fate]) -> str | None:
    """Return why nothing is there: a reason of the ledger, `restart`, `unsent`, `silent`; None if not known.

    Args:
        before, after: The stored records around the gap; None where there is none.
        fates: What became of the records of their boots.
    """
    if before is None:
        return None
    if after is None:
        return "silent"
    if before[0] == after[0]:
        fate = fates.get(before[0])
        return None if fate is None else _worst(fate, before[1] + 1, after[1] - 1) or "unsent"
    if after[0] < before[0]:  # placed by the order of boots only: their numbers tell nothing about this time
        return None
    tail, head = fates.get(before[0]), fates.get(after[0])
    found = {
        None if tail is None else _worst(tail, before[1] + 1, _highest(tail)),
        None if head is None else _worst(head, _lowest(head), after[1] - 1),
    }
    return next((one for one in _ORDER if one in found), "restart")


def reasons(device: Device, gaps: Sequence[Gap]) -> list[str | None]:
    """Return the reason of each gap, in their order; of more than MOST only the longest are looked into."""
    chosen = sorted(range(len(gaps)), key=lambda at: gaps[at][0] - gaps[at][1])[:MOST]
    places = dict(zip(chosen, _around(device, [gaps[at] for at in chosen]), strict=True))
    boots = {place[0] for pair in places.values() for place in pair if place is not None}
    fates = {
        row.boot: Fate(row.stored, row.dropped, row.rejected, row.closed_at is not None, row.pruned_to or 0)
        for row in Ledger.objects.filter(device=device, boot__in=boots)
    }
    return [reason(*places[at], fates) if at in places else None for at in range(len(gaps))]


def _worst(fate: Fate, low: int, high: int) -> str | None:
    """Return the worst fate of the numbers low…high, None if there are none or all are stored."""
    missing = list(unsettled(low, high, fate.stored))
    if not missing:
        return None
    found = set()
    for first, last in missing:
        rest = [(first, last)]
        for name, spans in (("rejected", fate.rejected), ("dropped", fate.dropped)):
            if any(a <= last and b >= first for a, b in spans):
                found.add(name)
            rest = subtract(rest, spans)
        for a, b in rest:
            if fate.closed:
                found.add("lost")
            else:
                found |= {"pruned"} if a <= fate.pruned_to else set()
                found |= {"awaited"} if b > fate.pruned_to else set()
    return next(one for one in _ORDER if one in found)


def _highest(fate: Fate) -> int:
    return max(
        (high for spans in (fate.stored, fate.dropped, fate.rejected) for _low, high in spans), default=0
    )


def _lowest(fate: Fate) -> int:
    return min(
        (low for spans in (fate.stored, fate.dropped, fate.rejected) for low, _high in spans), default=1
    )


_AROUND = """
SELECT (SELECT ARRAY[boot, seq] FROM devices_telemetry
        WHERE device_id = %(device)s AND placed_at <= gap.low ORDER BY placed_at DESC LIMIT 1),
       (SELECT ARRAY[boot, seq] FROM devices_telemetry
        WHERE device_id = %(device)s AND placed_at >= gap.high ORDER BY placed_at LIMIT 1)
FROM unnest(%(lows)s::timestamptz[], %(highs)s::timestamptz[]) WITH ORDINALITY AS gap(low, high, n) ORDER BY gap.n
"""


def _around(device: Device, gaps: Sequence[Gap]) -> list[tuple[Place | None, Place | None]]:
    if not gaps:
        return []
    values: dict[str, Any] = {
        "device": device.pk,
        "lows": [low for low, _ in gaps],
        "highs": [high for _, high in gaps],
    }
    with connection.cursor() as cursor:
        cursor.execute(_AROUND, values)
        return [(_place(before), _place(after)) for before, after in cursor]


def _place(pair: Sequence[int] | None) -> Place | None:
    return None if pair is None else (pair[0], pair[1])
