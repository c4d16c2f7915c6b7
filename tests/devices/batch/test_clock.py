"""Placing: a device's `up_ms` in server time, by the message that waited least."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import clock
from devices.batch.clock import Offset

WINDOW_MS = 600_000
BEGAN = 1_763_788_000_000


def at(up_ms: int, waited_ms: int) -> tuple[int, int]:
    """(arrival, up_ms) of a message that waited so long on its way."""
    return BEGAN + up_ms + waited_ms, up_ms


def test_the_offset_falls_at_once_to_the_message_that_waited_least() -> None:
    offset = Offset.first(*at(1000, 400))
    offset.hear(*at(2000, 30), WINDOW_MS)
    assert offset.offset_ms == BEGAN + 30


def test_the_offset_rises_by_a_millisecond_a_second_once_ten_minutes_have_passed() -> None:
    """A device clock that is 0.1 % slow falls behind by 1 ms a second: the offset follows, no faster."""
    offset = Offset.first(*at(0, 0))
    for second in range(1, 1201):
        offset.hear(*at(second * 1000, 5000 if second > 600 else 0), WINDOW_MS)
    risen = offset.offset_ms - BEGAN
    before = risen
    for second in range(1201, 1801):
        offset.hear(*at(second * 1000, 5000), WINDOW_MS)
        assert offset.offset_ms - BEGAN - before <= 1
        before = offset.offset_ms - BEGAN
    assert 500 <= before <= 1200


def test_a_queue_that_builds_up_for_minutes_does_not_look_like_drift() -> None:
    offset = Offset.first(*at(0, 10))
    for second in range(1, 300):
        offset.hear(*at(second * 1000, 10 + second * 100), WINDOW_MS)
    assert offset.offset_ms == BEGAN + 10
    assert offset.place(299_000, BEGAN + 299_000 + 29_910) == BEGAN + 299_010


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**6)), min_size=1, max_size=40))
def test_nothing_is_placed_after_it_arrived_nor_before_it_could_be(ways: list[tuple[int, int]]) -> None:
    ways = sorted(ways, key=lambda way: way[0] + way[1])
    offset = Offset.first(*at(*ways[0]))
    for way in ways[1:]:
        arrival_ms, up_ms = at(*way)
        offset.hear(arrival_ms, up_ms, WINDOW_MS)
        assert offset.offset_ms >= BEGAN  # none arrived before it was sent
        assert offset.place(up_ms, arrival_ms) <= arrival_ms


@given(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1))
def test_the_wildest_jump_of_up_ms_is_placed_where_a_timestamp_can_be(first: int, second: int) -> None:
    offset = Offset.first(BEGAN, first)
    offset.hear(BEGAN + 1000, second, WINDOW_MS)
    for up_ms in (first, second, 0, 2**53 - 1):
        assert 0 <= offset.place(up_ms, BEGAN + 1000) <= BEGAN + 1000


def test_a_record_is_late_by_its_flag_or_after_five_seconds() -> None:
    assert not clock.is_late(BEGAN, BEGAN + 5000, flagged=False)
    assert clock.is_late(BEGAN, BEGAN + 5001, flagged=False)
    assert clock.is_late(BEGAN, BEGAN, flagged=True)


@pytest.mark.parametrize(
    "t_ms, fits",
    [
        (BEGAN, True),
        (BEGAN - 60_001, False),
        (BEGAN + 60_001, False),
        (0, False),
        (BEGAN + 10 * 365 * 86_400_000, False),
    ],
)
def test_a_boot_never_heard_is_placed_by_its_clock_only_between_its_neighbours(
    t_ms: int, *, fits: bool
) -> None:
    offset = clock.offset_by_clock(t_ms, 500, 0, after_ms=BEGAN - 60_000, before_ms=BEGAN + 60_000)
    assert (offset == t_ms - 500) if fits else offset is None


def test_the_clock_is_corrected_by_the_skew_of_the_next_boot() -> None:
    ten_years = 10 * 365 * 86_400_000
    offset = clock.offset_by_clock(BEGAN + ten_years, 500, ten_years, after_ms=None, before_ms=BEGAN)
    assert offset == BEGAN - 500


def test_a_boot_placed_by_order_ends_before_the_birth_and_leaves_room_for_what_is_to_come() -> None:
    offset = clock.offset_by_order(up_ms=5_000, seq=10, last_seq=40, birth_ms=BEGAN)
    assert offset + 5_000 + 30_000 < BEGAN
    assert clock.offset_by_order(5_000, 40, 40, BEGAN) + 5_000 == BEGAN - 1


def test_a_boot_that_claims_endless_records_is_still_placed_in_reach_of_a_timestamp() -> None:
    offset = clock.offset_by_order(0, 1, 2**53 - 1, BEGAN)
    assert abs(offset) < 2**62
