"""What a day judged twice came to: how many alerts by each set of rules, and which of them come, go or stay.  Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fleet.safety.rehearsal import Kept, Run, Spot

LISTED: Final = 300


def outcome(held: Run, changed: Run, devices: Mapping[int, Spot], from_ms: int) -> dict[str, Any]:
    """Return the result as it is kept: counts, and the alerts that were raised since `from_ms`, in order of time.

    An alert stays if the other run has one of the same key that was open at the same time.
    """
    old, new = _of_day(held.alerts, from_ms), _of_day(changed.alerts, from_ms)
    rows = [_row(one, devices, "new") for one in new if not _matches(one, old)]
    for one in old:
        same = _matches(one, new)
        rows.append(_row(one, devices, "stays" if same else "gone", sum(other.life.count for other in same)))
    rows.sort(key=lambda one: (one["at_ms"], one["rule"], one["serial"] or "", one["channel"] or 0))
    return {
        "held": _counts(old),
        "changed": _counts(new),
        "broken": sorted({*held.broken, *changed.broken}),
        "alerts": rows[:LISTED],
        "more": max(0, len(rows) - LISTED),
    }


def _of_day(alerts: Iterable[Kept], from_ms: int) -> list[Kept]:
    """Late records page nobody, and what was true before the day is of another."""
    return [one for one in alerts if one.life.raised_ms >= from_ms and not one.life.late]


def _counts(alerts: list[Kept]) -> dict[str, Any]:
    """`alerts` counts top lines; what a cause explains is listed under it."""
    top = [one for one in alerts if not one.was_explained]
    return {
        "alerts": len(top),
        "calls": sum(one.calls for one in alerts),
        "by_rule": dict(Counter(one.key.rule for one in top)),
    }


def _matches(one: Kept, others: Iterable[Kept]) -> list[Kept]:
    return [other for other in others if one.key == other.key and _overlap(one, other)]


def _overlap(one: Kept, other: Kept) -> bool:
    return _end(one) >= other.life.raised_ms and _end(other) >= one.life.raised_ms


def _end(one: Kept) -> float:
    return float("inf") if one.life.closed_ms is None else one.life.closed_ms


def _row(one: Kept, devices: Mapping[int, Spot], fate: str, then: int = 0) -> dict[str, Any]:
    """`then`: how often it rises by the changed rules."""
    spot = devices.get(one.key.device_id or 0)
    return {
        "at_ms": one.life.raised_ms,
        "rule": one.key.rule,
        "serial": spot.serial if spot else None,
        "channel": one.key.channel,
        "subject": one.key.subject,
        "priority": one.life.peak.value,
        "facts": one.life.facts,
        "count": one.life.count,
        "count_then": one.life.count if fate == "new" else then,
        "explained": one.was_explained,
        "fate": fate,
    }
