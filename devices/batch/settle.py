"""Work out what a batch of device messages says: place it in time, know repeats, move live states.  Pure."""

from collections.abc import Iterable

from devices import state
from devices.batch import sequence
from devices.batch.books import Book
from devices.batch.desk import (
    ChangeRow,
    Desk,
    EventRow,
    Facts,
    Happened,
    Heard,
    Refused,
    Repeat,
    SessionFact,
    TelemetryRow,
    Told,
)
from devices.batch.placing import Placing
from devices.state import LiveState
from devices.wire.data import Data, Dropped, SessionEnded, SessionStarted, data_of
from devices.wire.messages import Event, Status, Telemetry, Will

_MOST_BOOTS_BY_REFUSAL = 8


class Settler(Placing):
    """One batch on its way from messages to facts.

    `heard` must hold only devices whose state and books lie on the desk.
    """

    def __init__(self, desk: Desk, *, window_ms: int = 600_000) -> None:
        super().__init__(desk, window_ms=window_ms)
        self._told_links: dict[int, str] = {}

    def settle(self, heard: list[Heard], numbered: Iterable[tuple[int, int, int, int]] = ()) -> Facts:
        """Return what the batch adds.

        Args:
            heard: The messages, in the order they came.
            numbered: (device, boot, seq, arrival ms) of refused records whose number could be read.
        """
        self._place_new_boots(heard)
        of_new_boots = [one for one in numbered if not self._mark_refused(*one, most_boots=0)]
        for one in heard:
            message = one.message
            if type(message) is Telemetry:
                self._telemetry(one, message)
            elif type(message) is Status:
                self._status(one, message)
            elif type(message) is Event:
                self._event(one, message)
            elif type(message) is Will:
                self._will(one, message)
        for one_refused in of_new_boots:
            self._mark_refused(*one_refused, most_boots=_MOST_BOOTS_BY_REFUSAL)
        self.facts.states = {key: pair for key, pair in self.facts.states.items() if pair[0] != pair[1]}
        for device_id, (old, live) in self.facts.states.items():
            live.rev = old.rev + 1
            self.desk.states[device_id] = live
            if live.link != self._told_links.get(device_id, old.link):
                self._note_change(live, live.rev, live.heard_ms or live.status_ms or 0, "link", None)
        return self.facts

    def _mark_refused(self, device_id: int, boot: int, seq: int, arrival_ms: int, *, most_boots: int) -> bool:
        """A record was refused whose number could be read: the watermark passes it.

        False if its boot is not known, and the device has `most_boots` already: garble fills no ledger.
        """
        books = self.desk.books[device_id]
        if boot not in books and len(books) >= most_boots:
            return False
        book = self._book(device_id, boot)
        book.start_at(seq, arrival_ms)
        book.reject(seq)
        book.touched_ms = arrival_ms
        return True

    # --- records ---

    def _telemetry(self, one: Heard, message: Telemetry) -> None:
        book = self._book(one.device_id, message.boot)
        placed_ms, late = self._place(one, book, message.up_ms, message.t, message.seq, flagged=message.late)
        if not self._admit(one, book, message.seq, message.up_ms, "telemetry", placed_ms, late=late):
            return
        disputed = self._peek(one.device_id).link == "conflict"
        if not late:
            live = self._state(one.device_id)
            output = live.output
            state.hear_telemetry(live, message, one.body, placed_ms, one.arrival_ms)
            if live.output != output:
                self._note_change(live, live.rev + 1, placed_ms, "output", None)
            self._tell_skew(book, message.t - placed_ms)
        self.facts.telemetry.append(
            TelemetryRow(
                one.device_id,
                message.boot,
                message.seq,
                message.up_ms,
                placed_ms,
                book.placed_by or "live",
                late,
                disputed,
                message.session,
                one.body,
            )
        )
        self.facts.sums.append((one.device_id, message, placed_ms, disputed))

    def _event(self, one: Heard, message: Event) -> None:
        book = self._book(one.device_id, message.boot)
        placed_ms, late = self._place(one, book, message.up_ms, message.t, message.seq, flagged=message.late)
        if not self._admit(one, book, message.seq, message.up_ms, message.kind.value, placed_ms, late=late):
            return
        disputed = self._peek(one.device_id).link == "conflict"
        if not late:
            state.hear_event(
                self._state(one.device_id), message.boot, message.up_ms, placed_ms, one.arrival_ms
            )
            self._tell_skew(book, message.t - placed_ms)
        data = data_of(message)
        boot, up_ms, true_ms = self._true_time(one.device_id, message, data, placed_ms)
        self.facts.events.append(
            EventRow(
                one.device_id,
                message.boot,
                message.seq,
                message.up_ms,
                message.kind.value,
                message.session,
                message.channel,
                true_ms,
                book.placed_by or "live",
                late,
                disputed,
                one.body,
            )
        )
        self.facts.happened.append(Happened(one.device_id, message, data, true_ms, late, disputed))
        if isinstance(data, Dropped):
            self._dropped(one, message, data)
        elif isinstance(data, (SessionStarted, SessionEnded)) and message.session is not None:
            if not late and isinstance(data, SessionStarted):
                state.plan(self._state(one.device_id), message.session, data.planned_ms)
            self.facts.sessions.append(
                SessionFact(one.device_id, message.session, boot, up_ms, true_ms, data, disputed)
            )

    def _dropped(self, one: Heard, message: Event, data: Dropped) -> None:
        """A device forgot what it had not sent.  It cannot have forgotten what it has not yet recorded."""
        last = message.seq - 1 if data.boot == message.boot else 2**53 - 1 if data.boot < message.boot else 0
        ranges = [(low, min(high, last)) for low, high in data.ranges if low <= last]
        if not ranges:
            return
        book = self._book(one.device_id, data.boot)
        book.start_at(min(ranges)[0], one.arrival_ms)
        book.drop(ranges)
        book.touched_ms, book.urgent = one.arrival_ms, True

    def _true_time(self, device_id: int, message: Event, data: Data, placed_ms: int) -> tuple[int, int, int]:
        """An event may tell of an earlier instant (power loss): its true time is that one."""
        of = data.of
        if of is None:
            return message.boot, message.up_ms, placed_ms
        book = self.desk.books[device_id].get(of.boot)
        if book is None or book.offset is None:
            return of.boot, of.up_ms, placed_ms
        return of.boot, of.up_ms, book.offset.place(of.up_ms, placed_ms)

    def _admit(
        self, one: Heard, book: Book, seq: int, up_ms: int, kind: str, placed_ms: int, *, late: bool
    ) -> bool:
        """Enter a record's number into the book; False if it is a repeat, or refused."""
        book.touched_ms = one.arrival_ms
        book.urgent = book.urgent or late
        if book.up_ms is None or up_ms > book.up_ms:
            book.up_ms = up_ms
        if sequence.holds(book.stored, seq):
            book.urgent = True  # a covered record arrived again: tell the device once more
            self.facts.repeats.append(
                Repeat(one.device_id, book.boot, seq, up_ms, kind, one.body[:200], one.arrival_ms)
            )
            return False
        if book.would_be_sparse(seq):
            self._refuse_sparse(one, book, seq, kind)
            if not late:  # a sign of life all the same
                state.hear_event(self._state(one.device_id), book.boot, up_ms, placed_ms, one.arrival_ms)
            return False
        book.start_at(seq, one.arrival_ms)
        book.store(seq)
        return True

    def _refuse_sparse(self, one: Heard, book: Book, seq: int, kind: str) -> None:
        """Refuse a record for its row's sake; where no hole of it can be filled, it is refused for good."""
        if book.is_full:
            book.reject(seq)
        detail = f"seq {seq} of boot {book.boot} would be span {len(book.stored) + 1} of its ledger"
        self.facts.refused.append(
            Refused("", one.device_id, kind, "sparse", detail, one.body[:200], one.arrival_ms)
        )

    # --- status ---

    def _status(self, one: Heard, status: Status) -> None:
        if one.retained:
            self._retained(one, status)
            return
        book = self._book(one.device_id, status.boot)
        placed_ms, late = self._place(one, book, status.up_ms, status.t, status.seq, flagged=False)
        live = self._state(one.device_id)
        place, known = (status.boot, status.conn), (live.boot, live.conn)
        if place != known:
            newest = live.boot is None or place > (live.boot, live.conn or 0)
            self._birth(one, status, book, is_newest=newest)
        link = live.link
        changed = state.hear_status(live, status, one.body, placed_ms, one.arrival_ms, is_live=not late)
        self.facts.statuses.append(Told(one.device_id, status, placed_ms, not late))
        if not late:
            self._tell_skew(book, status.t - placed_ms)
        if book.up_ms is None or status.up_ms > book.up_ms:
            book.up_ms = status.up_ms
        if changed:
            self._note_status(live, status, placed_ms, link, changed, one.body)

    def _retained(self, one: Heard, status: Status) -> None:
        """The broker's copy may be the newest that is known, and is old.

        Where its boot was never heard, its own clock is all that tells how old.
        """
        live = self._state(one.device_id)
        book = self.desk.books[one.device_id].get(status.boot)
        if book is not None and book.offset is not None:
            placed_ms = book.offset.place(status.up_ms, one.arrival_ms)
        else:
            placed_ms = max(0, min(status.t, one.arrival_ms))
        link = live.link
        changed = state.hear_status(
            live, status, one.body, placed_ms, one.arrival_ms, is_live=False, is_retained=True
        )
        self.facts.statuses.append(Told(one.device_id, status, placed_ms, is_live=False))
        if changed:
            self._note_status(live, status, placed_ms, link, changed, one.body)

    def _birth(self, one: Heard, status: Status, book: Book, *, is_newest: bool) -> None:
        """A birth wants a watermark for its boot and each that is buffered; what it omits is closed.

        One that is not the newest is a repeat, or of a second device: it is answered, and closes nothing.
        """
        self.facts.births.append((one.device_id, status))
        book.urgent, book.touched_ms = True, one.arrival_ms
        book.asked_ms = None  # the question may have been lost with the connection
        buffered: set[int] = set()
        for span in sorted(status.buffered, key=lambda span: span.from_):
            if span.boot >= status.boot:
                continue
            buffered.add(span.boot)
            earlier = self._book(one.device_id, span.boot)
            earlier.keeps_from(span.from_, one.arrival_ms)
            earlier.urgent, earlier.touched_ms = True, one.arrival_ms
            if is_newest:
                earlier.closed_ms = None
        if not is_newest:
            return
        for boot, earlier in self.desk.books[one.device_id].items():
            if boot < status.boot and boot not in buffered and earlier.closed_ms is None:
                earlier.closed_ms = one.arrival_ms
                self.facts.books[one.device_id, boot] = earlier

    def _will(self, one: Heard, will: Will) -> None:
        state.hear_will(self._state(one.device_id), will, one.arrival_ms)

    def _note_status(
        self,
        live: LiveState,
        status: Status,
        placed_ms: int,
        link: str,
        changed: tuple[str, ...],
        body: bytes,
    ) -> None:
        """Keep a status that changed something; the link it changed is part of the row."""
        names = changed if live.link == link else ("link", *changed)
        self._told_links[live.device_id] = live.link
        self._note_change(live, live.rev + 1, placed_ms, ",".join(names)[:64], body, status)

    def _note_change(
        self,
        live: LiveState,
        rev: int,
        placed_ms: int,
        why: str,
        body: bytes | None,
        status: Status | None = None,
    ) -> None:
        boot, conn, up_ms = (
            (status.boot, status.conn, status.up_ms) if status else (live.boot, live.conn, live.up_ms)
        )
        said = status if status is not None else live
        self.facts.changes.append(
            ChangeRow(
                live.device_id,
                rev,
                placed_ms,
                boot,
                conn,
                up_ms,
                live.link,
                said.state,
                said.output,
                said.session,
                why,
                body,
            )
        )
