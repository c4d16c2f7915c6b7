"""When a device is told what it may forget.  Pure; times are Unix ms."""

from collections.abc import Callable, Container, Iterable

from devices.batch.books import Book
from devices.wire import codec
from devices.wire.messages import Watermark

WINDOW = 100
"""How many late records a device may have on their way beyond its watermark."""
WINDOW_BUSY = 20
_AGAIN_MS = 1_000  # at most one a second
_PAUSE_MS = 1_500  # traffic has paused when nothing came for this long
_STEADY_MS = 10_000  # in a steady stream


class Watermarks:
    """Collects books that moved, and says which are due.

    A birth, a late record and a repeat are urgent: the device waits for the answer before it sends on.
    """

    def __init__(self, *, stuck_ms: int = 10_000) -> None:
        self._moved: dict[tuple[int, int], Book] = {}
        self._waiting: dict[tuple[int, int], Book] = {}
        self._stuck_ms = stuck_ms

    def touch(self, books: Iterable[Book], now_ms: int) -> None:
        for book in books:
            if book.dirty_ms is None:
                book.dirty_ms = now_ms
            self._moved[book.device_id, book.boot] = book

    def due(self, now_ms: int, *, busy: bool, reachable: Callable[[int], bool]) -> list[tuple[Book, bytes]]:
        """Return each book that is due with its payload, and count it as published.

        A device that is offline is told nothing; its next birth asks again.
        """
        window = WINDOW_BUSY if busy else WINDOW
        out = []
        for key, book in list((self._waiting | self._moved).items()):
            if now_ms - book.published_ms < _AGAIN_MS or not self._is_due(book, now_ms):
                continue
            self._moved.pop(key, None)
            if not reachable(book.device_id):
                self._waiting.pop(key, None)
                book.dirty_ms = None
                continue
            book.look_at_start()
            missing = book.missing(now_ms, after_ms=self._stuck_ms)
            seq = book.watermark_seq()
            is_open = bool(missing) or seq < book.highest
            if is_open and book.closed_ms is None:
                self._waiting[key] = book
            else:
                self._waiting.pop(key, None)
            asks = bool(missing) and now_ms - book.published_ms >= self._stuck_ms
            if seq == book.published_seq and not book.urgent and not asks:
                book.dirty_ms = None
                continue
            book.published_seq, book.published_ms = seq, now_ms
            book.dirty_ms, book.urgent = None, False
            if missing and not book.has_started and book.asked_ms is None:
                book.asked_ms = now_ms
            out.append((book, _payload(book, seq, missing, window, now_ms)))
        return out

    def forget(self, devices: Container[int]) -> None:
        """A batch of these devices failed: what their books say was not committed, and must not be told."""
        for books in (self._moved, self._waiting):
            for key in [key for key in books if key[0] in devices]:
                del books[key]

    def _is_due(self, book: Book, now_ms: int) -> bool:
        if book.urgent:
            return True
        if book.dirty_ms is None:
            return True  # something is missing: look again
        return now_ms - book.touched_ms >= _PAUSE_MS or now_ms - book.dirty_ms >= _STEADY_MS


def _payload(book: Book, seq: int, missing: list[tuple[int, int]], window: int, now_ms: int) -> bytes:
    return codec.encode(
        Watermark(boot=book.boot, seq=seq, missing=tuple(missing), window=window, t=now_ms, up_ms=book.up_ms)
    )
