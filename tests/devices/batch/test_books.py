"""The numbers of one boot: what is settled, what is asked for, where it starts, and how large its row may grow."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.batch import sequence
from devices.batch.books import SETTLE_MS, Book

STUCK_MS = 10_000
ACTS = st.lists(
    st.tuples(st.sampled_from(["store", "reject", "drop"]), st.integers(1, 40), st.integers(0, 6)),
    max_size=60,
)


def book(first: int = 1, *stored: tuple[int, int]) -> Book:
    made = Book(1, 7)
    made.start_at(first, 0)
    for low, high in stored:
        sequence.add(made.stored, low, high)
    return made


def numbers(spans: list[tuple[int, int]]) -> set[int]:
    return {number for low, high in spans for number in range(low, high + 1)}


@given(ACTS)
def test_stored_dropped_and_rejected_are_disjoint_and_stored_beats_both(
    acts: list[tuple[str, int, int]],
) -> None:
    one, stored, spoken_of = book(), set(), set()
    for act, seq, more in acts:
        if act == "store":
            one.store(seq)
            stored.add(seq)
        elif act == "reject":
            one.reject(seq)
            spoken_of.add(seq)
        else:
            one.drop([(seq, seq + more)])
            spoken_of.update(range(seq, seq + more + 1))
    dropped, rejected = numbers(one.dropped), numbers(one.rejected)
    assert numbers(one.stored) == stored
    assert not stored & dropped
    assert not stored & rejected
    assert not dropped & rejected
    assert dropped | rejected == spoken_of - stored


@given(ACTS)
def test_the_watermark_covers_nothing_that_is_not_settled_and_never_falls(
    acts: list[tuple[str, int, int]],
) -> None:
    one, told = book(), 0
    for act, seq, more in acts:
        {"store": one.store, "reject": one.reject, "drop": lambda s: one.drop([(s, s + more)])}[act](seq)  # noqa: B023
        seq_now = one.watermark_seq()
        assert seq_now >= told
        assert set(range(1, seq_now + 1)) <= numbers(one.settled())
        one.published_seq = told = seq_now


def ask(one: Book, now_ms: int) -> list[tuple[int, int]]:
    """What the publisher does at a look."""
    one.look_at_start()
    missing = one.missing(now_ms, after_ms=STUCK_MS)
    if missing and not one.has_started and one.asked_ms is None:
        one.asked_ms = now_ms
    return missing


def test_a_gap_is_asked_for_once_it_is_ten_seconds_old() -> None:
    one = book(1, (1, 10), (13, 20))
    asked = {second: ask(one, second * 1000) for second in range(15)}
    assert not any(asked[second] for second in range(10))
    assert asked[12] == [(11, 12)]


def test_at_most_32_gaps_are_asked_for_the_lowest_first() -> None:
    one = book(1, *((seq, seq) for seq in range(1, 200, 2)))
    for second in range(12):
        ask(one, second * 1000)
    missing = ask(one, 12_000)
    assert (len(missing), missing[0], missing[-1]) == (32, (2, 2), (64, 64))


def test_of_a_closed_boot_nothing_is_asked_for() -> None:
    one = book(1, (1, 10), (13, 20))
    one.closed_ms = 500
    assert not any(ask(one, second * 1000) for second in range(20))


def test_a_device_enrolled_at_seq_50_000_starts_there_once_it_has_nothing_older() -> None:
    one = book(50_000, (50_000, 50_020))
    assert one.watermark_seq() == 0
    for second in range(30):
        one.touched_ms = second * 1000  # it goes on
        missing = ask(one, second * 1000)
        assert missing in ([], [(1, 49_999)])
    assert one.has_started
    assert one.watermark_seq() == 50_020


def test_a_device_that_has_older_ones_starts_at_the_oldest_it_sends() -> None:
    """The watermark must not cover what still lies in the device's buffer."""
    one = book(1801, (1801, 1820))
    for second in range(60):
        now_ms = second * 1000
        one.touched_ms = now_ms
        ask(one, now_ms)
        if 12 <= second < 50:  # asked, it sends its buffer, newest first and slowly
            lowest = 1800 - (second - 12) * 10
            one.start_at(lowest - 9, now_ms)
            sequence.add(one.stored, lowest - 9, lowest)
            assert one.watermark_seq() == 0
    assert one.first_seq == 1421


def test_a_device_that_was_asked_and_went_silent_is_waited_for() -> None:
    one = book(50_000, (50_000, 50_020))
    one.touched_ms = 5_000
    for second in range(120):
        ask(one, second * 1000)
    assert not one.has_started
    one.touched_ms = 120_000 + SETTLE_MS
    ask(one, 131_000)
    assert one.has_started


def test_a_boot_that_begins_at_one_has_started() -> None:
    assert book(1, (1, 5)).watermark_seq() == 5


def test_what_a_device_says_it_keeps_is_where_the_boot_starts() -> None:
    one = Book(1, 6)
    one.keeps_from(88, 0)
    one.store(90)
    assert one.watermark_seq() == 87
    assert not one.missing(5_000, after_ms=STUCK_MS)
    assert one.missing(20_000, after_ms=STUCK_MS) == [(88, 89)]


# --- bounds ---


def spans(one: Book) -> int:
    return len(one.stored) + len(one.dropped) + len(one.rejected)


def feed(one: Book, count: int, act: Callable[[Book, int], None]) -> None:
    for seq in range(1, count + 1):
        act(one, seq)


def test_a_device_that_skips_numbers_does_not_grow_its_row_without_bound() -> None:
    def skip(one: Book, seq: int) -> None:
        if not one.would_be_sparse(2 * seq):
            one.store(2 * seq)

    one = book()
    feed(one, 3_000, skip)
    assert len(one.stored) == sequence.MOST_SPANS
    assert not one.would_be_sparse(3)  # what fills a hole is always welcome
    assert not one.would_be_sparse(2001)


def test_a_device_that_garbles_every_other_record_is_bounded_too_and_its_watermark_moves_on() -> None:
    def garble(one: Book, seq: int) -> None:
        if seq % 2:
            one.reject(seq)
        elif one.would_be_sparse(seq):
            assert one.is_full
            one.reject(seq)
        else:
            one.store(seq)

    one = book()
    feed(one, 10_000, garble)
    assert len(one.stored) == sequence.MOST_SETTLED_SPANS
    assert spans(one) <= 2 * sequence.MOST_SETTLED_SPANS + 2
    assert one.watermark_seq() == 10_000


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=256, unique=True))
def test_declared_drops_are_bounded_and_taken_lowest_first(lows: list[int]) -> None:
    one = book()
    for part in range(8):
        one.drop([(10 * low + part, 10 * low + part) for low in lows])
    assert len(one.dropped) <= sequence.MOST_SPANS
    one = book()
    one.drop([(2 * seq, 2 * seq) for seq in range(1, 3_001)])
    assert one.dropped == [(2 * seq, 2 * seq) for seq in range(1, 1_001)]


def test_the_whole_range_of_numbers_is_one_span() -> None:
    one = book()
    one.drop([(1, 2**53 - 1)])
    one.store(5)
    assert one.dropped == [(1, 4), (6, 2**53 - 1)]


def test_a_boot_that_was_only_spoken_of_is_blank() -> None:
    one = Book(1, 6)
    one.keeps_from(88, 0)
    assert one.is_blank
    one.store(88)
    assert not one.is_blank
