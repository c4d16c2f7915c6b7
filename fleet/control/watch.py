"""What dispatch keeps an eye on: whose status may prove something, and when the next proof is due.  Pure.

A copy of the rows, which hold: read anew at the start and once a second, and told of whatever is published meanwhile.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID


class Watch:
    """`wishes`: devices whose lock is to be read back."""

    def __init__(self) -> None:
        self._devices: dict[UUID, int] = {}
        self._due: dict[UUID, datetime] = {}
        self.devices: frozenset[int] = frozenset()
        self.wishes: frozenset[int] = frozenset()

    def begin(self, awaited: Iterable[tuple[UUID, int, datetime | None]], wishes: Iterable[int] = ()) -> None:
        """Use these from now on: (command, its device, when its proof is due or None)."""
        rows = list(awaited)
        self._devices = {id_: device_id for id_, device_id, _due in rows}
        self._due = {id_: due for id_, _device, due in rows if due is not None}
        self.wishes = frozenset(wishes)
        self._look_again()

    def add(self, rows: Iterable[tuple[UUID, int, datetime | None]]) -> None:
        """These are published at this moment; without a time, nothing proves them."""
        for id_, device_id, due in rows:
            if due is not None:
                self._devices[id_], self._due[id_] = device_id, due
        self._look_again()

    def settle(self, ids: Iterable[UUID]) -> None:
        """These are proved, answered for good, or unconfirmed: no time is due any more."""
        for id_ in ids:
            self._due.pop(id_, None)

    def due_at(self) -> datetime | None:
        """Return when the next proof is due."""
        return min(self._due.values(), default=None)

    def is_watched(self, device_id: int) -> bool:
        return device_id in self.devices or device_id in self.wishes

    def _look_again(self) -> None:
        self.devices = frozenset(self._devices.values())
