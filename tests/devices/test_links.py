"""Link history and uptime: no stretch is lost, and what is not known is never called up or down."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import links
from devices.links import UNKNOWN, Turn

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def shown(*turns: Turn, low: float = 0, high: float = 60) -> list[tuple[float, float, str]]:
    return [
        ((one.low - NOON) / timedelta(minutes=1), (one.high - NOON) / timedelta(minutes=1), one.link)
        for one in links.stretches(turns, at(low), at(high))
    ]


def test_a_device_that_was_never_heard_has_unknown_time_and_no_uptime() -> None:
    assert shown() == [(0, 60, UNKNOWN)]
    assert links.uptime(links.stretches([], NOON, at(60))).share is None


def test_time_before_it_was_first_heard_is_unknown_and_counts_neither_way() -> None:
    parts = links.stretches([Turn(at(30), "online")], NOON, at(60))
    assert [one.link for one in parts] == [UNKNOWN, "online"]
    up = links.uptime(parts)
    assert up.share == 1.0
    assert up.known == timedelta(minutes=30)


def test_what_the_link_was_before_the_window_holds_at_its_beginning() -> None:
    turns = [Turn(at(-90), "online"), Turn(at(10), "offline"), Turn(at(20), "online")]
    assert shown(*turns) == [(0, 10, "online"), (10, 20, "offline"), (20, 60, "online")]
    parts = links.stretches(turns, NOON, at(60))
    assert (parts[0].low_open, parts[1].low_open, parts[-1].high_open) == (True, False, True)


def test_uptime_is_the_online_share_of_known_time_and_overdue_is_not_online() -> None:
    turns = [Turn(at(0), "online"), Turn(at(30), "suspect"), Turn(at(33), "offline"), Turn(at(45), "online")]
    up = links.uptime(links.stretches(turns, NOON, at(60)))
    assert up.share == pytest.approx(45 / 60)
    assert up.interruptions == 1
    assert up.by_link["suspect"] == timedelta(minutes=3)


def test_a_conflict_of_identity_is_not_called_online() -> None:
    turns = [Turn(at(0), "online"), Turn(at(30), "conflict")]
    up = links.uptime(links.stretches(turns, NOON, at(60)))
    assert up.share == pytest.approx(0.5)
    assert up.interruptions == 0


def test_rows_that_repeat_the_link_cut_nothing() -> None:
    assert shown(Turn(at(0), "online"), Turn(at(5), "online"), Turn(at(9), "online")) == [(0, 60, "online")]


def test_a_turn_that_was_placed_before_the_one_noted_earlier_moves_nothing_back() -> None:
    turns = [Turn(at(0), "online"), Turn(at(20), "offline"), Turn(at(18), "online")]
    assert shown(*turns, Turn(at(19), "suspect")) == [(0, 20, "online"), (20, 60, "suspect")]


def test_a_turn_that_lasted_no_time_parts_nothing() -> None:
    turns = [Turn(at(0), "online"), Turn(at(20), "suspect"), Turn(at(18), "online")]
    assert shown(*turns) == [(0, 60, "online")]


def test_a_window_within_a_longer_one_begins_with_what_held_then() -> None:
    parts = links.stretches([Turn(at(-90), "online"), Turn(at(30), "offline")], NOON, at(60))
    assert [(one.low, one.link) for one in links.within(parts, at(45))] == [(at(45), "offline")]
    assert links.uptime(links.within(parts, at(45))).share == 0.0


@given(
    st.lists(
        st.tuples(
            st.floats(-100, 100), st.sampled_from(["online", "suspect", "offline", "conflict", "never"])
        )
    )
)
def test_stretches_cover_the_window_without_holes(noted: list[tuple[float, str]]) -> None:
    parts = links.stretches([Turn(at(minutes), link) for minutes, link in noted], NOON, at(60))
    assert (parts[0].low, parts[-1].high) == (NOON, at(60))
    for one, following in itertools.pairwise(parts):
        assert one.high == following.low
        assert one.length > timedelta(0)
    up = links.uptime(parts)
    assert sum(up.by_link.values(), timedelta(0)) == timedelta(hours=1)
    assert up.share is None or 0 <= up.share <= 1
