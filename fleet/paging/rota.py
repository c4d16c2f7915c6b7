"""Who is on duty, from a rota and from who took over.  Pure; moments are UTC, a rota's times are the site's.

A shift begins and ends by the clock on the site's wall.  So the night in which clocks are put forward is an hour
shorter and the one in which they are put back an hour longer, and where one shift ends as the next begins nobody
is missing and nobody is doubled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a rota: a weekday (0: Monday) on which somebody is on duty, between two times of the wall clock.

    `ends` at or before `starts` is on the next day.  It holds for shifts that begin on `first_day` to `last_day`.
    """

    user_id: int
    weekday: int
    starts: time
    ends: time
    first_day: date
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """Somebody is on duty from `since` until before `until`; None: until they say otherwise."""

    user_id: int
    since: datetime
    until: datetime | None
    taken: bool = False  # they took over; else the rota says so


def spells(lines: Iterable[Line], zone: ZoneInfo, begin: datetime, end: datetime) -> list[Spell]:
    """Return the shifts that touch the time from `begin` until before `end`, the earliest first."""
    first = begin.astimezone(zone).date() - _DAY  # a night shift began the day before
    last = end.astimezone(zone).date()
    found = []
    for line in lines:
        day = first + timedelta(days=(line.weekday - first.weekday()) % 7)
        while day <= last:
            if line.first_day <= day and (line.last_day is None or day <= line.last_day):
                since = moment(day, line.starts, zone)
                until = moment(day if line.ends > line.starts else day + _DAY, line.ends, zone)
                if since < until and since < end and until > begin:
                    found.append(Spell(line.user_id, since, until))
            day += 7 * _DAY
    return sorted(found, key=lambda one: (one.since, one.user_id))


def on_duty(
    lines: Sequence[Line], taken: Spell | None, zone: ZoneInfo, now: datetime, *, longest: timedelta
) -> list[Spell]:
    """Return who is on duty now: whoever took over, else whom the rota names, else nobody.

    Args:
        taken: The newest turn; `until` is None while nobody ended it.
        longest: After this long a turn is over: whoever forgot to end it went home.
    """
    if taken is not None:
        over = turn_over_at(lines, taken, zone, longest=longest)
        if taken.since <= now < over:
            return [Spell(taken.user_id, taken.since, over, taken=True)]
    return spells(lines, zone, now, now + timedelta(microseconds=1))


def turn_over_at(lines: Iterable[Line], taken: Spell, zone: ZoneInfo, *, longest: timedelta) -> datetime:
    """Return when a turn is over: ended, the rota's next shift begins, or it lasted as long as it may."""
    latest = taken.since + longest
    if taken.until is not None:
        latest = min(latest, taken.until)
    starts = [one.since for one in spells(lines, zone, taken.since, latest) if one.since > taken.since]
    return min([latest, *starts])


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the moment, UTC, at which the clock on the wall shows this.

    A time that clocks jump over is the moment of the jump; of one that comes twice, the first.
    """
    wall = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # PEP 495: in a gap, `fold` 0 and 1 stand on either side of the jump, as far from it as the wall clock says.
    before, after = instant, wall.replace(fold=1).astimezone(UTC)
    early, late = min(before, after), max(before, after)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset():
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
