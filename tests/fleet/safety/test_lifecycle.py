"""The life of an alert, as people may rely on it.  Each test is a story told in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.safety import lifecycle
from fleet.safety.life import Kind, Life, Noted, Pace, Step, is_shelved
from fleet.safety.signals import Fall, Key, Rise, Weigh
from fleet.safety.words import RANK, TRUE, Disposition, Duty, Priority, State

KEY = Key("electrode_off", device_id=7, channel=2)
NURSE, COLLEAGUE = 1, 2
PACE = Pace()
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW


@dataclass
class Story:
    """One alert over time; times are seconds."""

    life: Life | None = None
    noted: list[Noted] = field(default_factory=list)
    now_ms: int = 0

    def _took(self, step: Step | None) -> Story:
        if step is not None:
            self.life = step.life
            self.noted += step.noted
        return self

    def rises(self, at_s: float, priority: Priority = MEDIUM, **more: Any) -> Story:
        self.now_ms = round(at_s * 1000)
        fields: dict[str, Any] = {"session": "s1", "in_session": True} | more
        news = Rise(KEY, fields.pop("event_ms", self.now_ms), priority, **fields)
        return self._took(lifecycle.take(self.life, news, self.now_ms))

    def weighs(self, at_s: float, priority: Priority) -> Story:
        self.now_ms = round(at_s * 1000)
        return self._took(lifecycle.take(self.life, Weigh(KEY, self.now_ms, priority), self.now_ms))

    def falls(self, at_s: float) -> Story:
        self.now_ms = round(at_s * 1000)
        return self._took(lifecycle.take(self.life, Fall(KEY, self.now_ms), self.now_ms))

    def acknowledged(self, at_s: float, by: int = NURSE) -> Story:
        assert self.life
        return self._took(lifecycle.acknowledge(self.life, by=by, now_ms=round(at_s * 1000)))

    def shelved(self, at_s: float, until_s: float, *, one_shot: bool = False) -> Story:
        assert self.life
        return self._took(
            lifecycle.shelve(
                self.life,
                until_ms=round(until_s * 1000),
                reason="why",
                one_shot=one_shot,
                by=NURSE,
                now_ms=round(at_s * 1000),
            )
        )

    def unshelved(self, at_s: float) -> Story:
        assert self.life
        return self._took(lifecycle.unshelve(self.life, by=NURSE, now_ms=round(at_s * 1000)))

    def closed(self, at_s: float, disposition: Disposition = Disposition.ACTIONABLE) -> Story:
        assert self.life
        return self._took(
            lifecycle.close(self.life, disposition=disposition, note="", by=NURSE, now_ms=round(at_s * 1000))
        )

    def waits_until(self, at_s: float) -> Story:
        assert self.life
        return self._took(lifecycle.pass_time(self.life, round(at_s * 1000)))

    @property
    def now(self) -> Life:
        assert self.life
        return self.life

    @property
    def kinds(self) -> list[Kind]:
        return [one.kind for one in self.noted]


def begins(priority: Priority = MEDIUM, **more: Any) -> Story:
    return Story().rises(0, priority, **more)


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


# --- whatever happens, in whatever order ---

PRIORITIES = st.sampled_from([HIGH, MEDIUM, LOW])
STEPS = st.one_of(
    st.builds(
        lambda priority, late, latched, session: (
            "rises",
            {"priority": priority, "late": late, "latched": latched, "session": session},
        ),
        PRIORITIES,
        st.booleans(),
        st.booleans(),
        st.sampled_from(["s1", "s2"]),
    ),
    st.builds(lambda priority: ("weighs", {"priority": priority}), PRIORITIES),
    st.just(("falls", {})),
    st.just(("acknowledged", {})),
    st.builds(
        lambda length_s, one_shot: ("shelved", {"length_s": length_s, "one_shot": one_shot}),
        st.integers(1, 5000),
        st.booleans(),
    ),
    st.just(("unshelved", {})),
    st.just(("closed", {})),
    st.just(("waits_until", {})),
)
HISTORIES = st.lists(st.tuples(st.integers(0, 700), STEPS), max_size=40)


def do(story: Story, at_s: float, name: str, more: dict[str, Any]) -> None:
    if story.life is None and name not in ("rises", "weighs", "falls"):
        return
    more = dict(more)
    if "length_s" in more:
        more["until_s"] = at_s + more.pop("length_s")
    if name == "shelved" and story.now.state is State.CLOSED:
        return  # the service refuses it
    getattr(story, name)(at_s, **more)


@given(HISTORIES)
def test_whatever_happens_an_alert_makes_sense(history: list[tuple[int, tuple[str, dict[str, Any]]]]):
    story, at_s = Story(), 1000
    for pause_s, (name, more) in history:
        at_s += pause_s
        before = story.life
        do(story, at_s, name, more)
        life = story.life
        if life is None:
            continue
        assert (life.state is State.CLOSED) == (life.closed_ms is not None) == (life.disposition is not None)
        assert (life.state is State.CLEARED) <= (life.cleared_ms is not None)
        assert (life.state is State.ACKNOWLEDGED) <= (life.acknowledged_by is not None)
        assert (life.state is State.RAISED) <= (life.acknowledged_by is None)
        assert (life.state in TRUE) <= (life.close_ms is None and life.cleared_ms is None)
        assert not (life.late and life.state in TRUE)
        assert (life.episode == 0) <= life.late or life.state is State.CLOSED
        assert RANK[life.peak] <= RANK[life.priority]
        if life.state is State.CLOSED:
            assert life.shelved_until_ms is life.close_ms is life.calm_ms is None
        if before is not None and before.state is not State.CLOSED:
            assert life.count >= before.count
            assert life.episode >= before.episode
            assert life.raised_ms <= before.raised_ms


@given(HISTORIES)
def test_nothing_high_or_latched_ever_closes_itself(history: list[tuple[int, tuple[str, dict[str, Any]]]]):
    story, at_s = Story(), 1000
    for pause_s, (name, more) in history:
        at_s += pause_s
        if name != "closed":
            do(story, at_s, name, more)
        if story.life is not None and story.now.state is State.CLOSED:
            assert not story.now.latched
            assert story.now.peak is not HIGH
            story.life = None


@given(HISTORIES)
def test_what_is_true_is_never_lost_whatever_people_and_time_do(
    history: list[tuple[int, tuple[str, dict[str, Any]]]],
):
    """As long as nobody closes it, what rose and has not fallen is raised or acknowledged."""
    story, at_s, is_true = Story(), 1000, False
    for pause_s, (name, more) in history:
        at_s += pause_s
        if name == "closed":
            continue
        do(story, at_s, name, more)
        if name == "rises" and not more["late"]:
            is_true = True
        elif name == "falls":
            is_true = False
        if story.life is not None:
            assert (story.now.state in TRUE) == is_true


@given(HISTORIES)
def test_the_same_news_twice_is_as_good_as_once(history: list[tuple[int, tuple[str, dict[str, Any]]]]):
    """A batch that is taken again after a crash changes nothing."""
    story, at_s = Story(), 1000
    for pause_s, (name, more) in history:
        at_s += pause_s
        do(story, at_s, name, more)
        if story.life is not None and name in ("rises", "weighs", "falls") and not more.get("late"):
            once = story.life
            do(story, at_s, name, more)
            assert story.life == once
