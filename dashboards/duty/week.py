"""A site's rota as a week: who is on duty from when to when on each of its days, and when nobody is.

Days are the site's own, so the day a clock is put forward has 23 hours and the day it is put back 25.  Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the rota; `ends` at or before `starts` means the next day, `last_day` None for good.

    `who` is a key of the caller's; times are the site's wall time, `weekday` 0 is Monday.
    """

    who: int
    weekday: int
    starts: time
    ends: time
    first_day: date
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Stint:
    """Somebody is on duty from `starts` to just before `ends` (UTC); `who` None: nobody is."""

    starts: datetime
    ends: datetime
    who: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """A stint as far as it lies within one day: where its bar begins and how long it is, in percent of the day."""

    stint: Stint
    left: float
    width: float
    lane: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week; `lanes` is how many bars lie above each other, `hours` how long it is."""

    day: date
    starts: datetime
    ends: datetime
    blocks: tuple[Block, ...]

    @property
    def lanes(self) -> int:
        return 1 + max((block.lane for block in self.blocks), default=0)

    @property
    def hours(self) -> float:
        return (self.ends - self.starts) / timedelta(hours=1)

    def share(self, at: datetime) -> float:
        """Return where a moment lies in the day, in percent: below 0 or above 100 outside of it."""
        return 100 * ((at - self.starts) / (self.ends - self.starts))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def stints(lines: Iterable[Line], first: date, last: date, zone: ZoneInfo) -> list[Stint]:
    """Return the stints of the rota that begin on the days first…last, both included, by when they begin."""
    found = []
    for line in lines:
        low = max(first, line.first_day)
        high = last if line.last_day is None else min(last, line.last_day)
        day = low + timedelta(days=(line.weekday - low.weekday()) % 7)
        while day <= high:
            ends_on = day if line.ends > line.starts else day + timedelta(days=1)
            found.append(Stint(_moment(day, line.starts, zone), _moment(ends_on, line.ends, zone), line.who))
            day += timedelta(days=7)
    return sorted((one for one in found if one.ends > one.starts), key=lambda one: (one.starts, one.ends))


def week(lines: Iterable[Line], monday: date, zone: ZoneInfo) -> list[Day]:
    """Return the seven days from `monday` on, each with its stints and the gaps between them."""
    eve = monday - timedelta(days=1)  # a night shift that began on the day before reaches in
    told = stints(lines, eve, monday + timedelta(days=DAYS - 1), zone)
    return [_day(monday + timedelta(days=number), told, zone) for number in range(DAYS)]


def gaps(told: Sequence[Stint], begins: datetime, ends: datetime) -> list[Stint]:
    """Return when nobody is on duty between two moments."""
    found, covered = [], begins
    for stint in sorted(told, key=lambda one: one.starts):
        if stint.starts > covered:
            found.append(Stint(covered, min(stint.starts, ends), None))
        covered = max(covered, stint.ends)
        if covered >= ends:
            break
    if covered < ends:
        found.append(Stint(covered, ends, None))
    return [one for one in found if one.ends > one.starts]


def _day(day: date, told: Iterable[Stint], zone: ZoneInfo) -> Day:
    empty = Day(day, _moment(day, time.min, zone), _moment(day + timedelta(days=1), time.min, zone), ())
    inside = [one for one in told if one.starts < empty.ends and one.ends > empty.starts]
    inside += gaps(inside, empty.starts, empty.ends)
    blocks: list[Block] = []
    for stint in sorted(inside, key=lambda one: (one.starts, one.ends)):
        left, right = max(0.0, empty.share(stint.starts)), min(100.0, empty.share(stint.ends))
        taken = {block.lane for block in blocks if block.stint.ends > stint.starts}
        lane = next(number for number in range(len(taken) + 1) if number not in taken)
        blocks.append(Block(stint, round(left, 3), round(right - left, 3), lane))
    return Day(day, empty.starts, empty.ends, tuple(blocks))


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return a wall time as UTC.  One that the clock jumps over is taken as if it had not jumped: PEP 495."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
