"""How many offers may go out now, and when a window is open.  Pure; times are Unix ms unless a name says otherwise."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fleet.paging.rota import moment
from fleet.rollouts.plan import Window

MINUTE_MS: Final = 60_000
CATCH_UP_MS: Final = 5_000
"""After a clock that stood still, no more goes out at once than in these."""
TICK_MS: Final = 2_000


def allowed(recent_ms: Sequence[int], pace_per_minute: int, now_ms: int) -> int:
    """Return how many offers may go out now.

    In no minute are there more than the pace, and within it they are spread: what is due since the last one, at least
    one.  A clock that was put back stops all until it is where it was.

    Args:
        recent_ms: When offers of the last 60 s went out, in order.
    """
    within = [one for one in recent_ms if one > now_ms - MINUTE_MS]
    left = pace_per_minute - len(within)
    if left <= 0:
        return 0
    since_ms = now_ms - within[-1] if within else TICK_MS
    if since_ms <= 0 or (within and since_ms * pace_per_minute < MINUTE_MS):
        return 0
    due = math.ceil(min(since_ms, CATCH_UP_MS) * pace_per_minute / MINUTE_MS)
    return min(left, max(1, due))


def next_ms(recent_ms: Sequence[int], pace_per_minute: int, now_ms: int) -> int:
    """Return when the next offer may go out, now at the earliest."""
    within = [one for one in recent_ms if one > now_ms - MINUTE_MS]
    if not within:
        return now_ms
    spread = within[-1] + math.ceil(MINUTE_MS / pace_per_minute)
    full = within[-pace_per_minute] + MINUTE_MS if len(within) >= pace_per_minute else now_ms
    return max(now_ms, spread, full)


def is_open(window: Window | None, zone: ZoneInfo, now_ms: int) -> bool:
    """Whether devices in this time zone may be offered something now."""
    if window is None:
        return True
    now = _utc(now_ms)
    return any(opens <= now < closes for opens, closes in _around(window, zone, now, days=0))


def opens_ms(window: Window, zone: ZoneInfo, now_ms: int) -> int:
    """Return when the window is open next: now, if it is.

    At most a week ahead; two, where it would be in an hour that clocks jump over and so not open that night.
    """
    now = _utc(now_ms)
    ahead = [max(opens, now) for opens, closes in _around(window, zone, now, days=14) if closes > now]
    return round(min(ahead).timestamp() * 1_000)


def _around(window: Window, zone: ZoneInfo, now: datetime, *, days: int) -> list[tuple[datetime, datetime]]:
    """The openings that begin from yesterday (it may last over midnight) to so many days from today."""
    today = now.astimezone(zone).date()
    found = []
    for ahead in range(-1, days + 1):
        day = today + timedelta(days=ahead)
        if day.weekday() in window.days:
            ends = day if window.until > window.since else day + timedelta(days=1)
            found.append((moment(day, window.since, zone), moment(ends, window.until, zone)))
    return [(opens, closes) for opens, closes in found if closes > opens]


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, UTC)
