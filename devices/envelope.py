"""A session in its protocol's envelope: what was planned beside what was set and delivered, over session time.

Session time is `elapsed_ms` of telemetry: pauses excluded, as `devices.plan` counts it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import connection

from devices import sessions
from devices.dose import FOLLOWS_MS
from devices.models import Session
from devices.plan import Plan, TooLong, plan_of
from devices.wire.messages import ProtocolDocument

MOST_POINTS = 1_500  # of what was delivered; each joins as many messages as it must, peaks kept
MOST_PHASES = 5_000  # of a plan that can be drawn; longer ones are cut there
MOST_MESSAGES = 90_000  # a day of a session


class Told(msgspec.Struct, gc=False):
    """What the envelope needs of a stored telemetry body; the rest is skipped."""

    elapsed_ms: int
    every_ms: int
    set_ma: list[float]
    ma: list[list[float]]


Column = list[float | None]


def planned(document: ProtocolDocument) -> dict[str, Any] | None:
    """Return the plan as lines to draw, None if it is too long to be one.

    `t` in s of session time; a channel's `ma` is null where the document says "to tolerance".
    """
    try:
        plan = plan_of(document)
    except TooLong:
        return None
    return {"length_ms": plan.length_ms, "title": document.title, **_lines(plan)}


def _lines(plan: Plan) -> dict[str, Any]:
    segments = plan.segments[:MOST_PHASES]
    t = [ms / 1000 for one in segments for ms in (one.start_ms, one.end_ms)]
    channels = []
    for at, channel in enumerate(plan.channels):
        ma: Column = []
        limit: list[float] = []
        for one in segments:
            target = one.target_ma[at]
            ma += [
                None if target is None else round(target * share, 2)
                for share in (one.from_fraction, one.to_fraction)
            ]
            limit += [one.max_ma[at]] * 2
        channels.append({"n": channel, "ma": ma, "limit_ma": limit})
    return {"t": t, "channels": channels}


def delivered(session: Session) -> dict[str, Any]:
    """Return what the session's telemetry says, over session time, in at most MOST_POINTS points.

    `ma_min` and `ma_max` are exact over what a point joins; an entry of nulls stands where messages are missing.
    """
    return reduced(_read(session))


_TOLD = """
SELECT body FROM devices_telemetry
WHERE device_id = %s AND session = %s AND placed_at >= %s AND placed_at <= %s
ORDER BY placed_at LIMIT %s
"""


def _read(session: Session) -> list[Told]:
    low, high = sessions.span(session)
    decode = msgspec.json.Decoder(Told).decode
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [session.device_id, session.session, low, high, MOST_MESSAGES])
        return [decode(body) for (body,) in cursor]


def reduced(told: Sequence[Told], *, most: int = MOST_POINTS) -> dict[str, Any]:
    """Join neighbours so that at most `most` points are left, and mark where messages are missing.  Pure."""
    ordered = sorted(told, key=lambda one: one.elapsed_ms)
    each = max(1, -(-len(ordered) // most))
    count = max((len(one.ma) for one in ordered), default=0)
    t: list[float] = []
    channels: list[dict[str, Any]] = [
        {"n": n, "set_ma": [], "ma": [], "ma_min": [], "ma_max": []} for n in range(1, count + 1)
    ]
    before_ms: int | None = None
    for part in _parts(ordered, each):
        if before_ms is not None and part[0].elapsed_ms - before_ms > FOLLOWS_MS:
            t.append((before_ms + part[0].elapsed_ms) / 2000)
            _add(channels, [])
        t.append(part[-1].elapsed_ms / 1000)
        _add(channels, part)
        before_ms = part[-1].elapsed_ms
    return {"t": t, "channels": channels}


def _parts(ordered: Sequence[Told], each: int) -> Iterable[list[Told]]:
    """Yield neighbours in parts of at most `each`, none of them across a gap."""
    part: list[Told] = []
    for one in ordered:
        if part and (len(part) == each or one.elapsed_ms - part[-1].elapsed_ms > FOLLOWS_MS):
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def _add(channels: Sequence[dict[str, Any]], part: Sequence[Told]) -> None:
    for at, channel in enumerate(channels):
        samples = [ma for one in part if at < len(one.ma) for ma in one.ma[at]]
        sets = [one.set_ma[at] for one in part if at < len(one.set_ma)]
        channel["ma"].append(round(sum(samples) / len(samples), 2) if samples else None)
        channel["ma_min"].append(min(samples, default=None))
        channel["ma_max"].append(max(samples, default=None))
        channel["set_ma"].append(sets[-1] if sets else None)
