"""A rota as a week: who, from when to when, and when nobody is on duty."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.duty.week import Day, monday_of, week
from fleet.paging.rota import Line

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 16)
NORA, EMRE = 1, 2


def line(who: int, weekday: int, starts: int, ends: int, **days: date) -> Line:
    return Line(who, weekday, time(starts), time(ends), **{"first_day": date(2026, 1, 1)} | days)


def told(day: Day) -> list[tuple[int | None, str, str]]:
    """Who, from, to, on the clock of the wall there."""
    return [
        (
            block.who,
            f"{block.starts.astimezone(BERLIN):%a %H:%M}",
            f"{block.ends.astimezone(BERLIN):%a %H:%M}",
        )
        for block in day.blocks
    ]


def whom(day: Day) -> list[int | None]:
    return [block.who for block in day.blocks]


def test_a_day_says_who_is_on_duty_and_when_nobody_is() -> None:
    days = week([line(NORA, 0, 7, 15), line(EMRE, 0, 15, 22)], MONDAY, BERLIN)
    assert [day.day.day for day in days] == list(range(16, 23))
    assert told(days[0]) == [
        (None, "Mon 00:00", "Mon 07:00"),
        (NORA, "Mon 07:00", "Mon 15:00"),
        (EMRE, "Mon 15:00", "Mon 22:00"),
        (None, "Mon 22:00", "Tue 00:00"),
    ]
    assert [block.lane for block in days[0].blocks] == [0, 0, 0, 0]


def test_a_night_shift_is_on_both_of_its_days_and_on_sunday_night_reaches_into_monday() -> None:
    days = week([line(NORA, 6, 22, 6), line(NORA, 0, 22, 6)], MONDAY, BERLIN)
    assert told(days[0])[0] == (NORA, "Sun 22:00", "Mon 06:00")
    assert (days[0].blocks[0].left, days[0].blocks[0].width) == (0.0, 25.0)
    assert told(days[0])[-1] == told(days[1])[0] == (NORA, "Mon 22:00", "Tue 06:00")
    assert told(days[6])[-1] == (NORA, "Sun 22:00", "Mon 06:00")


def test_two_at_once_lie_above_each_other() -> None:
    monday = week([line(NORA, 0, 7, 15), line(EMRE, 0, 12, 20)], MONDAY, BERLIN)[0]
    assert {block.who: block.lane for block in monday.blocks} == {None: 0, NORA: 0, EMRE: 1}
    assert monday.lanes == 2


def test_a_line_holds_from_its_first_day_to_its_last() -> None:
    tuesday, wednesday = date(2026, 11, 17), date(2026, 11, 18)
    assert NORA not in whom(week([line(NORA, 2, 7, 15, last_day=tuesday)], MONDAY, BERLIN)[2])
    assert NORA not in whom(week([line(NORA, 1, 7, 15, first_day=wednesday)], MONDAY, BERLIN)[1])
    assert NORA in whom(
        week([line(NORA, 2, 7, 15, first_day=wednesday, last_day=wednesday)], MONDAY, BERLIN)[2]
    )


@pytest.mark.parametrize(
    "monday,sunday_hours", [(date(2026, 3, 23), 23), (date(2026, 10, 19), 25), (MONDAY, 24)]
)
def test_the_day_the_clock_changes_is_as_long_as_it_is(monday: date, sunday_hours: int) -> None:
    days = week([line(NORA, 6, 0, 0)], monday, BERLIN)
    assert days[6].hours == sunday_hours
    [block] = days[6].blocks
    assert (block.left, block.width) == (0.0, 100.0)
    assert (block.ends - block.starts).total_seconds() == sunday_hours * 3600


def test_an_empty_rota_is_one_gap_a_day_and_no_error() -> None:
    for day in week([], MONDAY, BERLIN):
        assert [(block.left, block.width, block.who) for block in day.blocks] == [(0.0, 100.0, None)]
    assert monday_of(date(2026, 11, 22)) == MONDAY


lines = st.builds(
    Line,
    st.integers(1, 4),
    st.integers(0, 6),
    st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None)),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)


@given(st.lists(lines, max_size=12), st.dates(date(2026, 1, 5), date(2026, 12, 21)))
def test_stints_and_gaps_together_cover_each_day_and_gaps_never_lie_over_somebody(
    rota: list[Line], day: date
) -> None:
    for one in week(rota, monday_of(day), BERLIN):
        covered = one.starts
        for block in sorted(one.blocks, key=lambda block: block.starts):
            assert block.starts <= covered or covered >= one.ends
            covered = max(covered, block.ends)
        assert covered >= one.ends
        empty = [block for block in one.blocks if block.who is None]
        assert all(
            other.ends <= gap.starts or other.starts >= gap.ends
            for gap in empty
            for other in one.blocks
            if other is not gap
        )
        assert all(block.left + block.width <= 100.001 for block in one.blocks)
