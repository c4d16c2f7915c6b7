"""What one browser has still to be told of things that are few, each told whole: commands, rollouts.  Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

Event = dict[str, Any]


class Book:
    """Which things a browser holds, and what waits to be sent to it: the newest of each."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        """By id, the newest `rev` sent or waiting."""
        self.waiting: dict[str, Event] = {}
        self.behind: set[str] = set()
        """Those of which something was lost, to be read afresh."""

    def put(self, events: Iterable[Event]) -> None:
        """Take events in; repeats and late arrivals change nothing."""
        for event in events:
            number, rev = event["id"], event["rev"]
            if rev > self.known.get(number, -1):
                self.known[number] = rev
                self.waiting[number] = event

    def restart(self, things: Iterable[Mapping[str, Any]]) -> None:
        """Begin again from a snapshot, which is about to be sent; what is newer than it stays waiting."""
        revs = {one["id"]: one["rev"] for one in things}
        self.waiting = {
            number: event for number, event in self.waiting.items() if event["rev"] > revs.get(number, -1)
        }
        self.known = revs | {number: event["rev"] for number, event in self.waiting.items()}
        self.behind.clear()

    def notice(self, earlier: Mapping[str, int], now: Mapping[str, int]) -> None:
        """Compare with what is in sight, now and a while ago: what is older here was lost.

        Events of the earlier ones had time to arrive.  One that was never told is not waited for: better twice than
        late.  What is in neither is out of sight, and the page has forgotten it by the same rule.
        """
        self.behind |= now.keys() - self.known.keys()
        self.behind |= {number for number, rev in earlier.items() if self.known.get(number, -1) < rev}
        for number in [one for one in self.known if one not in now and one not in earlier]:
            if number not in self.waiting:
                del self.known[number]

    def mend(self, asked: Iterable[str], things: Iterable[Event]) -> None:
        """Tell these afresh, as they were just read."""
        self.put(things)
        self.behind.difference_update(asked)

    def take(self) -> list[Event]:
        """Return what to send next, and forget it."""
        events, self.waiting = list(self.waiting.values()), {}
        return events
