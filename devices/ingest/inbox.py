"""Where messages wait between the broker's socket and the database: bounded, live before late."""

import threading
import time
from collections import deque
from collections.abc import Sequence

from devices.mqtt.client import Message

MOST_LIVE, MOST_LIVE_BYTES = 5_000, 16 * 2**20
MOST_LATE, MOST_LATE_BYTES = 20_000, 32 * 2**20
LATE_SHARE = 5  # at least a fifth of each batch is late, so that history moves under any load
MOST_LATE_A_BATCH = 500  # what is live waits for the batch before its own
_LATE = b'"late":'  # a cheap look: one that hides it better waits with the live ones


class Inbox:
    """Two bounded lanes.

    When the live lane is full, `is_full` tells the link to stop reading until half is done.  When the late lane
    is full, late records are handed back to be acknowledged but not kept: no watermark covered them, so the
    device still has them and sends them again.
    """

    def __init__(self) -> None:
        self._live: deque[Message] = deque()
        self._late: deque[Message] = deque()
        self._live_bytes = self._late_bytes = 0
        self._full = False
        self._ready = threading.Condition()
        self._passed: list[Message] = []
        self.passed_count = 0

    def put(self, messages: Sequence[Message]) -> None:
        """Take messages in, on the link's thread."""
        with self._ready:
            for message in messages:
                size = len(message.payload)
                if is_late(message.payload):
                    if len(self._late) >= MOST_LATE or self._late_bytes + size > MOST_LATE_BYTES:
                        self._passed.append(message._replace(payload=b""))
                        self.passed_count += 1
                    else:
                        self._late.append(message)
                        self._late_bytes += size
                else:
                    self._live.append(message)
                    self._live_bytes += size
            self._full = len(self._live) >= MOST_LIVE or self._live_bytes >= MOST_LIVE_BYTES
            self._ready.notify()

    def is_full(self) -> bool:
        """Whether the link must stop reading."""
        return self._full

    def take(self, most: int, wait_s: float, gather_s: float) -> tuple[list[Message], list[Message]]:
        """Return (a batch, what to acknowledge unkept).

        Waits up to `wait_s` for a first message, then up to `gather_s` for the batch to fill.
        """
        with self._ready:
            if not (self._live or self._late or self._passed):
                self._ready.wait(wait_s)
            deadline = time.monotonic() + gather_s
            while self._is_short_of(most) and (left := deadline - time.monotonic()) > 0:
                if not (self._live or self._late or self._passed):
                    break
                self._ready.wait(left)
            late_room = max(most // LATE_SHARE, most - len(self._live))
            late_count = min(len(self._late), late_room, MOST_LATE_A_BATCH)
            live_count = min(len(self._live), most - late_count)
            batch = [self._live.popleft() for _ in range(live_count)]
            late = [self._late.popleft() for _ in range(late_count)]
            self._live_bytes -= sum(len(message.payload) for message in batch)
            self._late_bytes -= sum(len(message.payload) for message in late)
            if self._full and len(self._live) <= MOST_LIVE // 2 and self._live_bytes <= MOST_LIVE_BYTES // 2:
                self._full = False
            passed, self._passed = self._passed, []
            return batch + late, passed

    def _is_short_of(self, most: int) -> bool:
        """Whether waiting would make the batch larger: a flood of late records alone is enough for one."""
        return len(self._live) < most and len(self._late) < MOST_LATE_A_BATCH and not self._full

    def give_back(self, batch: Sequence[Message]) -> None:
        """Put a batch that could not be stored back in front, in its order."""
        with self._ready:
            self._live.extendleft(reversed(batch))
            self._live_bytes += sum(len(message.payload) for message in batch)

    def depth(self) -> tuple[int, int]:
        """Return how many wait: (live, late)."""
        return len(self._live), len(self._late)

    def oldest_ms(self) -> int | None:
        """Return when the oldest message that waits arrived, Unix ms; None if none waits."""
        with self._ready:
            return min((lane[0].arrival_ms for lane in (self._live, self._late) if lane), default=None)


def is_late(payload: bytes) -> bool:
    """Whether the payload looks like a late record."""
    at = payload.find(_LATE)
    return at >= 0 and payload[at + len(_LATE) : at + len(_LATE) + 8].lstrip().startswith(b"true")
