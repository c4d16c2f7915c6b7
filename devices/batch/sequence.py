"""Which numbers of a boot are stored, dropped, rejected, and what that says.  Pure.

Spans are sorted, joined and inclusive: [(1, 500), (502, 502)].  A device counts its records up from 1, so a
healthy boot is one span, and adding the next number moves one end.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

Spans = list[tuple[int, int]]

MOST_SPANS = 1_000  # a row's bound: an update costs 0.03 ms with one span, 34 ms with 10,000
MOST_SETTLED_SPANS = 4_000
"""The bound where every hole between the stored ones has its reason.

A device that skips numbers meets the first bound, and keeps what it has until the holes are filled.  One that
garbles a message now and then cannot fill its holes, and must not lose good records for them.
"""


def holds(spans: Spans, number: int) -> bool:
    """Whether `number` is in one of the spans."""
    if not spans:
        return False
    low, high = spans[-1]
    if number > high:
        return False
    if number >= low:
        return True
    at = bisect_left(spans, (number + 1,)) - 1
    return at >= 0 and spans[at][1] >= number


def add(spans: Spans, low: int, high: int) -> None:
    """Unite `spans` with low…high, in place."""
    if spans and low >= spans[-1][0]:  # nearly always: the next number of a healthy boot
        last_low, last_high = spans[-1]
        if low <= last_high + 1:
            spans[-1] = (last_low, max(high, last_high))
        else:
            spans.append((low, high))
        return
    start = bisect_left(spans, (low,))
    if start and spans[start - 1][1] >= low - 1:
        start -= 1
    end = start
    while end < len(spans) and spans[end][0] <= high + 1:
        low, high = min(low, spans[end][0]), max(high, spans[end][1])
        end += 1
    spans[start:end] = [(low, high)]


def would_widen(spans: Spans, number: int) -> bool:
    """Whether adding `number` makes one span more: it touches none of them."""
    return not (holds(spans, number) or holds(spans, number - 1) or holds(spans, number + 1))


def subtract(spans: Spans, taken: Spans) -> Spans:
    """Return what of `spans` is not in `taken`."""
    left: Spans = []
    for span_low, span_high in spans:
        low = span_low
        start = max(0, bisect_left(taken, (low,)) - 1)
        for other_low, other_high in taken[start:]:
            if other_high < low:
                continue
            if other_low > span_high:
                break
            if other_low > low:
                left.append((low, other_low - 1))
            low = other_high + 1
        if low <= span_high:
            left.append((low, span_high))
    return left


def union(*many: Spans) -> Spans:
    """Return all spans, joined."""
    joined: Spans = []
    for low, high in sorted(span for spans in many for span in spans):
        add(joined, low, high)
    return joined


def count(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many numbers the spans hold."""
    return sum(high - low + 1 for low, high in spans)


def contiguous(first: int, settled: Spans) -> int:
    """Return the last number up to which everything from `first` on is settled (first − 1: nothing)."""
    for low, high in settled:
        if low <= first <= high:
            return high
        if low > first:
            break
    return first - 1


def gaps(first: int, highest: int, settled: Spans) -> Iterator[tuple[int, int]]:
    """Yield what of first…highest is not settled, lowest first."""
    yield from subtract([(first, highest)] if highest >= first else [], settled)
