"""Who has told us everything about itself since it connected, and who has not.  Pure."""

from collections.abc import Iterable

from devices.state import LiveState
from devices.wire.messages import Status


class Births:
    """The newest (boot, conn) known of each device, so that a birth can be told from a heartbeat."""

    def __init__(self) -> None:
        self._newest: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def hear(self, device_id: int, status: Status, *, retained: bool) -> bool:
        """Take in a full status; return whether it is the first one heard live of its connection.

        A retained copy is old news: it says which connection is known, and announces none.
        """
        seen = (status.boot, status.conn)
        newest = self._newest.get(device_id)
        if newest is not None and seen <= newest:
            return False
        self._newest[device_id] = seen
        return not retained

    def forget(self, device_ids: Iterable[int]) -> None:
        """What they said could not be worked off, and will be heard again."""
        for device_id in device_ids:
            self._newest.pop(device_id, None)


def unborn(moved: Iterable[tuple[LiveState, LiveState]]) -> list[int]:
    """Return the devices that began to speak live without having told their full status first.

    Args:
        moved: (as it was, as it is now) of each device that one batch moved.

    Returns:
        Each of them at most once a connect: when a boot is first heard, and when it speaks again after
        its will.
    """
    return [
        live.device_id
        for old, live in moved
        if live.boot is not None
        and (live.status is None or live.status.boot < live.boot)
        and (old.boot is None or old.boot < live.boot or _came_back(old, live))
    ]


def _came_back(old: LiveState, live: LiveState) -> bool:
    return old.will_ms is not None and live.will_ms is None
