"""One boot of one device in memory: its numbers, its clock, its watermark.  Pure; all times are Unix ms."""

from dataclasses import dataclass, field

from devices.batch import sequence
from devices.batch.clock import Offset
from devices.batch.sequence import Spans

SETTLE_MS = 10_000
"""A boot first seen above 1 starts where it was first seen; for this long, lower numbers may still lower the start."""


@dataclass(slots=True)
class Book:
    """A row of the ledger, and what is derived from it.

    `stored`, `dropped` and `rejected` are disjoint, stored beats both.
    """

    device_id: int
    boot: int
    id: int | None = None
    first_seq: int | None = None
    stored: Spans = field(default_factory=list)
    dropped: Spans = field(default_factory=list)
    rejected: Spans = field(default_factory=list)
    closed_ms: int | None = None
    awaited_ms: int | None = None
    offset: Offset | None = None
    placed_by: str | None = None
    skew_ms: int | None = None
    skew_told: bool = False
    first_heard_ms: int | None = None
    last_heard_ms: int | None = None
    # Not kept: what the watermark's publisher needs.
    born_ms: int = 0
    up_ms: int | None = None  # the newest handled
    published_seq: int = -1
    published_ms: int = 0
    dirty_ms: int | None = None
    touched_ms: int = 0
    urgent: bool = False
    reaches: list[tuple[int, int]] = field(default_factory=list)  # (when, highest stored then), oldest first

    @property
    def highest(self) -> int:
        """The highest number known of: stored, dropped or rejected."""
        return max((spans[-1][1] for spans in (self.stored, self.dropped, self.rejected) if spans), default=0)

    def settled(self) -> Spans:
        """Everything whose fate is known."""
        if not self.dropped and not self.rejected:
            return self.stored
        return sequence.union(self.stored, self.dropped, self.rejected)

    def has_started(self, now_ms: int) -> bool:
        """Whether the start is known: number 1 was seen, or nothing lower came for a while."""
        return self.first_seq is not None and (self.first_seq <= 1 or now_ms - self.born_ms >= SETTLE_MS)

    def contiguous(self) -> int:
        """The last number up to which everything is settled; 0 if nothing is."""
        return 0 if self.first_seq is None else sequence.contiguous(self.first_seq, self.settled())

    def watermark_seq(self, now_ms: int) -> int:
        """What the device may forget up to; it never falls."""
        seq = self.contiguous() if self.has_started(now_ms) else 0
        return max(seq, self.published_seq, 0)

    def missing(self, now_ms: int, *, after_ms: int, most: int = 32) -> list[tuple[int, int]]:
        """What is below the highest number stored over `after_ms` ago, and still not here.

        Asked about once a second; between two looks nothing is noted.
        """
        reaches = self.reaches
        if not reaches or now_ms - reaches[-1][0] >= after_ms // 5:
            reaches.append((now_ms, self.stored[-1][1] if self.stored else 0))
        while len(reaches) > 1 and now_ms - reaches[1][0] >= after_ms:
            reaches.pop(0)
        if self.first_seq is None or now_ms - reaches[0][0] < after_ms or not self.has_started(now_ms):
            return []
        found = []
        for gap in sequence.gaps(self.first_seq, reaches[0][1], self.settled()):
            found.append(gap)
            if len(found) == most:
                break
        return found

    def start_at(self, seq: int, now_ms: int) -> None:
        """Note the lowest number while the start may still move."""
        if self.first_seq is None:
            self.first_seq, self.born_ms = seq, now_ms
        elif seq < self.first_seq and now_ms - self.born_ms < SETTLE_MS:
            self.first_seq = seq

    def store(self, seq: int) -> None:
        """Mark a number stored; stored beats dropped and rejected."""
        sequence.add(self.stored, seq, seq)
        if self.rejected and sequence.holds(self.rejected, seq):
            self.rejected = sequence.subtract(self.rejected, [(seq, seq)])
        if self.dropped and sequence.holds(self.dropped, seq):
            self.dropped = sequence.subtract(self.dropped, [(seq, seq)])

    def drop(self, ranges: list[tuple[int, int]]) -> None:
        """Mark numbers as declared dropped by the device, except those that are here all the same."""
        fresh = sequence.subtract(sequence.union(ranges), self.stored)
        united = sequence.union(self.dropped, fresh)
        if len(united) <= sequence.MOST_SPANS:
            self.dropped = united
            self.rejected = sequence.subtract(self.rejected, fresh)

    def reject(self, seq: int) -> None:
        """Mark a number as refused for good, so that the watermark passes it."""
        if sequence.holds(self.stored, seq) or sequence.holds(self.dropped, seq):
            return
        if len(self.rejected) < sequence.MOST_SPANS or not sequence.would_widen(self.rejected, seq):
            sequence.add(self.rejected, seq, seq)

    def would_be_sparse(self, seq: int) -> bool:
        """Whether storing `seq` would grow the row beyond its bound."""
        return len(self.stored) >= sequence.MOST_SPANS and sequence.would_widen(self.stored, seq)
