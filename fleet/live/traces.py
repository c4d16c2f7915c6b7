"""Full-rate traces: every sample of the devices that somebody watches, and of no other.

A record is told in the shape of `GET devices/<serial>/records`; `body` holds the device's own bytes.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from devices.batch.desk import TelemetryRow
from devices.state import iso

LOOK_S = 0.5  # how often Redis is asked who watches
MOST_WAITING = 2_000  # records a device; what overflows is a gap to whoever watches
_MOST_A_MESSAGE = 200  # records
_GROUP = "trace."
_CHANNEL = "asgi__group__"  # channels_redis puts it before a group's name

Record = dict[str, Any]


def trace_group(device_id: int) -> str:
    """Return the group of everybody who watches this device at its full rate."""
    return f"{_GROUP}{device_id}"


def record_of(row: TelemetryRow, received_ms: int) -> Record:
    return {
        "boot": row.boot,
        "seq": row.seq,
        "type": "telemetry",
        "kind": None,
        "placed_at": iso(row.placed_ms),
        "placed_by": row.placed_by,
        "received_at": iso(received_ms),
        "late": row.late,
        "disputed": row.disputed,
        "body": row.body,
    }


class Traces:
    """What waits to be told at full rate.  Ingest's thread puts, the announcer's thread takes and looks."""

    def __init__(self) -> None:
        self.watched: frozenset[int] = frozenset()
        self._waiting: dict[int, deque[Record]] = {}
        self._lock = threading.Lock()
        self._looked_s = float("-inf")

    def put(self, rows: Iterable[TelemetryRow], received_ms: int) -> bool:
        """Keep what is watched of a committed batch; return whether anything was.

        While nobody watches this costs one look at an empty set a batch, whatever the batch holds.
        """
        watched = self.watched
        if not watched:
            return False
        mine = [row for row in rows if row.device_id in watched]
        with self._lock:
            for row in mine:
                queue = self._waiting.get(row.device_id)
                if queue is None:
                    queue = self._waiting[row.device_id] = deque(maxlen=MOST_WAITING)
                queue.append(record_of(row, received_ms))
        return bool(mine)

    def take(self) -> dict[int, Sequence[Record]]:
        """Return what waits, by device, and forget it."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        return {device_id: tuple(queue) for device_id, queue in waiting.items()}

    async def look(self, redis: Any) -> frozenset[int]:
        """Ask Redis who watches what, if it is time again; return the devices that are watched only from now on.

        What was committed of these before now was not told: whoever watches reads it from the database.
        """
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return frozenset()
        self._looked_s = now_s
        channels = await redis.pubsub_channels(f"{_CHANNEL}{_GROUP}*")
        before, self.watched = self.watched, frozenset(filter(None, map(_device_id, channels)))
        return self.watched - before


def messages_of(device_id: int, records: Sequence[Record]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield (group, message) of what is to be told, in parts that a browser draws in one go."""
    for start in range(0, len(records), _MOST_A_MESSAGE):
        part = list(records[start : start + _MOST_A_MESSAGE])
        yield trace_group(device_id), {"type": "trace.records", "device": device_id, "records": part}


def _device_id(channel: bytes | str) -> int | None:
    name = channel.decode() if isinstance(channel, bytes) else channel
    number = name.removeprefix(f"{_CHANNEL}{_GROUP}")
    return int(number) if number.isascii() and number.isdecimal() else None
