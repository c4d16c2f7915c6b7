"""One boot of one device in memory: its numbers, its clock, its watermark.  Pure; all times are Unix ms."""

from dataclasses import dataclass, field

from devices.batch import sequence
from devices.batch.clock import Offset
from devices.batch.sequence import Spans

SETTLE_MS = 10_000
"""A boot first seen above 1 starts where it was first seen, if the device was asked for what is below, and this
long after speaks on without having sent it.  Time alone proves nothing: the device may have been away, or its
first records may have been lost on the way."""


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
    awaited_ms: int | None = None  # since when what is below the first is awaited; None: the start is known
    offset: Offset | None = None
    placed_by: str | None = None
    skew_ms: int | None = None
    skew_told: bool = False
    first_heard_ms: int | None = None
    last_heard_ms: int | None = None
    # Not kept: what the watermark's publisher needs.
    asked_ms: int | None = None  # when the device was asked for that, on the connection it has now
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

    @property
    def has_started(self) -> bool:
        """Whether the start is known: number 1 was seen, or what is below the first was asked for in vain."""
        return self.first_seq is not None and self.awaited_ms is None

    def look_at_start(self) -> None:
        """Stop waiting for what a device was asked for, and did not send although it is there; or keeps no more."""
        if self.closed_ms is not None:
            self.awaited_ms = self.asked_ms = None
        heard_ms = max(self.last_heard_ms or 0, self.touched_ms)
        if self.asked_ms is not None and heard_ms - self.asked_ms >= SETTLE_MS:
            self.awaited_ms = self.asked_ms = None

    def contiguous(self) -> int:
        """The last number up to which everything is settled; 0 if nothing is."""
        return 0 if self.first_seq is None else sequence.contiguous(self.first_seq, self.settled())

    def watermark_seq(self) -> int:
        """What the device may forget up to; it never falls."""
        seq = self.contiguous() if self.has_started else 0
        return max(seq, self.published_seq, 0)

    def missing(self, now_ms: int, *, after_ms: int, most: int = 32) -> list[tuple[int, int]]:
        """What is below the highest number stored over `after_ms` ago, and still not here.

        Asked about once a second; between two looks nothing is noted.  Of a closed boot nothing is asked for.
        """
        if self.closed_ms is not None:
            return []
        if self.awaited_ms is not None and self.first_seq is not None:
            return [(1, self.first_seq - 1)] if now_ms - self.awaited_ms >= after_ms else []
        reaches = self.reaches
        if not reaches or now_ms - reaches[-1][0] >= after_ms // 5:
            reaches.append((now_ms, self.stored[-1][1] if self.stored else 0))
        while len(reaches) > 1 and now_ms - reaches[1][0] >= after_ms:
            reaches.pop(0)
        if self.first_seq is None or now_ms - reaches[0][0] < after_ms:
            return []
        found = []
        for gap in sequence.gaps(self.first_seq, reaches[0][1], self.settled()):
            found.append(gap)
            if len(found) == most:
                break
        return found

    def start_at(self, seq: int, now_ms: int) -> None:
        """Note the lowest number while the start may still move; each lower one gives as long again."""
        first = self.first_seq
        if first is None:
            self.first_seq, self.awaited_ms = seq, now_ms
        elif seq < first and self.awaited_ms is not None:
            self.first_seq = seq
            self.asked_ms = None if self.asked_ms is None else now_ms
        if seq <= 1:
            self.awaited_ms = self.asked_ms = None

    def keeps_from(self, seq: int, now_ms: int) -> None:
        """The device said itself where what it keeps of this boot begins."""
        self.start_at(seq, now_ms)
        self.awaited_ms = self.asked_ms = None

    def store(self, seq: int) -> None:
        """Mark a number stored; stored beats dropped and rejected."""
        sequence.add(self.stored, seq, seq)
        if self.rejected and sequence.holds(self.rejected, seq):
            self.rejected = sequence.subtract(self.rejected, [(seq, seq)])
        if self.dropped and sequence.holds(self.dropped, seq):
            self.dropped = sequence.subtract(self.dropped, [(seq, seq)])

    def drop(self, ranges: list[tuple[int, int]]) -> None:
        """Mark numbers as declared dropped by the device, except those that are here all the same.

        Lowest first, as far as the row's bound goes: the rest is asked for and declared again.
        """
        dropped = self.dropped
        for low, high in sequence.subtract(sequence.union(ranges), sequence.union(self.stored, dropped)):
            touches = sequence.holds(dropped, low - 1) or sequence.holds(dropped, high + 1)
            if len(dropped) >= sequence.MOST_SPANS and not touches:
                break
            sequence.add(dropped, low, high)
        if self.rejected:
            self.rejected = sequence.subtract(self.rejected, dropped)

    def reject(self, seq: int) -> None:
        """Mark a number as refused for good, so that the watermark passes it."""
        if sequence.holds(self.stored, seq) or sequence.holds(self.dropped, seq):
            return
        if len(self.rejected) <= sequence.MOST_SETTLED_SPANS or not sequence.would_widen(self.rejected, seq):
            sequence.add(self.rejected, seq, seq)

    def would_be_sparse(self, seq: int) -> bool:
        """Whether storing `seq` would grow the row beyond its bound."""
        stored = self.stored
        if len(stored) < sequence.MOST_SPANS or not sequence.would_widen(stored, seq):
            return False
        return self.is_full or (
            sequence.would_widen(self.dropped, seq) and sequence.would_widen(self.rejected, seq)
        )

    @property
    def is_full(self) -> bool:
        """Whether the row takes no more spans, even between holes that have their reasons."""
        return len(self.stored) >= sequence.MOST_SETTLED_SPANS

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to keep: a boot that was only spoken of."""
        return (
            self.id is None
            and self.first_heard_ms is None
            and not (self.stored or self.dropped or self.rejected or self.offset)
        )
