"""A device's currents, electrodes, battery and temperature over time, downsampled so that no peak is lost.

Short ranges are read from telemetry itself, long ones from the minutes it was rolled up into, plus the
records that are not rolled up yet: a day of raw records takes more than half a second to read.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from django.db.models import Q

from devices import state
from devices.gap_reasons import reasons
from devices.gaps import MINUTE, Stretch, missing
from devices.models import Device, Minute, Session
from devices.queries import is_whole, moment, stretch_of

RAW_MESSAGES = 3_600  # an hour of session: what can be read and reduced in about 50 ms
MINUTE_MS = 60_000
ROLLUP = "ingest"  # the RollupMark that ingest keeps


class _Said(msgspec.Struct, gc=False):
    """What a trace needs of a stored telemetry body; the rest is skipped."""

    every_ms: int
    set_ma: list[float]
    ma: list[list[float]]
    ohm: list[float | None]
    soc: float | None = None
    temp_c: float | None = None


@dataclass(slots=True)
class Piece:
    """What is known of one interval: sums and counts, so that pieces add up.  Lists: one entry a channel."""

    t_ms: int
    ma_min: list[float]
    ma_max: list[float]
    ma_sum: list[float]
    samples: int
    set_sum: list[float]
    messages: int
    ohm_sum: list[float]
    ohm_n: list[int]
    soc_sum: float = 0.0
    soc_n: int = 0
    temp_sum: float = 0.0
    temp_n: int = 0


@dataclass(frozen=True, slots=True)
class _Raw:
    placed_ms: int
    said: _Said


def trace(device: Device, *, low: datetime, high: datetime, points: int, now: datetime) -> dict[str, Any]:
    """Return the trace of low…high in at most `points` points, columnar.

    `t` is where each point begins.  `ma_min` and `ma_max` are exact: the least and the greatest sample of the
    interval, whatever was joined.  A rolled-up minute is taken whole, also where low or high cut it.
    """
    pieces, source, step_ms = _pieces(device, low, high, points)
    low_ms, high_ms = state.to_ms(low), state.to_ms(high)
    if len(pieces) > points:
        step_ms = max(step_ms, -(-(high_ms - low_ms) // points))
    whole = [(one, stretch_of(one, now)) for one in _sessions(device, low, high)]
    # One whose end was never told counts until its last record, and that may lie before the range.
    sessions = [(one, _within(stretch, low, high)) for one, stretch in whole if stretch.high >= low]
    asked = [stretch for one, stretch in sessions if not is_whole(one)]
    gaps = sorted(gap for these in missing(asked) for gap in these)
    return {
        "from": moment(low),
        "to": moment(high),
        "source": source,
        "step_ms": step_ms,
        **_columns(pieces, low_ms, high_ms, points),
        "gaps": [[moment(start), moment(end)] for start, end in gaps],
        "gap_reasons": reasons(device, gaps),
        "sessions": [[moment(stretch.low), moment(stretch.high)] for _one, stretch in sessions],
    }


# --- Reading ---

_TELEMETRY = """
SELECT placed_at, body FROM devices_telemetry
WHERE device_id = %(device)s AND placed_at >= %(low)s AND placed_at <= %(high)s
"""
_NOT_ROLLED_UP = """
SELECT placed_at, body FROM devices_telemetry
WHERE device_id = %(device)s AND placed_at >= %(low)s AND placed_at <= %(high)s
    AND received_at > coalesce((SELECT through FROM devices_rollupmark WHERE name = %(rollup)s), '-infinity')
"""


def _pieces(device: Device, low: datetime, high: datetime, points: int) -> tuple[list[Piece], str, int]:
    """Return the pieces in order, where they come from, and how far apart they are, ms."""
    tail = _read(
        _NOT_ROLLED_UP, device, low, high
    )  # first: rolled up meanwhile, it counts twice rather than never
    minutes = list(
        Minute.objects.filter(device=device, minute__gt=low - MINUTE, minute__lte=high).order_by("minute")
    )
    if sum(minute.messages for minute in minutes) > RAW_MESSAGES:
        pieces = [*map(_of_minute, minutes), *map(_of_message, tail)]
        return _in_order(pieces, low), "minutes", MINUTE_MS
    raw = _read(_TELEMETRY, device, low, high)
    step_ms = 1_000
    if raw and sum(len(one.said.ma[0]) for one in raw) <= points and all(map(_is_even, raw)):
        pieces = [piece for one in raw for piece in _of_samples(one) if piece.t_ms >= state.to_ms(low)]
        step_ms = min(one.said.every_ms for one in raw)
    else:
        pieces = list(map(_of_message, raw))
    heard = {one.placed_ms // MINUTE_MS for one in raw}
    pruned = [one for one in map(_of_minute, minutes) if one.t_ms // MINUTE_MS not in heard]
    return _in_order([*pieces, *pruned], low), "telemetry", step_ms


def _read(query: str, device: Device, low: datetime, high: datetime) -> list[_Raw]:
    decode = msgspec.json.Decoder(_Said).decode
    with connection.cursor() as cursor:
        cursor.execute(query, {"device": device.pk, "low": low, "high": high, "rollup": ROLLUP})
        return [_Raw(state.to_ms(placed_at), decode(body)) for placed_at, body in cursor]


def _in_order(pieces: Iterable[Piece], low: datetime) -> list[Piece]:
    low_ms = state.to_ms(low)
    ordered = sorted(pieces, key=lambda piece: piece.t_ms)
    for piece in ordered:
        if piece.t_ms >= low_ms:
            break
        piece.t_ms = low_ms  # a minute, or a second, that began before
    return ordered


def _of_minute(row: Minute) -> Piece:
    return Piece(
        t_ms=state.to_ms(row.minute),
        ma_min=row.ma_min,
        ma_max=row.ma_max,
        ma_sum=row.ma_sum,
        samples=row.samples,
        set_sum=row.set_sum,
        messages=row.messages,
        ohm_sum=row.ohm_sum,
        ohm_n=row.ohm_n,
        soc_sum=row.soc_sum,
        soc_n=row.soc_n,
        temp_sum=row.temp_sum,
        temp_n=row.temp_n,
    )


def _of_message(raw: _Raw) -> Piece:
    said = raw.said
    piece = _without_current(raw, raw.placed_ms)
    piece.ma_min = [min(samples) for samples in said.ma]
    piece.ma_max = [max(samples) for samples in said.ma]
    piece.samples = len(said.ma[0])
    piece.ma_sum = [sum(samples) / len(samples) * piece.samples for samples in said.ma]
    return piece


def _of_samples(raw: _Raw) -> Iterator[Piece]:
    """Yield one piece a sample; the last sample was taken at the message's own time."""
    columns = list(zip(*raw.said.ma, strict=True))
    for back, values in zip(range(len(columns) - 1, -1, -1), columns, strict=True):
        piece = _without_current(raw, raw.placed_ms - back * raw.said.every_ms)
        piece.ma_min = piece.ma_max = piece.ma_sum = list(values)
        piece.samples = 1
        yield piece


def _without_current(raw: _Raw, t_ms: int) -> Piece:
    said = raw.said
    return Piece(
        t_ms=t_ms,
        ma_min=[],
        ma_max=[],
        ma_sum=[],
        samples=0,
        set_sum=said.set_ma,
        messages=1,
        ohm_sum=[ohm or 0.0 for ohm in said.ohm],
        ohm_n=[int(ohm is not None) for ohm in said.ohm],
        soc_sum=said.soc or 0.0,
        soc_n=int(said.soc is not None),
        temp_sum=said.temp_c or 0.0,
        temp_n=int(said.temp_c is not None),
    )


def _is_even(raw: _Raw) -> bool:
    return len({len(samples) for samples in raw.said.ma}) == 1


def _sessions(device: Device, low: datetime, high: datetime) -> list[Session]:
    began = Q(started_at__lte=high) | Q(started_at__isnull=True, last_at__lte=high)
    overlapping = Session.objects.filter(began, device=device).filter(
        Q(last_at__gte=low) | Q(ended_at__isnull=True)
    )
    return list(overlapping.select_related("device__live").order_by("last_at"))


def _within(stretch: Stretch, low: datetime, high: datetime) -> Stretch:
    start = max(stretch.low, low)
    return Stretch(stretch.device_id, start, max(start, min(stretch.high, high)))


# --- Reducing ---


def _columns(pieces: Sequence[Piece], low_ms: int, high_ms: int, points: int) -> dict[str, Any]:
    """Join the pieces of each of `points` equal intervals; fewer pieces than points are left as they are."""
    if not pieces:
        return {"t": [], "channels": [], "soc": [], "temp_c": []}
    t_ms = np.array([piece.t_ms for piece in pieces], dtype=np.int64)
    starts = np.arange(len(pieces))
    if len(pieces) > points:
        interval = np.minimum((t_ms - low_ms) * points // max(1, high_ms - low_ms), points - 1)
        starts = np.flatnonzero(np.diff(interval, prepend=-1))
    soc = _mean(_scalar(pieces, "soc_sum", starts), _scalar(pieces, "soc_n", starts))
    temp_c = _mean(_scalar(pieces, "temp_sum", starts), _scalar(pieces, "temp_n", starts))
    return {
        "t": [state.iso(int(t)) for t in t_ms[starts]],
        "channels": _channels(pieces, starts),
        "soc": _listed(soc),
        "temp_c": _listed(temp_c),
    }


def _channels(pieces: Sequence[Piece], starts: np.ndarray) -> list[dict[str, Any]]:
    count = max(len(piece.ma_min) for piece in pieces)

    def matrix(name: str, fill: float) -> np.ndarray:
        rows = [getattr(piece, name) for piece in pieces]
        if any(len(row) != count for row in rows):  # another firmware, or another device under the name
            rows = [[*row, *[fill] * (count - len(row))] for row in rows]
        return np.array(rows, dtype=np.float64)

    def added(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, starts, axis=0)

    least, most = matrix("ma_min", np.inf), matrix("ma_max", -np.inf)
    has = np.isfinite(least)
    samples = added(has * np.array([[piece.samples] for piece in pieces]))
    messages = added(has * np.array([[piece.messages] for piece in pieces]))
    columns = {
        "set_ma": _mean(added(matrix("set_sum", 0)), messages),
        "ma_min": np.minimum.reduceat(least, starts, axis=0),
        "ma_max": np.maximum.reduceat(most, starts, axis=0),
        "ma": _mean(added(matrix("ma_sum", 0)), samples),
        "ohm": _mean(added(matrix("ohm_sum", 0)), added(matrix("ohm_n", 0))),
    }
    return [
        {"n": n + 1, **{name: _listed(column[:, n]) for name, column in columns.items()}}
        for n in range(count)
    ]


def _scalar(pieces: Sequence[Piece], name: str, starts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(np.array([getattr(piece, name) for piece in pieces], dtype=np.float64), starts)


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return total / count to three decimals, NaN where nothing was counted."""
    return np.round(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0), 3)


def _listed(values: np.ndarray) -> list[float | None]:
    """Return plain numbers; None where there is none."""
    return [value if -math.inf < value < math.inf else None for value in values.tolist()]
