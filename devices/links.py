"""Link history: when a device was in contact, and for how much of the time that is known.  Pure but for `turns_of`.

A link is what the server knew, moment by moment; each change of it is a row of `devices_change`.  Before the
first row nothing is known.  While the server itself was away no device moves towards offline, so such time
counts as whatever the link was before: it is the server's silence, and System shows it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

UNKNOWN = "unknown"
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Turn:
    """From this moment on the link was this; `why` is the word of the change."""

    at: datetime
    link: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a window with one link; `low_open` and `high_open`: it began before, or goes on after it."""

    low: datetime
    high: datetime
    link: str
    why: str = ""
    low_open: bool = False
    high_open: bool = False

    @property
    def length(self) -> timedelta:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long each link lasted within a window."""

    window: timedelta
    by_link: dict[str, timedelta]
    interruptions: int  # how often contact was lost: turns from online to anything but a conflict

    @property
    def known(self) -> timedelta:
        return self.window - self.by_link.get(UNKNOWN, NOTHING)

    @property
    def share(self) -> float | None:
        """Share of the known time that the device was online, 0…1; None where nothing is known.

        Overdue (`suspect`) is not online: nobody knew then.  Two devices under one name are in contact, but
        which of them is not known, so a conflict is not online either.
        """
        return self.by_link.get("online", NOTHING) / self.known if self.known > NOTHING else None


def stretches(turns: Iterable[Turn], low: datetime, high: datetime) -> list[Stretch]:
    """Return low…high cut at each change of the link, in order and without holes.

    Args:
        turns: In the order in which the server noted them; one that claims to be earlier than the one before
            it (its moment was placed, not heard) begins where that one did.
    """
    if low >= high:
        return []
    cut: list[Stretch] = []
    current, since, began_before = Turn(low, UNKNOWN), low, True
    latest = None
    for turn in turns:
        at = turn.at if latest is None else max(latest, turn.at)
        latest = at
        if at >= high:
            break
        if turn.link == current.link:
            continue
        if at > since:
            cut.append(
                Stretch(since, at, current.link, current.why, began_before and current.link != UNKNOWN)
            )
        since, began_before, current = max(low, at), at < low, turn
        if cut and cut[-1].link == turn.link:  # what was between them lasted no time at all
            since, began_before = cut[-1].low, cut[-1].low_open
            del cut[-1]
    known_before = began_before and current.link != UNKNOWN
    cut.append(Stretch(since, high, current.link, current.why, known_before, current.link != UNKNOWN))
    return cut


def uptime(parts: Sequence[Stretch]) -> Uptime:
    """Add up what `stretches` returned."""
    by_link: dict[str, timedelta] = {}
    lost = 0
    before = ""
    for part in parts:
        by_link[part.link] = by_link.get(part.link, NOTHING) + part.length
        lost += before == "online" and part.link in ("suspect", "offline")
        before = part.link
    window = parts[-1].high - parts[0].low if parts else NOTHING
    return Uptime(window, by_link, lost)


def within(parts: Sequence[Stretch], low: datetime) -> list[Stretch]:
    """Return the parts from `low` on, the first cut there."""
    return [
        part if part.low >= low else Stretch(low, part.high, part.link, part.why, True, part.high_open)
        for part in parts
        if part.high > low
    ]


# Rows before the window tell how it begins; of those in it only the ones that changed the link are wanted.
_TURNS = """
(SELECT placed_at, link, why, rev FROM devices_change
 WHERE device_id = %(device)s AND placed_at < %(low)s ORDER BY placed_at DESC, rev DESC LIMIT 1)
UNION ALL
(SELECT placed_at, link, why, rev FROM (
    SELECT placed_at, link, why, rev, lag(link) OVER (ORDER BY rev) AS before FROM devices_change
    WHERE device_id = %(device)s AND placed_at >= %(low)s AND placed_at < %(high)s
 ) AS noted WHERE before IS DISTINCT FROM link)
ORDER BY rev
"""


def turns_of(device_id: int, low: datetime, high: datetime) -> list[Turn]:
    """Read the changes of the link that matter between low and high."""
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, {"device": device_id, "low": low, "high": high})
        return [Turn(at, link, why) for at, link, why, _rev in cursor]
