"""Steps and quiet hours, on paper."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fleet.paging import models
from fleet.paging.policies import Channel, Next, Plan, StepPlan, Whom, next_step, quiet_until
from fleet.safety.words import Priority

BERLIN = ZoneInfo("Europe/Berlin")
STEPS = tuple(StepPlan(after, Whom.DUTY, (Channel.EMAIL,)) for after in (0, 60, 300))
NIGHT = Plan(STEPS, quiet_from=time(22), quiet_to=time(6))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quiet(at, plan=NIGHT, priority=Priority.MEDIUM, in_session=False):
    return quiet_until(plan, BERLIN, utc(at), priority=priority, in_session=in_session)


def test_steps_come_one_by_one_each_as_long_after_the_one_before_as_written():
    waits = [next_step(Plan(STEPS), taken=taken, round_=0, rounds_left=0) for taken in range(4)]
    assert waits == [Next(1, 0, 0), Next(2, 0, 60), Next(3, 0, 240), None]


def test_a_plan_begins_again_while_rounds_are_left():
    plan = Plan(STEPS, repeat_after_s=900, repeats=1)
    assert next_step(plan, taken=3, round_=0, rounds_left=1) == Next(1, 1, 900)
    assert next_step(plan, taken=3, round_=1, rounds_left=0) is None


def test_quiet_hours_over_midnight_end_on_the_morning_by_the_clock_on_the_wall():
    assert quiet("2026-11-22T20:59:59") is None
    assert quiet("2026-11-22T21:00:00") == utc("2026-11-23T05:00:00")
    assert quiet("2026-11-23T04:59:59") == utc("2026-11-23T05:00:00")
    assert quiet("2026-11-23T05:00:00") is None


@pytest.mark.parametrize(
    "at, end",
    [("2026-03-28T23:00:00", "2026-03-29T04:00:00"), ("2026-10-24T23:00:00", "2026-10-25T05:00:00")],
    ids=["clocks forward", "clocks back"],
)
def test_quiet_hours_end_at_six_in_the_nights_in_which_clocks_change(at, end):
    assert quiet(at) == utc(end)


@pytest.mark.parametrize("night", ["2026-03-29T01:00:00", "2026-10-25T00:30:00"])
def test_quiet_hours_that_begin_when_clocks_change_do_begin(night):
    plan = Plan(STEPS, quiet_from=time(2, 30), quiet_to=time(6))
    assert quiet(night, plan) is not None
    before = (utc(night) - timedelta(seconds=1)).isoformat().removesuffix("+00:00")
    assert quiet(before, plan) is None


def test_nothing_quiets_a_high_alert_in_a_session():
    assert quiet("2026-11-22T23:00:00", priority=Priority.HIGH, in_session=True) is None
    assert quiet("2026-11-22T23:00:00", priority=Priority.HIGH) is not None


def test_hours_that_begin_as_they_end_are_none():
    assert quiet("2026-11-22T23:00:00", Plan(STEPS, quiet_from=time(6), quiet_to=time(6))) is None


def test_the_words_of_the_rows_are_those_of_the_plans():
    assert set(models.Whom.values) == set(Whom)
    assert set(models.Channel.values) == set(Channel)
