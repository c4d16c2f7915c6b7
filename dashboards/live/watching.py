"""One device at its full rate: what a browser that watches it has still to be told.  Pure but for `find_watched`.

Traces are the exception to newest-wins: each record counts, so they wait in a queue.  It is bounded; what
overflows is told as `lost`, and the page draws it as a gap.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from dashboards.live.reads import Roster, site_devices
from devices.wire import topics

MOST_WAITING = 1_000  # records: a quarter of an hour of a device, some 1 MB
MOST_A_MESSAGE = 120  # records that a browser draws in one go

NO_DEVICE: Final = ""
"""A serial that none has: a socket narrowed to it hears of no device."""

Record = Mapping[str, Any]


class Watch:
    """The device that a browser watches, and the records on their way to it."""

    def __init__(self, serial: str, device_id: int, *, most: int = MOST_WAITING) -> None:
        self.serial, self.device_id = serial, device_id
        self._records: deque[Record] = deque()
        self._most = most
        self._lost = 0

    def put(self, records: Iterable[Record]) -> None:
        """Take records in; where they are too many, the oldest are lost."""
        self._records.extend(records)
        while len(self._records) > self._most:
            self._records.popleft()
            self._lost += 1

    def take(self) -> list[dict[str, Any]]:
        """Return the event that tells the oldest of what waits; none if nothing does."""
        if not self._records and not self._lost:
            return []
        count = min(len(self._records), MOST_A_MESSAGE)
        part = [{**record, "body": msgspec.Raw(record["body"])} for record in islice(self._records, 0, count)]
        for _ in range(count):
            self._records.popleft()
        lost, self._lost = self._lost, 0
        return [{"kind": "trace", "serial": self.serial, "records": part, "lost": lost}]


def find_watched(site_id: int, serial: str) -> int | None:
    """Return the id of a device in service at this site, or None.  Reads the database."""
    if not topics.is_serial(serial):
        return None
    return site_devices(site_id).filter(serial=serial).values_list("pk", flat=True).first()


def narrowed(roster: Roster, serial: str | None) -> Roster:
    """Return what the roster says of this device alone; all of it for None."""
    if serial is None:
        return roster
    named = frozenset(one for one in roster.named if one[0] == serial)
    return Roster(named, {known: rev for known, rev in roster.revs.items() if known == serial})


def about(events: Mapping[str, Any], serial: str | None) -> Mapping[str, Any]:
    """Return those of the keyed events that concern this device, or none in particular; all for None."""
    if serial is None:
        return events
    return {key: event for key, event in events.items() if event.get("serial", serial) == serial}
