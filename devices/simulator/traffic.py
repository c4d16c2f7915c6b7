"""What can happen to records on their way out: sent twice, out of order, lost.  Without faults, nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from devices.simulator.buffer import Record

Put = Callable[[Record, bytes], None]
LONGEST_MS: Final = 3_000  # what reordering holds back


class Traffic:
    """The faults of one device's way to the broker; each is off at 0."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.twice = 0.0  # share of records sent a second time
        self.lost = 0.0  # share that never reaches the broker, though the device thinks so
        self.shuffle = 0  # so many records are gathered and sent in a random order
        self.holding = False  # a late flush: records stay in the buffer, status goes on
        self._gathered: list[tuple[Record, bytes]] = []
        self._since_ms = 0

    @property
    def waiting(self) -> bool:
        """Whether something is held back to be shuffled."""
        return bool(self._gathered)

    def send(self, record: Record, payload: bytes, put: Put, now_ms: int) -> None:
        """Send a record, as the faults have it."""
        if self.lost and self.rng.random() < self.lost:
            return
        copies = 2 if self.twice and self.rng.random() < self.twice else 1
        for _ in range(copies):
            if self.shuffle:
                if not self._gathered:
                    self._since_ms = now_ms
                self._gathered.append((record, payload))
            else:
                put(record, payload)
        self.release(put, now_ms)

    def release(self, put: Put, now_ms: int) -> None:
        """Send what was held back, if it is enough, or old enough."""
        if self._gathered and (len(self._gathered) >= self.shuffle or now_ms - self._since_ms >= LONGEST_MS):
            self.rng.shuffle(self._gathered)
            gathered, self._gathered = self._gathered, []
            for record, payload in gathered:
                put(record, payload)

    def connection_lost(self) -> None:
        """What was held back is still in the buffer."""
        self._gathered.clear()
