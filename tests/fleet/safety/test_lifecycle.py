"""The life of an alert, as people may rely on it.  Each test is a story told in seconds."""

from typing import Any

import pytest

from fleet.safety import lifecycle
from fleet.safety.life import Kind, Step, is_shelved
from fleet.safety.words import Disposition, Duty, Priority, State
from tests.fleet.safety.story import COLLEAGUE, HIGH, LOW, MEDIUM, NURSE, Story, begins

# --- raised, acknowledged, cleared ---


def test_an_alert_may_clear_without_anybody_having_had_it():
    story = begins().falls(5)
    assert (story.now.state, story.now.acknowledged_ms, story.now.cleared_ms) == (State.CLEARED, None, 5000)


def test_acknowledging_says_who_has_it_and_whoever_was_first_keeps_it():
    story = begins().acknowledged(3).acknowledged(4, COLLEAGUE)
    assert (story.now.state, story.now.acknowledged_by, story.now.acknowledged_ms) == (
        State.ACKNOWLEDGED,
        NURSE,
        3000,
    )
    assert story.kinds == [Kind.RAISED, Kind.ACKNOWLEDGED]


def test_what_has_cleared_can_be_acknowledged_and_stays_cleared():
    story = begins(HIGH).falls(5).acknowledged(6)
    assert (story.now.state, story.now.acknowledged_by) == (State.CLEARED, NURSE)


def test_the_same_rising_twice_is_one():
    story = begins().rises(1).rises(2)
    assert (story.now.count, story.now.episode, story.kinds) == (1, 1, [Kind.RAISED])


def test_what_never_rose_neither_falls_nor_weighs():
    assert Story().falls(1).life is None
    assert Story().weighs(1, HIGH).life is None


# --- coming back ---


def test_coming_back_is_the_same_alert_once_more_and_takes_the_acknowledgement_away():
    story = begins().acknowledged(5).falls(30).rises(300)
    assert (story.now.state, story.now.count, story.now.episode) == (State.RAISED, 2, 2)
    assert (story.now.acknowledged_ms, story.now.acknowledged_by, story.now.cleared_ms) == (None, None, None)
    assert (story.now.raised_ms, story.now.risen_ms) == (0, 300_000)


def test_coming_back_within_the_minute_also_takes_the_acknowledgement_away_and_is_told_anew():
    """Whoever pressed the electrode on again must hear that it came off again."""
    story = begins().acknowledged(5).falls(10).rises(20)
    assert (story.now.state, story.now.acknowledged_ms, story.now.episode) == (State.RAISED, None, 2)


def test_coming_back_within_the_minute_while_nobody_had_it_is_not_told_twice():
    story = begins().falls(10).rises(20)
    assert (story.now.state, story.now.count, story.now.episode, story.now.chattering) == (
        State.RAISED,
        2,
        1,
        True,
    )


def test_what_is_closed_does_not_come_back_but_rises_as_a_new_alert():
    story = begins().falls(5).closed(6).rises(7)
    assert (story.now.count, story.now.raised_ms, story.now.disposition) == (1, 7000, None)


# --- chatter ---


def test_three_transitions_in_a_minute_are_one_alert_that_says_that_it_chatters():
    story = begins()
    for n in range(300):  # crosses its limit once a second for ten minutes
        story.falls(1 + 2 * n).rises(2 + 2 * n)
    assert story.now.chattering
    assert (story.now.count, story.now.episode) == (301, 1)
    assert story.kinds == [Kind.RAISED, Kind.CLEARED, Kind.RETURNED, Kind.CHATTERS]


def test_while_it_chatters_whoever_has_it_keeps_it():
    story = begins().falls(1).rises(2).acknowledged(3)
    for n in range(100):
        story.falls(4 + 2 * n).rises(5 + 2 * n)
    assert (story.now.state, story.now.acknowledged_by, story.now.episode) == (State.ACKNOWLEDGED, NURSE, 1)
    assert story.falls(300).now.acknowledged_by == NURSE


def test_three_transitions_in_more_than_a_minute_are_no_chatter():
    story = begins().falls(30).rises(61)
    assert not story.now.chattering


def test_it_chatters_no_longer_once_a_minute_has_passed_without_a_change():
    story = begins().falls(1).rises(2)
    assert story.waits_until(61.9).now.chattering
    story.waits_until(62)
    assert not story.now.chattering
    assert story.kinds[-1] is Kind.CALMED
    assert story.falls(100).rises(200).now.episode == 2


# --- priority ---


def test_a_priority_goes_up_and_down_and_up():
    story = begins(LOW).weighs(1, HIGH).weighs(70, MEDIUM)
    assert (story.now.priority, story.now.peak) == (MEDIUM, HIGH)
    assert story.kinds == [Kind.RAISED, Kind.WORSENED, Kind.EASED]


def test_worse_than_whoever_has_it_has_seen_is_told_anew():
    story = begins(MEDIUM).acknowledged(1).weighs(2, HIGH)
    assert (story.now.state, story.now.acknowledged_by, story.now.episode) == (State.RAISED, None, 2)


def test_as_bad_as_whoever_has_it_has_seen_is_not_told_anew():
    story = begins(HIGH).acknowledged(1).weighs(100, MEDIUM).weighs(200, HIGH)
    assert (story.now.state, story.now.acknowledged_by, story.now.episode) == (State.ACKNOWLEDGED, NURSE, 1)


def test_worse_while_it_chatters_is_told_all_the_same():
    story = begins(MEDIUM).falls(1).rises(2).acknowledged(3).falls(4).rises(5, HIGH)
    assert (story.now.state, story.now.acknowledged_by, story.now.episode) == (State.RAISED, None, 2)


def test_what_is_over_is_not_weighed():
    assert begins(LOW).falls(1).weighs(2, HIGH).now.priority is LOW


# --- closing ---


@pytest.mark.parametrize("priority", [LOW, MEDIUM])
def test_a_cleared_low_or_medium_one_closes_itself_after_ten_minutes_as_undetermined(priority: Priority):
    story = begins(priority).falls(5).waits_until(604.9)
    assert story.now.state is State.CLEARED
    story.waits_until(605)
    assert (story.now.state, story.now.disposition, story.now.closed_by) == (
        State.CLOSED,
        Disposition.UNDETERMINED,
        None,
    )


@pytest.mark.parametrize("more", [{"priority": HIGH}, {"priority": LOW, "latched": True}])
def test_a_high_or_latched_one_waits_for_a_person(more: dict[str, Any]):
    story = begins(**more).falls(5).waits_until(1e6)
    assert story.now.state is State.CLEARED
    assert story.closed(1e6 + 1).now.closed_by == NURSE


def test_what_was_high_waits_for_a_person_also_after_it_has_eased():
    assert begins(HIGH).weighs(70, LOW).falls(140).waits_until(1e6).now.state is State.CLEARED


def test_what_was_high_and_was_seen_when_it_had_eased_closes_itself():
    story = begins(HIGH).weighs(70, LOW).acknowledged(80).falls(140)
    assert story.waits_until(740).now.state is State.CLOSED


def test_what_comes_back_does_not_close_itself():
    assert begins().falls(5).rises(500).waits_until(1e6).now.state is State.RAISED


def test_a_person_may_close_what_is_true_and_it_is_on_record_that_it_was():
    story = begins(HIGH).closed(5)
    assert story.now.state is State.CLOSED
    assert story.noted[-1].data == {"disposition": "actionable", "was": "raised"}


def test_nothing_moves_what_is_closed():
    over = begins().falls(1).closed(2).now
    for step in (
        lifecycle.acknowledge(over, by=COLLEAGUE, now_ms=9),
        lifecycle.unshelve(over, by=COLLEAGUE, now_ms=9),
        lifecycle.close(over, disposition=Disposition.EXPECTED, note="x", by=COLLEAGUE, now_ms=9),
        lifecycle.explain(over, cause=5, now_ms=9),
        lifecycle.surface(over, now_ms=9),
        lifecycle.pass_time(over, 10**12),
    ):
        assert step == Step(over)


# --- shelves ---


def test_a_shelf_ends_by_time_and_what_is_still_true_is_told_anew():
    story = begins().shelved(1, 1801).waits_until(1800.9)
    assert is_shelved(story.now)
    story.waits_until(1801)
    assert (is_shelved(story.now), story.now.episode) == (False, 2)
    assert (story.noted[-1].kind, story.noted[-1].data) == (Kind.SHELF_ENDED, {"why": "time"})


def test_what_somebody_has_is_not_told_anew_when_its_shelf_ends():
    assert begins().acknowledged(1).shelved(2, 100).waits_until(100).now.episode == 1


def test_coming_back_on_its_shelf_is_told_when_the_shelf_ends():
    story = begins().shelved(1, 1801).falls(100).rises(200)
    assert (is_shelved(story.now), story.now.count, story.now.episode) == (True, 2, 1)
    assert story.waits_until(1801).now.episode == 2


def test_a_one_shot_shelf_ends_when_it_clears():
    story = begins().shelved(1, 1801, one_shot=True).falls(100)
    assert not is_shelved(story.now)
    assert story.noted[-1].data == {"why": "cleared"}
    assert story.rises(200).now.episode == 2


def test_what_is_shelved_closes_itself_not_before_its_shelf_ends():
    story = begins().shelved(1, 1801).falls(100)
    assert story.waits_until(1800).now.state is State.CLEARED
    assert story.waits_until(1801).now.state is State.CLOSED


def test_shelving_what_is_about_to_close_keeps_it_open():
    story = begins().falls(0).shelved(590, 3000).waits_until(2999)
    assert story.now.state is State.CLEARED


def test_no_shelf_holds_for_what_gets_worse_than_it_was():
    story = begins(MEDIUM).shelved(1, 1801).weighs(2, HIGH)
    assert (is_shelved(story.now), story.now.episode) == (False, 2)
    assert story.noted[-1].data == {"why": "worse"}


def test_no_shelf_holds_for_the_next_persons_session():
    story = begins().shelved(1, 9000).falls(100).rises(200, session="s2")
    assert (is_shelved(story.now), story.now.state, story.now.episode) == (False, State.RAISED, 2)
    assert story.noted[-1].data == {"why": "somebody_else"}


def test_a_shelf_holds_for_a_machine_whoever_uses_it():
    story = begins(duty=Duty.TECHNICAL).shelved(1, 9000).falls(100)
    assert is_shelved(story.rises(200, session="s2", duty=Duty.TECHNICAL).now)


def test_a_second_shelf_takes_the_place_of_the_first():
    assert begins().shelved(1, 100).shelved(2, 50).now.shelved_until_ms == 50_000


# --- late news ---


def test_what_is_known_late_is_marked_with_its_own_time_is_over_and_is_told_to_nobody():
    story = Story().rises(5000, event_ms=60_000, late=True)
    assert (story.now.late, story.now.state, story.now.raised_ms, story.now.episode) == (
        True,
        State.CLEARED,
        60_000,
        0,
    )
    assert story.waits_until(5600).now.disposition is Disposition.UNDETERMINED


def test_what_was_high_and_is_known_late_waits_for_a_person():
    assert Story().rises(5000, HIGH, event_ms=60_000, late=True).waits_until(1e6).now.state is State.CLEARED


def test_a_live_rising_makes_a_late_alert_a_live_one_that_is_told():
    story = Story().rises(5000, event_ms=60_000, late=True).rises(5010)
    assert (story.now.late, story.now.state, story.now.count, story.now.episode) == (
        False,
        State.RAISED,
        2,
        1,
    )


def test_a_late_record_changes_nothing_of_what_is_live():
    story = begins().acknowledged(1)
    before = story.now
    assert story.rises(600, HIGH, event_ms=-60_000, late=True).now == before
    assert story.kinds[-1] is Kind.LATE


def test_more_late_records_are_one_late_alert():
    story = Story().rises(5000, event_ms=60_000, late=True).rises(5000, event_ms=90_000, late=True)
    assert (story.now.count, story.now.raised_ms, story.now.risen_ms, story.now.cleared_ms) == (
        2,
        60_000,
        90_000,
        90_000,
    )


# --- causes ---


def test_what_a_cause_explains_is_told_when_the_cause_ends_if_it_is_still_true():
    story = begins()
    story._took(lifecycle.explain(story.now, cause=99, now_ms=1000))
    assert story.now.cause == 99
    story._took(lifecycle.surface(story.now, now_ms=2000))
    assert (story.now.cause, story.now.episode) == (None, 2)


def test_what_is_over_when_its_cause_ends_is_told_to_nobody():
    story = begins()
    story._took(lifecycle.explain(story.now, cause=99, now_ms=1000))
    story.falls(2)._took(lifecycle.surface(story.now, now_ms=3000))
    assert (story.now.cause, story.now.episode) == (None, 1)
