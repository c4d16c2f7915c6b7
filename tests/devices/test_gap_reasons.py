"""A gap is called by what became of the records that belong there."""

import pytest

from devices.gap_reasons import Fate, reason

WHOLE = Fate(stored=[(1, 100)], dropped=[], rejected=[], closed=False)


@pytest.mark.parametrize(
    "fate, expected",
    [
        (Fate([(1, 10), (21, 100)], [(11, 20)], [], closed=False), "dropped"),
        (Fate([(1, 10), (21, 100)], [], [(11, 20)], closed=False), "rejected"),
        (Fate([(1, 10), (21, 100)], [], [], closed=False), "awaited"),
        (Fate([(1, 10), (21, 100)], [], [], closed=True), "lost"),
        (Fate([(1, 10), (21, 100)], [], [], closed=False, pruned_to=50), "pruned"),
        (Fate([(1, 10), (21, 100)], [(11, 15)], [], closed=True), "lost"),
        (WHOLE, "unsent"),
    ],
)
def test_within_a_boot_the_ledger_says_why(fate: Fate, expected: str) -> None:
    assert reason((7, 10), (7, 21), {7: fate}) == expected


def test_between_two_boots_with_all_their_records_the_device_was_off() -> None:
    assert reason((7, 100), (8, 1), {7: WHOLE, 8: WHOLE}) == "restart"


def test_between_two_boots_what_was_lost_of_either_is_told() -> None:
    tail = Fate([(1, 90)], [(91, 100)], [], closed=True)
    assert reason((7, 90), (8, 1), {7: tail, 8: WHOLE}) == "dropped"


def test_a_gap_that_nothing_ends_is_silence() -> None:
    assert reason((7, 10), None, {7: WHOLE}) == "silent"


def test_without_a_record_before_it_nothing_is_known() -> None:
    assert reason(None, (7, 21), {7: WHOLE}) is None
    assert reason((7, 10), (7, 21), {}) is None
