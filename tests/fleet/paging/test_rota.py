"""Who is on duty: rota, taking over, nights in which clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.paging.rota import Line, Spell, moment, on_duty, spells, turn_over_at

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = date(2020, 1, 1)
LONGEST = timedelta(hours=16)
ANNA, BEN, CORA = 1, 2, 3


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def line(user, weekday, starts, ends, first=LONG_AGO, last=None):
    return Line(user, weekday, time.fromisoformat(starts), time.fromisoformat(ends), first, last)


def round_the_clock(weekdays=range(7)):
    return [
        one
        for day in weekdays
        for one in (
            line(ANNA, day, "06:00", "14:00"),
            line(BEN, day, "14:00", "22:00"),
            line(CORA, day, "22:00", "06:00"),
        )
    ]


def who(lines, at, taken=None):
    return [one.user_id for one in on_duty(lines, taken, BERLIN, at, longest=LONGEST)]


def test_a_shift_holds_from_its_first_moment_until_before_its_last():
    lines = [line(ANNA, 0, "06:00", "14:00")]  # Monday 23 November 2026, Berlin is UTC+1
    assert who(lines, utc("2026-11-23T04:59:59")) == []
    assert who(lines, utc("2026-11-23T05:00:00")) == [ANNA]
    assert who(lines, utc("2026-11-23T12:59:59")) == [ANNA]
    assert who(lines, utc("2026-11-23T13:00:00")) == []
    assert who(lines, utc("2026-11-24T08:00:00")) == [], "Tuesday is nobody's"


def test_a_night_shift_belongs_to_the_day_it_began_on():
    lines = [line(CORA, 6, "22:00", "06:00")]  # Sunday night
    assert who(lines, utc("2026-11-23T02:00:00")) == [CORA], "Monday 03:00 in Berlin"
    assert who(lines, utc("2026-11-22T02:00:00")) == [], "Sunday 03:00 is Saturday's night"


def test_a_line_holds_only_between_its_first_and_its_last_day():
    lines = [line(ANNA, 0, "06:00", "14:00", first=date(2026, 11, 23), last=date(2026, 11, 30))]
    at = [utc(f"2026-{day}T08:00:00") for day in ("11-16", "11-23", "11-30", "12-07")]
    assert [who(lines, one) for one in at] == [[], [ANNA], [ANNA], []]


def test_two_people_of_one_shift_are_both_on_duty():
    assert who([line(ANNA, 0, "06:00", "14:00"), line(BEN, 0, "08:00", "16:00")],
               utc("2026-11-23T09:00:00")) == [ANNA, BEN]  # fmt: skip


@pytest.mark.parametrize(
    "night, hours",
    [("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-21", 8)],
    ids=["spring", "autumn", "usual"],
)
def test_a_night_shift_lasts_as_long_as_the_night_when_clocks_change(night, hours):
    begin = utc(f"{night}T12:00:00")
    (night_shift,) = [
        one
        for one in spells(round_the_clock(), BERLIN, begin, begin + timedelta(days=1))
        if one.user_id == CORA
    ]
    assert night_shift.until - night_shift.since == timedelta(hours=hours)


@given(st.integers(0, 2 * 366 * 24 * 60), st.integers(0, 24 * 60 - 1))
def test_somebody_and_nobody_twice_is_on_duty_whenever_one_shift_ends_as_the_next_begins(minutes, cut):
    at = utc("2026-01-01T00:00:00") + timedelta(minutes=minutes)
    seam = time(cut // 60, cut % 60)
    end = time((cut // 60 + 12) % 24, cut % 60)
    lines = [
        Line(user, day, *times, LONG_AGO)
        for day in range(7)
        for user, times in ((ANNA, (seam, end)), (BEN, (end, seam)))
    ]
    assert len(who(lines, at)) == 1


def test_a_time_that_clocks_jump_over_is_the_moment_of_the_jump():
    assert moment(date(2026, 3, 29), time(2, 30), BERLIN) == utc("2026-03-29T01:00:00")


def test_of_a_time_that_comes_twice_the_first_counts():
    assert moment(date(2026, 10, 25), time(2, 30), BERLIN) == utc("2026-10-25T00:30:00")


def test_who_took_over_beats_the_rota_until_its_next_shift_begins():
    taken = Spell(CORA, utc("2026-11-23T08:00:00"), None, taken=True)
    lines = round_the_clock()
    assert who(lines, utc("2026-11-23T09:00:00"), taken) == [CORA]
    assert who(lines, utc("2026-11-23T13:00:00"), taken) == [BEN], "14:00 in Berlin: the next shift"


def test_who_took_over_as_a_shift_began_keeps_it_for_that_shift():
    taken = Spell(CORA, utc("2026-11-23T05:00:00"), None, taken=True)
    assert turn_over_at(round_the_clock(), taken, BERLIN, longest=LONGEST) == utc("2026-11-23T13:00:00")


def test_who_forgot_to_end_their_turn_is_not_on_duty_for_days():
    taken = Spell(CORA, utc("2026-11-23T08:00:00"), None, taken=True)
    assert who([], utc("2026-11-23T23:59:00"), taken) == [CORA]
    assert who([], utc("2026-11-24T00:00:00"), taken) == []


def test_a_turn_that_was_ended_gives_the_duty_back_to_the_rota():
    taken = Spell(CORA, utc("2026-11-23T08:00:00"), utc("2026-11-23T09:00:00"), taken=True)
    assert who(round_the_clock(), utc("2026-11-23T09:00:00"), taken) == [ANNA]
