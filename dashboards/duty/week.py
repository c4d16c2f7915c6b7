"""A site's rota as a week: who is on duty from when to when on each of its days, and when nobody is.

Days are the site's own, so the day a clock is put forward has 23 hours and the day it is put back 25.  Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fleet.paging.rota import Line, moment, spells

DAYS: Final = 7
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Block:
    """One bar of a day, UTC; `left` and `width` in percent of the day.

    `who` is the user's key, None for a time in which nobody is on duty.  What began the day before or ends the
    day after says so by `starts` and `ends`; a time without anybody is cut at midnight.
    """

    who: int | None
    starts: datetime
    ends: datetime
    left: float
    width: float
    lane: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week, from midnight to midnight there."""

    day: date
    starts: datetime
    ends: datetime
    blocks: tuple[Block, ...]

    @property
    def lanes(self) -> int:
        """How many bars lie above each other where it is most."""
        return 1 + max((block.lane for block in self.blocks), default=0)

    @property
    def hours(self) -> float:
        return (self.ends - self.starts) / timedelta(hours=1)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week(lines: Sequence[Line], monday: date, zone: ZoneInfo) -> list[Day]:
    """Return the seven days from `monday` on, each with its shifts and the gaps between them."""
    return [_day(lines, monday + number * _DAY, zone) for number in range(DAYS)]


def share(at: datetime, starts: datetime, ends: datetime) -> float:
    """Return where a moment lies between two others, in percent, at least 0 and at most 100."""
    return min(100.0, max(0.0, 100 * ((at - starts) / (ends - starts))))


def _day(lines: Sequence[Line], day: date, zone: ZoneInfo) -> Day:
    starts, ends = moment(day, time.min, zone), moment(day + _DAY, time.min, zone)
    told: list[tuple[datetime, datetime, int | None]] = [
        (one.since, one.until or ends, one.user_id) for one in spells(lines, zone, starts, ends)
    ]
    told += [(since, until, None) for since, until in _gaps(told, starts, ends)]
    blocks: list[Block] = []
    for since, until, who in sorted(told, key=lambda one: one[:2]):
        left, right = share(since, starts, ends), share(until, starts, ends)
        taken = {block.lane for block in blocks if block.ends > since}
        lane = next(number for number in range(len(taken) + 1) if number not in taken)
        blocks.append(Block(who, since, until, round(left, 3), round(right - left, 3), lane))
    return Day(day, starts, ends, tuple(blocks))


def _gaps(
    told: Iterable[tuple[datetime, datetime, int | None]], starts: datetime, ends: datetime
) -> list[tuple[datetime, datetime]]:
    found, covered = [], starts
    for since, until, _who in told:
        if since > covered:
            found.append((covered, since))
        covered = max(covered, until)
    return [*found, (covered, ends)] if covered < ends else found
