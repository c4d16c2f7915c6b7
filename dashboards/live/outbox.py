"""What one browser has still to be told: the newest of each key, never a queue.  Pure.

Device events carry only the fields that changed `since` an earlier revision, so they are merged field by
field; one that builds on another revision than the one we hold shows that something was lost on the way, and
the device is noted in `behind`, to be read afresh.  One without `since` is whole.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

Event = dict[str, Any]


class Outbox:
    """At most one message is on its way to the browser; meanwhile the newest of each key waits here."""

    def __init__(self) -> None:
        self.waiting: dict[str, Event] = {}
        self.in_flight = False
        self.behind: set[str] = set()
        """Serials of which something was lost."""
        self._overdue: dict[str, int] = {}
        """Those of them that are only known to be behind the database, with the `rev` that was read there."""
        self.strangers = False
        """An event spoke of a device that the snapshot did not hold: the list of devices has changed."""
        self.known: dict[str, int] = {}
        """By serial, the newest `rev` sent or waiting."""

    def put(self, events: Mapping[str, Event]) -> None:
        """Merge keyed events in; repeats and late arrivals change nothing."""
        for key, event in events.items():
            if event.get("kind") == "device":
                self._put_device(key, event)
            else:
                self._put_newest(key, event)

    def restart(self, devices: Iterable[Mapping[str, Any]]) -> None:
        """Begin again from a snapshot, which is about to be sent; what is newer than it stays waiting."""
        revs = {device["serial"]: int(device["rev"]) for device in devices}
        self.waiting = {
            key: event
            for key, event in self.waiting.items()
            if event.get("kind") != "device" or event["rev"] > revs.get(event["serial"], event["rev"])
        }
        self.known = revs | {
            event["serial"]: event["rev"] for event in self.waiting.values() if event.get("kind") == "device"
        }
        self.behind &= {serial for serial in self.behind if self.known.get(serial, -1) > revs.get(serial, -1)}
        self._overdue.clear()
        self.strangers = False
        self.in_flight = True

    def mend(self, devices: Iterable[Mapping[str, Any]]) -> None:
        """Replace what waits for these devices by their whole, freshly read objects."""
        for device in devices:
            serial, rev = device["serial"], int(device["rev"])
            if serial not in self.known:
                self.strangers = True
            elif rev >= self.known[serial]:
                self.waiting[f"device:{serial}"] = {"kind": "device", **device}
                self.known[serial] = rev
                self.behind.discard(serial)
                self._overdue.pop(serial, None)

    def notice(self, earlier: Mapping[str, int]) -> None:
        """Compare with revisions that were in the database a while ago: what is older here was lost.

        Or it is late after all, and is no longer behind when it comes: reading everything afresh because the
        server is slow would only make it slower.
        """
        for serial, rev in earlier.items():
            if serial not in self.behind and self.known.get(serial, rev) < rev:
                self.behind.add(serial)
                self._overdue[serial] = rev

    def take(self) -> list[Event] | None:
        """Return what to send now, or None while a message is on its way or nothing waits."""
        if self.in_flight or not self.waiting:
            return None
        events, self.waiting, self.in_flight = list(self.waiting.values()), {}, True
        return events

    def drawn(self) -> None:
        """The browser has drawn the message that was on its way."""
        self.in_flight = False

    def serials(self) -> Collection[str]:
        return self.known.keys()

    def _put_device(self, key: str, event: Event) -> None:
        serial, rev = event["serial"], int(event["rev"])
        known = self.known.get(serial)
        if known is None:
            self.strangers = True
            return
        if rev <= known:
            return
        if event.get("since", known) != known:
            self.behind.add(serial)
            self._overdue.pop(serial, None)
        elif serial in self._overdue and rev >= self._overdue[serial]:
            del self._overdue[serial]
            self.behind.discard(serial)
        self.known[serial] = rev
        self.waiting[key] = self.waiting.get(key, {}) | {k: v for k, v in event.items() if k != "since"}

    def _put_newest(self, key: str, event: Event) -> None:
        waiting = self.waiting.get(key)
        if waiting is None or event.get("rev", 0) >= waiting.get("rev", 0):
            self.waiting[key] = event
