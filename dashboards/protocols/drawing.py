"""The envelope of a protocol as lines of a picture: current over session time.  Pure.

`static/dashboards/js/protocol-drawing.js` draws the same in the browser while a protocol is edited; a test holds the
two together.  Pictures are WIDTH by HEIGHT units, time to the right, current upwards from the lower edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dashboards.words.faces import clock
from devices.plan import Plan, Segment

WIDTH: Final = 10_000
HEIGHT: Final = 1_000
MOST_TIMES, MOST_HEIGHTS = 6, 4  # marks along an axis
_DENSE: Final = (
    2_000  # phases from which on nobody could tell one cycle from the next: steps are drawn as blocks
)
_TIMES_S: Final = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800)
_HEIGHTS_MA: Final = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on an axis; `percent` from the left, or from the top."""

    percent: float
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """Where one step of the document lies; `step` from 1."""

    step: int
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that are given the same.  Each path is the `d` of an SVG path, blank if there is nothing of it."""

    channels: tuple[int, ...]
    target: str  # area under what is asked for
    tolerance: str  # area up to the maximum, where the current is found by tolerance
    ceiling: str  # line at the maximum


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture of `length_ms`, up to `top_ma`; `dense`: cycles are too many to be told apart."""

    length_ms: int
    top_ma: float
    times: tuple[Mark, ...]
    heights: tuple[Mark, ...]
    bands: tuple[Band, ...]
    groups: tuple[Group, ...]
    dense: bool


def whole(plan: Plan) -> Drawing:
    """Return the picture of a whole session."""
    return draw(plan, 0, plan.length_ms)


def one_cycle(plan: Plan, step: int) -> Drawing | None:
    """Return the picture of the first cycle of a step (from 0); None if the session ends before it."""
    mine = [one for one in plan.segments if one.step == step and one.cycle == 1]
    return draw(plan, mine[0].start_ms, mine[-1].end_ms) if mine else None


def draw(plan: Plan, from_ms: int, to_ms: int) -> Drawing:
    """Return the picture of a part of the session."""
    inside = [one for one in plan.segments if one.start_ms >= from_ms and one.end_ms <= to_ms]
    dense = len(inside) > _DENSE
    top_ma, heights = _heights(max((ma for one in inside for ma in one.max_ma), default=0.0))
    frame = _Frame(from_ms, max(1, to_ms - from_ms), top_ma)
    return Drawing(
        length_ms=to_ms - from_ms,
        top_ma=top_ma,
        times=_times(to_ms - from_ms),
        heights=heights,
        bands=tuple(_bands(inside, frame)),
        groups=tuple(_groups(plan.channels, inside, frame, dense=dense)),
        dense=dense,
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    from_ms: int
    length_ms: int
    top_ma: float

    def x(self, at_ms: int) -> int:
        return math.floor((at_ms - self.from_ms) / self.length_ms * WIDTH + 0.5)

    def y(self, ma: float) -> int:
        return math.floor(HEIGHT - ma / self.top_ma * HEIGHT + 0.5)


def _times(length_ms: int) -> tuple[Mark, ...]:
    length_s = length_ms / 1000
    step_s = next((one for one in _TIMES_S if length_s / one <= MOST_TIMES), 86_400)
    count = math.floor(length_s / step_s)
    return tuple(
        Mark(n * step_s * 100 / length_s, clock(n * step_s * 1000)) for n in range(count + 1) if length_s
    )


def _heights(most_ma: float) -> tuple[float, tuple[Mark, ...]]:
    step_ma = next((one for one in _HEIGHTS_MA if most_ma / one <= MOST_HEIGHTS), 10_000)
    count = max(1, math.ceil(most_ma / step_ma))
    return step_ma * count, tuple(Mark(100 - n * 100 / count, str(n * step_ma)) for n in range(count + 1))


def _bands(inside: Sequence[Segment], frame: _Frame) -> Iterable[Band]:
    for run in _by_step(inside):
        left = frame.x(run[0].start_ms)
        yield Band(run[0].step + 1, left, frame.x(run[-1].end_ms) - left)


def _by_step(inside: Sequence[Segment]) -> list[list[Segment]]:
    runs: list[list[Segment]] = []
    for one in inside:
        if runs and runs[-1][0].step == one.step:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _groups(
    channels: Sequence[int], inside: Sequence[Segment], frame: _Frame, *, dense: bool
) -> Iterable[Group]:
    runs = _by_step(inside)
    alike: dict[tuple[tuple[float | None, float], ...], list[int]] = {}
    for at, channel in enumerate(channels):
        alike.setdefault(tuple((run[0].target_ma[at], run[0].max_ma[at]) for run in runs), []).append(channel)
    for same in alike.values():
        at = channels.index(same[0])
        yield Group(
            channels=tuple(same),
            target=_areas(runs, at, frame, dense=dense, asked=True),
            tolerance=_areas(runs, at, frame, dense=dense, asked=False),
            ceiling=" ".join(
                f"M{frame.x(run[0].start_ms)} {frame.y(run[0].max_ma[at])}H{frame.x(run[-1].end_ms)}"
                for run in runs
            ),
        )


def _areas(runs: Sequence[Sequence[Segment]], at: int, frame: _Frame, *, dense: bool, asked: bool) -> str:
    """Return what is filled for one channel: under its target, or up to the maximum where there is none."""
    parts: list[str] = []
    for run in runs:
        target = run[0].target_ma[at]
        if (target is not None) is not asked:
            continue
        ma = run[0].max_ma[at] if target is None else target
        if dense:
            parts.append(_area([(run[0].start_ms, ma), (run[-1].end_ms, ma)], frame))
            continue
        parts += [_area(points, frame) for points in _swells(run, ma)]
    return " ".join(parts)


def _swells(run: Sequence[Segment], ma: float) -> list[list[tuple[int, float]]]:
    """Return the corners of each stretch in which current flows, (ms, mA)."""
    swells: list[list[tuple[int, float]]] = []
    flows = False
    for one in run:
        if one.phase == "rest":
            flows = False
            continue
        if not flows:
            swells.append([])
        swells[-1] += [(one.start_ms, one.from_fraction * ma), (one.end_ms, one.to_fraction * ma)]
        flows = True
    return swells


def _area(points: Sequence[tuple[int, float]], frame: _Frame) -> str:
    corners = "".join(f"L{frame.x(at_ms)} {frame.y(ma)}" for at_ms, ma in points)
    return f"M{frame.x(points[0][0])} {HEIGHT}{corners}L{frame.x(points[-1][0])} {HEIGHT}Z"
