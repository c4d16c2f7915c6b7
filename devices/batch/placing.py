"""When each message of a batch was, in server time, with the evidence kept on its boot's book.  Pure."""

from devices.batch import clock
from devices.batch.books import Book
from devices.batch.clock import Offset
from devices.batch.desk import Desk, Facts, Heard
from devices.state import LiveState
from devices.wire.messages import Ack, Status, Will


class Placing:
    """A batch's desk, and the placing in time of what is heard."""

    def __init__(self, desk: Desk, *, window_ms: int) -> None:
        self.desk = desk
        self.window_ms = window_ms
        self.facts = Facts()
        self._newest_births: dict[int, int] = {}

    def _place(
        self, one: Heard, book: Book, up_ms: int, t_ms: int, seq: int, *, flagged: bool
    ) -> tuple[int, bool]:
        """Return (when it was, whether that is history), and keep the evidence.

        What was sent from a buffer, or kept by the broker, says nothing of the way it took.
        """
        arrival_ms = one.arrival_ms
        offset = book.offset
        if not flagged and book.placed_by != "live":
            flagged = self._is_of_a_boot_gone_by(one, book.boot)
        if not flagged:
            offset = self._hear(book, arrival_ms, up_ms)
        elif offset is None:
            offset = book.offset = self._offset_unheard(one, book, up_ms, t_ms, seq)
        placed_ms = offset.place(up_ms, arrival_ms)
        late = clock.is_late(placed_ms, arrival_ms, flagged=flagged)
        if not flagged:
            self.facts.prompt += 1
            self.facts.tardy += late
        return placed_ms, late

    def _place_new_boots(self, heard: list[Heard]) -> None:
        """Place boots not heard before by the message of the batch that waited least.

        After an outage the broker hands out a minute of messages at once; the first has waited longest.
        """
        fresh: dict[tuple[int, int], list[Heard]] = {}
        for one in heard:
            message = one.message
            if one.retained or isinstance(message, (Will, Ack)) or getattr(message, "late", False):
                continue
            book = self.desk.books[one.device_id].get(message.boot)
            if book is None or book.placed_by != "live":
                fresh.setdefault((one.device_id, message.boot), []).append(one)
                if type(message) is Status:
                    newest = self._newest_births.get(one.device_id, -1)
                    self._newest_births[one.device_id] = max(newest, message.boot)
        for (device_id, boot), some in fresh.items():
            if self._is_of_a_boot_gone_by(some[0], boot) and not any(type(o.message) is Status for o in some):
                continue
            book = self._book(device_id, boot)
            for one in some:
                self._hear(book, one.arrival_ms, one.message.up_ms)  # type: ignore[union-attr]

    def _hear(self, book: Book, arrival_ms: int, up_ms: int) -> Offset:
        """Take in one live message as evidence of when its boot began."""
        offset = book.offset
        if offset is None or book.placed_by != "live":
            offset = book.offset = Offset.first(arrival_ms, up_ms)
            book.placed_by = "live"
        else:
            offset.hear(arrival_ms, up_ms, self.window_ms)
        if book.first_heard_ms is None:
            book.first_heard_ms = arrival_ms
        book.last_heard_ms = arrival_ms
        return offset

    def _is_of_a_boot_gone_by(self, one: Heard, boot: int) -> bool:
        """Whether a record is of a boot that ended before it was ever heard: it can only come from a buffer."""
        if type(one.message) is Status:
            return False
        newest = max(self._peek(one.device_id).boot or -1, self._newest_births.get(one.device_id, -1))
        return boot < newest

    def _offset_unheard(self, one: Heard, book: Book, up_ms: int, t_ms: int, seq: int) -> Offset:
        """Place a boot that was never heard live: by its clock if that fits, else by the order of boots."""
        books = self.desk.books[one.device_id]
        later = min((b for b in books if b > book.boot and books[b].first_heard_ms is not None), default=None)
        earlier = max(
            (b for b in books if b < book.boot and books[b].last_heard_ms is not None), default=None
        )
        live = self._peek(one.device_id)
        birth_ms = (books[later].first_heard_ms if later is not None else None) or one.arrival_ms
        skew_ms = books[later].skew_ms if later is not None else live.skew_ms
        placed = None
        if skew_ms is not None:
            placed = clock.offset_by_clock(
                t_ms,
                up_ms,
                skew_ms,
                after_ms=books[earlier].last_heard_ms if earlier is not None else None,
                before_ms=birth_ms,
            )
        book.placed_by = "clock" if placed is not None else "order"
        if placed is None:
            placed = clock.offset_by_order(up_ms, seq, self._last_buffered(live, book.boot), birth_ms)
        return Offset.stored(placed, one.arrival_ms)

    @staticmethod
    def _last_buffered(live: LiveState, boot: int) -> int | None:
        if live.status is None:
            return None
        return max((span.to for span in live.status.buffered if span.boot == boot), default=None)

    def _tell_skew(self, book: Book, skew_ms: int) -> None:
        """Keep the boot's skew as evidence; a clock far off is flagged once a boot."""
        if book.skew_ms is None:
            book.skew_ms = skew_ms
        if not book.skew_told and abs(skew_ms) > clock.SKEW_TOLD_MS:
            book.skew_told, book.skew_ms = True, skew_ms
            self.facts.skewed.append((book.device_id, book.boot, skew_ms))

    # --- the desk ---

    def _book(self, device_id: int, boot: int) -> Book:
        key = (device_id, boot)
        book = self.facts.books.get(key)
        if book is None:
            books = self.desk.books[device_id]
            book = books.get(boot)
            if book is None:
                book = books[boot] = Book(device_id, boot)
            self.facts.books[key] = book
        return book

    def _peek(self, device_id: int) -> LiveState:
        pair = self.facts.states.get(device_id)
        return self.desk.states[device_id] if pair is None else pair[1]

    def _state(self, device_id: int) -> LiveState:
        pair = self.facts.states.get(device_id)
        if pair is None:
            old = self.desk.states[device_id]
            pair = self.facts.states[device_id] = (old, old.copy())
        return pair[1]
