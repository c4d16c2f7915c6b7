"""What one browser has still to be told of alerts: the newest of each, the most urgent first.  Pure.

An event carries the whole alert, so nothing is merged; one that was lost shows when what was told is compared with
the revisions in the database.
"""

from collections.abc import Collection, Iterable, Mapping
from heapq import nsmallest
from typing import Any

from fleet.safety.words import RANK, Priority, State

Event = dict[str, Any]

MOST_A_MESSAGE = 500  # alerts that a browser takes in within one task of a few milliseconds


class AlertBook:
    """Which alerts a browser holds, and what waits to be sent to it."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}
        """By id, the newest `rev` sent or waiting."""
        self.waiting: dict[int, Event] = {}
        self.behind: set[int] = set()
        """Alerts of which something was lost, to be read afresh."""
        self._ended: set[int] = set()
        """Those of the known that were told to be closed."""

    def put(self, events: Iterable[Event]) -> None:
        """Take events in; repeats and late arrivals change nothing, nor does the end of what was never told."""
        for event in events:
            number, rev = event["id"], event["rev"]
            known = self.known.get(number)
            is_closed = event["state"] == State.CLOSED
            if rev <= known if known is not None else is_closed:
                continue
            self.known[number] = rev
            self.waiting[number] = event
            if is_closed:
                self._ended.add(number)

    def restart(self) -> None:
        """Begin again: a snapshot is about to be sent, whole or in parts, each of which is told by `sent`."""
        self.known = {number: event["rev"] for number, event in self.waiting.items()}
        self._ended &= self.known.keys()
        self.behind.clear()

    def sent(self, alerts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return what a part of a snapshot tells of these, freshly read; what is newer than they stays waiting."""
        told = []
        for alert in alerts:
            number, rev = alert["id"], alert["rev"]
            if self.known.get(number, -1) <= rev:
                self.waiting.pop(number, None)
                self.known[number] = rev
            if alert["state"] != State.CLOSED:
                told.append(alert)
        return told

    def notice(self, earlier: Mapping[int, int], now: Mapping[int, int]) -> None:
        """Compare with the revisions of the open alerts, now and a while ago: what is older here was lost.

        Events of the earlier ones had time to arrive.  One that was never told is not waited for: better twice than
        late.  An alert that is in neither is open no longer.
        """
        self.behind |= now.keys() - self.known.keys()
        self.behind |= {number for number, rev in earlier.items() if self.known.get(number, -1) < rev}
        self.behind |= {
            number
            for number in self.known
            if number not in self._ended and number not in now and number not in earlier
        }
        for number in [
            number for number in self._ended if number not in earlier and number not in self.waiting
        ]:
            self._ended.discard(number)
            del self.known[number]

    def mend(self, asked: Collection[int], alerts: Iterable[Event]) -> bool:
        """Tell these afresh, as they were just read; return False if one of them is gone altogether."""
        found = {event["id"]: event for event in alerts}
        self.put(found.values())
        self.behind.difference_update(asked)
        return all(number in found for number in asked if number in self.known)

    def take(self, most: int = MOST_A_MESSAGE) -> list[Event]:
        """Return what to send next and forget it: of many the most urgent first."""
        events: Iterable[Event] = self.waiting.values()
        if len(self.waiting) > most:
            events = nsmallest(most, events, key=lambda event: RANK[Priority(event["priority"])])
        taken = list(events)
        for event in taken:
            del self.waiting[event["id"]]
        return taken
