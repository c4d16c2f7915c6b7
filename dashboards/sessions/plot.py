"""A session's chart: what was planned, set and delivered over session time, in columns for uPlot."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from devices.acts import Pause
from devices.dose import FOLLOWS_MS, Message
from devices.plan import Plan, Segment

POINTS: Final = 1_200  # across the widest screen: about one a pixel
_DENSE: Final = 4_000  # phases from which on ramps are no longer drawn, only each step's target


def plot(messages: Iterable[Message], plan: Plan | None, pauses: Sequence[Pause]) -> dict[str, Any]:
    """Return the chart's columns.  Times are seconds of session time, pauses left out; currents mA.

    `ma` is the highest sample of each point.  A None between points is a gap in the data.  `planned` and `limit`
    have corners of their own: where the protocol says "to tolerance" there is no plan but a limit.
    """
    good = [one for one in messages if not one.disputed]
    width = max((len(one.said.set_ma) for one in good), default=0)
    t, set_ma, ma = _reduced(good, width)
    return {
        "t": t,
        "channels": [{"n": n + 1, "set_ma": set_ma[n], "ma": ma[n]} for n in range(width)],
        "plan": _plan(plan) if plan else None,
        "pauses": _where(good, pauses),
        "late": _late(good),
    }


def _reduced(
    good: Sequence[Message], width: int
) -> tuple[list[float], list[list[float | None]], list[list[float | None]]]:
    """Join the messages of each of POINTS equal intervals, and put a point of None into each gap."""
    if not good:
        return [], [], []
    elapsed = np.maximum.accumulate(np.array([one.said.elapsed_ms for one in good], dtype=np.int64))
    peaks = np.array([_row([max(samples) for samples in one.said.ma], width) for one in good])
    wanted = np.array([_row(one.said.set_ma, width) for one in good])
    starts = np.arange(len(good))
    if len(good) > POINTS:
        interval = np.minimum(elapsed * POINTS // max(1, int(elapsed[-1])), POINTS - 1)
        starts = np.flatnonzero(np.diff(interval, prepend=-1))
    ends = np.append(starts[1:], len(good)) - 1
    t = elapsed[ends] / 1000
    ma, set_ma = np.fmax.reduceat(peaks, starts, axis=0), wanted[ends]
    holes = np.flatnonzero(_holes(good, starts.tolist()))
    both = np.repeat(holes, 2)  # a hole is empty from one end to the other
    t = np.insert(t, both, np.column_stack((t[holes - 1] + 0.001, t[holes] - 0.001)).ravel())
    ma, set_ma = (np.insert(one, both, np.nan, axis=0) for one in (ma, set_ma))
    return t.round(3).tolist(), _columns(set_ma), _columns(ma)


def _holes(good: Sequence[Message], starts: Sequence[int]) -> list[bool]:
    """Return before which points session time is missing."""
    found = [False]
    for start in starts[1:]:
        before, after = good[start - 1], good[start]
        missing_ms = after.said.elapsed_ms - before.said.elapsed_ms
        found.append(missing_ms > FOLLOWS_MS + after.said.every_ms)
    return found


def _row(values: Sequence[float], width: int) -> list[float]:
    return [*values, *[float("nan")] * (width - len(values))]


def _columns(values: np.ndarray) -> list[list[float | None]]:
    return [[None if one != one else round(one, 2) for one in column] for column in values.T.tolist()]


def _plan(plan: Plan) -> dict[str, Any]:
    corners = _corners(plan)
    return {
        "length_s": plan.length_ms / 1000,
        "t": [at_ms / 1000 for at_ms, _share, _segment in corners],
        "channels": [
            {
                "n": channel,
                "planned": [_share_of(segment.target_ma[at], share) for _t, share, segment in corners],
                "limit": [
                    _share_of(None if segment.target_ma[at] is not None else segment.max_ma[at], share)
                    for _t, share, segment in corners
                ],
            }
            for at, channel in enumerate(plan.channels)
        ],
    }


def _corners(plan: Plan) -> list[tuple[int, float, Segment]]:
    """Return where the envelope bends; two corners never share a moment, so that steps stay steps."""
    if len(plan.segments) > _DENSE:
        steps: dict[int, list[Segment]] = {}
        for segment in plan.segments:
            steps.setdefault(segment.step, []).append(segment)
        ends = [(some[0].start_ms, some[-1].end_ms, some[0]) for some in steps.values()]
        return [corner for low, high, one in ends for corner in ((low, 1.0, one), (high - 1, 1.0, one))]
    corners = []
    for one in plan.segments:
        corners.append((one.start_ms, one.from_fraction, one))
        corners.append((max(one.start_ms + 1, one.end_ms - 1), one.to_fraction, one))
    return corners


def _share_of(target: float | None, share: float) -> float | None:
    return None if target is None else round(target * share, 2)


def _where(good: Sequence[Message], pauses: Sequence[Pause]) -> list[float]:
    """Return at which session time each pause began: where the newest message before it stood."""
    placed = [one.placed_ms for one in good]
    found = []
    for pause in pauses:
        at = bisect_right(placed, pause.from_ms)
        found.append(good[at - 1].said.elapsed_ms / 1000 if at else 0.0)
    return found


def _late(good: Sequence[Message]) -> list[list[float]]:
    """Return from and to of each run of late messages."""
    runs: list[list[float]] = []
    before = False
    for one in good:
        if one.late:
            at = one.said.elapsed_ms / 1000
            if before:
                runs[-1][1] = at
            else:
                runs.append([max(0.0, at - 1), at])
        before = one.late
    return runs
