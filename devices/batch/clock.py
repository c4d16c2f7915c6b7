"""When something happened, in server time, from a device's `up_ms`.  Pure; all times are Unix ms.

A device's wall clock may be wrong by years; its `up_ms` is monotonic.  So a boot is placed by an offset:
server time = up_ms + offset, where the offset is the smallest (arrival − up_ms) of the last minutes, that is,
of the message which waited least on its way.
"""

from dataclasses import dataclass

LATE_MS = 5_000  # a record placed longer ago than this is late, whatever its flag says
SKEW_TOLD_MS = 30_000  # a clock further off is flagged, once a boot
_RISE_PER_S_MS = 1  # clocks drift by far less, and queues must not look like drift
_EARLIEST_MS = 0  # nothing is placed before 1970, however far a device's `up_ms` jumps
_MOST_TO_COME = 10_000_000  # records still to come of a boot; a device that says more exaggerates


@dataclass(slots=True)
class Offset:
    """The placing of one boot, and the evidence for it.

    `floor_ms` and `last_floor_ms` are the smallest (arrival − up_ms) of this window and the one before:
    together they cover between one and two windows.
    """

    offset_ms: int
    at_ms: int
    floor_ms: int
    last_floor_ms: int
    window_from_ms: int

    @classmethod
    def first(cls, arrival_ms: int, up_ms: int) -> "Offset":
        delay = arrival_ms - up_ms
        return cls(delay, arrival_ms, delay, delay, arrival_ms)

    @classmethod
    def stored(cls, offset_ms: int, at_ms: int) -> "Offset":
        """An offset as it was kept; the evidence of its window is gone and starts anew, from `at_ms` on."""
        return cls(offset_ms, at_ms, 2**62, 2**62, at_ms)

    def hear(self, arrival_ms: int, up_ms: int, window_ms: int) -> None:
        """Take in one live message.  The offset falls at once and rises at most 1 ms a second."""
        delay = arrival_ms - up_ms
        if arrival_ms - self.window_from_ms > window_ms:
            self.last_floor_ms, self.floor_ms, self.window_from_ms = self.floor_ms, delay, arrival_ms
        elif delay < self.floor_ms:
            self.floor_ms = delay
        if delay < self.offset_ms:
            self.offset_ms = delay
            self.at_ms = arrival_ms
            return
        least = min(self.floor_ms, self.last_floor_ms)
        if least > self.offset_ms:
            rise = (arrival_ms - self.at_ms) // 1000 * _RISE_PER_S_MS
            if rise > 0:
                self.offset_ms = min(least, self.offset_ms + rise)
                self.at_ms = arrival_ms
        else:
            self.at_ms = arrival_ms

    def place(self, up_ms: int, arrival_ms: int) -> int:
        """Return when `up_ms` was, never later than it arrived."""
        placed_ms = up_ms + self.offset_ms
        return arrival_ms if placed_ms > arrival_ms else max(placed_ms, _EARLIEST_MS)


def is_late(placed_ms: int, arrival_ms: int, *, flagged: bool) -> bool:
    """Whether a record is history: by its flag, or because it took over five seconds to come."""
    return flagged or arrival_ms - placed_ms > LATE_MS


def offset_by_clock(
    t_ms: int, up_ms: int, skew_ms: int, *, after_ms: int | None, before_ms: int | None
) -> int | None:
    """Place a boot never heard live by its wall clock, corrected by the skew of the next boot heard live.

    Args:
        t_ms: The device's wall clock in one of the boot's records, Unix ms.
        up_ms: The same record's time since boot, ms.
        skew_ms: Device clock minus server clock, as the next boot showed it, ms.
        after_ms: When the boot before was last heard, Unix ms; None: there is none.
        before_ms: When the next boot was first heard, Unix ms; None: not known.

    Returns:
        The offset, or None if the record would not fall between its neighbours: the clock was set in between.
    """
    placed_ms = t_ms - skew_ms
    if after_ms is not None and placed_ms < after_ms:
        return None
    if before_ms is not None and placed_ms > before_ms:
        return None
    return placed_ms - up_ms


def offset_by_order(up_ms: int, seq: int, last_seq: int | None, birth_ms: int) -> int:
    """Place a boot directly before the birth that announced it, keeping the spacing of its `up_ms`.

    What is still to come of it (`last_seq` − `seq` records, one a second at the most) needs room before that.
    """
    to_come_ms = min(max(0, (last_seq or seq) - seq), _MOST_TO_COME) * 1000
    return birth_ms - to_come_ms - up_ms - 1
