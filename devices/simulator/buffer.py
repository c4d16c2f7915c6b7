"""What a device keeps until a watermark covers it: store and forward.  Pure: the caller gives the time.

It survives a power loss, as flash does.  Rules: docs/wire.md, "Keeping and forgetting".
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

STALLED_MS: Final = 30_000  # a watermark that has not moved for so long is answered by sending again
FIRST_WINDOW: Final = 50  # late records on their way until a watermark says how many may be
MAX_RANGES: Final = 200  # in one `dropped`

Range = tuple[int, int]


@dataclass(slots=True)
class Record:
    """One telemetry or event message, as first sent."""

    boot: int
    seq: int
    kind: str  # telemetry | event
    body: bytes
    line: int = 0  # the connection it went out on live; 0: none

    def late(self) -> bytes:
        """The same record, marked as sent from the buffer."""
        return self.body.replace(b'"late":false', b'"late":true', 1)


@dataclass(slots=True)
class _Boot:
    """What is kept of one boot."""

    number: int
    still_since_ms: int
    records: dict[int, Record] = field(default_factory=dict)  # in order of seq
    telemetry: deque[int] = field(default_factory=deque)  # candidates to drop, oldest first
    watermark: int = 0
    window: int = FIRST_WINDOW
    queue: list[int] = field(default_factory=list)  # heap of what is to be sent again
    queued: set[int] = field(default_factory=set)
    flying: set[int] = field(default_factory=set)  # sent late, beyond the watermark, not yet covered
    undeclared: list[Range] = field(default_factory=list)  # dropped, not yet said
    said_ms: dict[Range, int] = field(
        default_factory=dict
    )  # answered as dropped when they were named missing

    def enqueue(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            if seq in self.records and seq not in self.queued:
                self.queued.add(seq)
                self.flying.discard(seq)
                heapq.heappush(self.queue, seq)


class Buffer:
    """The records of one device, over all its boots."""

    __slots__ = ("_boots", "_count", "capacity")

    def __init__(self, capacity: int) -> None:
        """`capacity` is the number of records of all boots together."""
        self.capacity = capacity
        self._boots: dict[int, _Boot] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def open(self, boot: int, now_ms: int) -> None:
        """Begin a boot; earlier ones with nothing left are forgotten."""
        self._boots = {
            number: kept for number, kept in self._boots.items() if kept.records or kept.undeclared
        }
        self._boots[boot] = _Boot(boot, now_ms)

    def add(self, record: Record, now_ms: int) -> Range | None:
        """Keep a new record; return (boot, seq) of the one that had to go for it, or None."""
        boot = self._boots[record.boot]
        if not boot.records:
            boot.still_since_ms = now_ms
        boot.records[record.seq] = record
        if record.kind == "telemetry":
            boot.telemetry.append(record.seq)
        self._count += 1
        return self._drop_oldest() if self._count > self.capacity else None

    def watermark(
        self, boot: int, seq: int, missing: Iterable[Range], window: int, now_ms: int
    ) -> Range | None:
        """Forget what is covered, queue what is missing; return the range of forgotten seqs, or None.

        What is named missing and is not here is declared dropped.
        """
        kept = self._boots.get(boot)
        if kept is None:
            return None
        kept.window = window
        forgotten: list[int] = []
        if seq > kept.watermark:
            kept.watermark, kept.still_since_ms = seq, now_ms
            for first in kept.records:
                if first > seq:
                    break
                forgotten.append(first)
            for covered in forgotten:
                del kept.records[covered]
            self._count -= len(forgotten)
            kept.flying = {flying for flying in kept.flying if flying > seq}
        for first, last in missing:
            self._find(kept, first, last, now_ms)
        return (forgotten[0], forgotten[-1]) if forgotten else None

    def flush(self, line: int) -> None:
        """Queue everything that did not go out live on this connection, oldest first."""
        for boot in self._boots.values():
            boot.flying.clear()
            boot.enqueue(seq for seq, record in boot.records.items() if record.line != line)

    def lost_connection(self, now_ms: int) -> None:
        """Nothing is on its way any more, and nobody is being waited for."""
        for boot in self._boots.values():
            boot.flying.clear()
            boot.queue.clear()
            boot.queued.clear()
            boot.still_since_ms = now_ms

    def hold_watch(self, now_ms: int) -> None:
        """The server is away: its watermark is not expected to move."""
        for boot in self._boots.values():
            boot.still_since_ms = now_ms

    def resend_stalled(self, now_ms: int) -> int:
        """Queue all above each watermark that has not moved for 30 s; return how many boots that were."""
        stalled = 0
        for boot in self._boots.values():
            if boot.records and now_ms - boot.still_since_ms >= STALLED_MS:
                boot.still_since_ms = now_ms
                boot.flying.clear()
                boot.enqueue(boot.records)
                stalled += 1
        return stalled

    def has_late(self) -> bool:
        """Whether anything waits to be sent again."""
        return any(boot.queue for boot in self._boots.values())

    def next_late(self, at_most: int) -> Iterator[Record]:
        """Give the next records to send again, oldest first, as many as the server's window lets through."""
        for boot in self._boots.values():
            while boot.queue:
                if at_most <= 0 or len(boot.flying) >= boot.window:
                    return
                seq = heapq.heappop(boot.queue)
                boot.queued.discard(seq)
                record = boot.records.get(seq)
                if record is not None:
                    boot.flying.add(seq)
                    at_most -= 1
                    yield record

    def buffered(self, current: int) -> list[dict[str, int]]:
        """What `status` says of earlier boots."""
        return [
            {"boot": number, "from": span[0], "to": span[1]}
            for number, boot in self._boots.items()
            if number != current and (span := _span(boot)) is not None
        ][:64]

    def declare(self) -> list[dict[str, Any]]:
        """Return the `data` of the `dropped` events that are due, and count them as said."""
        due: list[dict[str, Any]] = []
        for boot in self._boots.values():
            ranges, boot.undeclared = joined(boot.undeclared), []
            due += [
                {"boot": boot.number, "ranges": [list(range_) for range_ in ranges[n : n + MAX_RANGES]]}
                for n in range(0, len(ranges), MAX_RANGES)
            ]
        return due

    def has_undeclared(self) -> bool:
        """Whether something was dropped and not yet said."""
        return any(boot.undeclared for boot in self._boots.values())

    def _drop_oldest(self) -> Range | None:
        for boot in self._boots.values():
            while boot.telemetry:
                seq = boot.telemetry.popleft()
                if boot.records.pop(seq, None) is not None:
                    return self._gone(boot, seq)
        for boot in self._boots.values():  # events only: they go last
            for seq in boot.records:
                del boot.records[seq]
                return self._gone(boot, seq)
        return None

    def _gone(self, boot: _Boot, seq: int) -> Range:
        self._count -= 1
        boot.flying.discard(seq)
        if boot.undeclared and boot.undeclared[-1][1] == seq - 1:
            boot.undeclared[-1] = (boot.undeclared[-1][0], seq)
        else:
            boot.undeclared.append((seq, seq))
        return boot.number, seq

    @staticmethod
    def _find(boot: _Boot, first: int, last: int, now_ms: int) -> None:
        if last - first < len(boot.records):
            here = [seq for seq in range(first, last + 1) if seq in boot.records]
        else:
            here = [seq for seq in boot.records if first <= seq <= last]
        boot.enqueue(here)
        before = first
        for seq in [*here, last + 1]:
            gap = (before, seq - 1)
            if before < seq and now_ms - boot.said_ms.get(gap, -STALLED_MS) >= STALLED_MS:
                boot.said_ms[gap] = now_ms
                boot.undeclared.append(gap)
            before = seq + 1


def _span(boot: _Boot) -> Range | None:
    ends = [(next(iter(boot.records)), next(reversed(boot.records)))] if boot.records else []
    ends += boot.undeclared
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Return the ranges in order, those that touch or overlap as one."""
    out: list[Range] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out
