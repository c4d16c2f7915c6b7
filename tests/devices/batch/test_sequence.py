"""Spans behave like the sets of numbers they stand for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from devices.batch import sequence
from devices.batch.sequence import Spans

NUMBERS = st.sets(st.integers(1, 60))
RANGES = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair))))


def spans_of(numbers: set[int]) -> Spans:
    spans: Spans = []
    for number in sorted(numbers):
        sequence.add(spans, number, number)
    return spans


def numbers_of(spans: Spans) -> set[int]:
    return {number for low, high in spans for number in range(low, high + 1)}


def is_canonical(spans: Spans) -> bool:
    """Sorted, none empty, none touching the next."""
    return all(low <= high for low, high in spans) and all(
        before[1] + 1 < after[0] for before, after in pairwise(spans)
    )


@given(RANGES)
def test_ranges_added_in_any_order_are_their_union(ranges: Spans) -> None:
    spans: Spans = []
    for low, high in ranges:
        sequence.add(spans, low, high)
    assert numbers_of(spans) == numbers_of(ranges)
    assert is_canonical(spans)


@given(NUMBERS, NUMBERS)
def test_subtracting_is_the_difference(a: set[int], b: set[int]) -> None:
    left = sequence.subtract(spans_of(a), spans_of(b))
    assert numbers_of(left) == a - b
    assert is_canonical(left)


@given(st.lists(NUMBERS, max_size=4))
def test_uniting_is_the_union_and_changes_nothing_it_was_given(sets: list[set[int]]) -> None:
    given_spans = [spans_of(numbers) for numbers in sets]
    united = sequence.union(*given_spans)
    assert numbers_of(united) == set().union(*sets)
    assert is_canonical(united)
    assert given_spans == [spans_of(numbers) for numbers in sets]


@given(NUMBERS, st.integers(0, 62))
def test_holding_and_widening_agree_with_the_set(numbers: set[int], number: int) -> None:
    spans = spans_of(numbers)
    assert sequence.holds(spans, number) == (number in numbers)
    assert sequence.would_widen(spans, number) == (len(spans_of(numbers | {number})) > len(spans))
    assert sequence.count(spans) == len(numbers)


@given(NUMBERS, st.integers(1, 60))
def test_contiguous_ends_before_the_first_number_that_is_not_there(numbers: set[int], first: int) -> None:
    last = first - 1
    while last + 1 in numbers:
        last += 1
    assert sequence.contiguous(first, spans_of(numbers)) == last


@given(NUMBERS, st.integers(1, 60), st.integers(0, 60))
def test_gaps_are_what_is_not_there(numbers: set[int], first: int, highest: int) -> None:
    gaps = list(sequence.gaps(first, highest, spans_of(numbers)))
    assert numbers_of(gaps) == set(range(first, highest + 1)) - numbers
    assert is_canonical(gaps)
