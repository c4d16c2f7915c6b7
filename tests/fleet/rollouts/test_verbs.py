"""What people may ask of a rollout, when, and what comes of it."""

from dataclasses import replace

import pytest

from fleet.rollouts.evidence import Link, Outcome
from fleet.rollouts.plan import Advance, Count, Percent
from fleet.rollouts.scene import Kind, Step
from fleet.rollouts.states import RolloutState, TargetState
from fleet.rollouts.verbs import FROM, Forbidden, Verb, asked
from tests.fleet.rollouts.story import MONDAY_NOON_MS, NEW, OLD, Story, named, plan

HALVES = (Percent(50), Percent(100))
GATED = plan(waves=HALVES, advance=Advance.MANUAL)


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("state", RolloutState)
def test_what_the_state_forbids_is_refused_with_the_state(verb, state):
    story = Story.of(2, plan(waves=HALVES))
    answer = asked(replace(story.state, state=state), verb, story.now_ms)
    if state in FROM[verb]:
        assert isinstance(answer, Step) or answer.reason != "state"
    else:
        assert answer == Forbidden("state", {"state": state.value})


@pytest.mark.parametrize("state", [RolloutState.DRAFT, RolloutState.SUBMITTED])
def test_what_nobody_approved_never_starts(state):
    story = Story.of(2)
    story.state = replace(story.state, state=state)
    for verb in Verb:
        assert isinstance(story.ask(verb), Forbidden)
    story.tick(5)
    assert not story.decided


def test_a_start_for_later_waits_for_its_time():
    story = Story.of(2, plan(start_ms=MONDAY_NOON_MS + 60_000)).start()
    assert story.stands == ("scheduled", "")
    story.tick(29)
    assert story.stands == ("scheduled", "")
    story.tick(3)
    assert story.state.state is RolloutState.COMPLETED


def test_pause_stops_new_offers_and_what_is_out_is_still_heard():
    story = Story.of(10, plan(pace_per_minute=60)).start().tick(2)
    offered = len(story.times_of(Kind.OFFERED))
    story.ask(Verb.PAUSE)
    story.tick(20)
    assert len(story.times_of(Kind.OFFERED)) == offered
    assert story.counts == {"verified": offered, "planned": 10 - offered}
    story.ask(Verb.RESUME)
    story.till(RolloutState.COMPLETED)
    assert story.counts == {"verified": 10}


def test_numbers_that_go_bad_while_somebody_has_paused_it_are_why_it_stands():
    story = Story.of(2, plan(), D001="mute", D002="mute").start().tick()
    story.ask(Verb.PAUSE)
    story.tick(15)
    assert story.stands == ("paused", "failure_share")
    assert isinstance(story.ask(Verb.RESUME), Forbidden)


def test_resume_after_a_stop_is_refused_with_the_numbers_until_they_are_good_again():
    story = Story.of(2, plan(), D001="mute").run()
    refused = story.ask(Verb.RESUME)
    assert isinstance(refused, Forbidden)
    assert (refused.reason, refused.facts["timed_out"], refused.facts["evaluated"]) == ("failure_share", 1, 2)
    story.devices["D001"].runs = NEW
    story.tick()
    assert isinstance(story.ask(Verb.RESUME), Step)
    story.till(RolloutState.COMPLETED)


def test_by_hand_the_next_wave_waits_at_the_gate_and_a_double_click_opens_one():
    story = Story.of(4, replace(GATED, waves=(Count(1), Count(1), Percent(100)))).start().tick(10)
    assert story.stands == ("running", "gate")
    assert isinstance(story.ask(Verb.ADVANCE, wave=1), Step)
    assert story.ask(Verb.ADVANCE, wave=1) == Forbidden("other_wave", {"wave": 2})
    assert isinstance(story.ask(Verb.ADVANCE), Forbidden)
    assert story.state.wave == 2
    assert story.wave_of(3).opened_ms is None


def test_a_gate_is_still_a_gate_after_a_pause():
    story = Story.of(4, GATED).start().tick(10)
    story.ask(Verb.PAUSE)
    story.tick(3)
    assert story.ask(Verb.ADVANCE) == Forbidden("paused", {"reason": "by_hand"})
    story.ask(Verb.RESUME)
    assert story.stands == ("running", "gate")
    story.tick(20)
    assert story.state.wave == 1


def test_the_soak_is_waited_out_unless_somebody_goes_on():
    how = plan(waves=HALVES, soak_ms=60_000)
    story = Story.of(4, how).start().tick(10)
    assert story.stands == ("running", "soak")
    over_ms = story.wave_of(1).over_ms
    hasty = Story.of(4, how).start().tick(10)
    hasty.ask(Verb.ADVANCE, wave=1)
    assert hasty.state.wave == 2
    story.tick(60)
    assert story.wave_of(2).opened_ms == over_ms + 60_000


def test_who_comes_back_in_the_soak_reopens_the_wave_and_is_judged():
    story = Story.of(8, plan(waves=HALVES, soak_ms=60_000, success_threshold=0.9, failure_count=2))
    story.devices["D001"].link = Link.OFFLINE
    story.devices["D001"].way = "refuses"
    story.start().tick(5)
    assert story.stands == ("running", "soak")
    story.devices["D001"].link = Link.ONLINE
    story.tick(3)
    assert "wave_reopened" in story.kinds()
    assert story.stands == ("paused", "success_share")


def test_advance_in_spite_of_a_threshold_waives_that_wave_and_opens_the_next():
    story = Story.of(4, plan(waves=HALVES), D001="refuses").run()
    assert story.stands == ("paused", "failure_share")
    story.ask(Verb.ADVANCE, wave=1)
    assert (story.state.wave, story.stands) == (2, ("running", ""))
    assert story.wave_of(1).waived_ms == story.now_ms
    story.till(RolloutState.COMPLETED)
    assert story.counts == {"rejected": 1, "verified": 3}


def test_a_wave_that_is_over_and_was_passed_may_still_stop_the_rollout():
    how = plan(waves=(Count(2), Percent(100)), failure_threshold=0.5, pace_per_minute=60)
    story = Story.of(20, how, D001="refuses")
    story.devices["D001"].link = Link.OFFLINE
    story.start().tick(4)
    assert story.state.wave == 2
    story.devices["D001"].link = Link.ONLINE
    story.tick(3)
    assert story.stands == ("paused", "failure_share")
    assert story.state.facts["wave"] == 1


def test_a_version_that_is_withdrawn_is_offered_nowhere_and_asked_back_where_it_is_held():
    story = Story.of(6, plan(pace_per_minute=60))
    story.devices["D001"].session = "S"
    story.start().tick(2)
    story.barred = {NEW: "version_withdrawn"}
    story.tick()
    assert story.stands == ("paused", "version_withdrawn")
    for verb in (Verb.RESUME, Verb.ADVANCE, Verb.RETRY):
        assert story.ask(verb) == Forbidden("version_withdrawn")
    story.tick(2)
    assert story.stand("D001") == ("withdrawn", "version_withdrawn")
    story.devices["D001"].session = None
    story.tick(20)
    assert story.devices["D001"].runs == OLD


def test_who_does_not_answer_an_abort_is_timed_out_for_we_do_not_know():
    story = Story.of(2, D001="swallows").start().tick()
    story.ask(Verb.ABORT)
    story.tick(15)
    assert story.stand("D001") == ("timed_out", "silence")
    assert story.target("D001").changed
    assert story.state.state is RolloutState.ABORTED


def test_an_offer_that_was_applied_before_it_could_be_asked_back_is_what_its_hash_says():
    story = Story.of(1, D001="mute").start().tick()
    story.ask(Verb.ABORT)
    device, row = story.devices["D001"], story.target("D001")
    assert row.withdrawal is not None
    device.says(row.withdrawal, Outcome.REFUSED, story.now_ms, "applied")
    device.runs = NEW
    story.tick()
    assert story.stand("D001") == ("verified", "")


def test_rolling_back_gives_each_changed_device_what_it_had_before_and_touches_no_session():
    story = Story.of(8, plan(waves=HALVES, pace_per_minute=600), D002="refuses", D003="lies")
    story.devices["D004"].runs = None
    story.start().tick(10)
    assert story.stands == ("paused", "failure_share")
    story.devices["D003"].way = "good"
    story.devices["D001"].session = "S"
    story.ask(Verb.ROLLBACK)
    story.tick(10)
    assert story.stand("D001") == ("held", "session")
    assert story.stand("D002") == ("rejected", "limits")
    assert story.stand("D003") == ("verified", "")
    assert story.stand("D004") == ("verified", "nothing_before")
    assert {story.stand(one) for one in named(4, 5)} == {("withdrawn", "rollback")}
    story.devices["D001"].session = None
    story.till(RolloutState.ROLLED_BACK)
    assert [story.devices[one].runs for one in named(3)] == [OLD, OLD, OLD]
    assert not any(one.applied_in_session for one in story.devices.values())
    story.holds_replay()


@pytest.mark.parametrize("why", ["before_withdrawn", "before_not_approved", "nothing_before"])
def test_what_it_had_before_is_not_offered_if_it_may_not_be(why):
    story = Story.of(2).run()
    story.barred = {OLD: why}
    story.ask(Verb.ROLLBACK)
    story.tick(3)
    assert story.stand("D001") == ("verified", why)
    assert story.stands == ("rolled_back", "some_left")
    assert [story.devices[one].runs for one in named(2)] == [NEW, NEW]


def test_a_rollback_is_not_held_up_by_the_hours_of_the_site_nor_by_a_bad_wave():
    story = Story.of(4, plan(waves=HALVES), D001="refuses", D002="refuses").run()
    story.ask(Verb.ADVANCE)
    story.tick(5)
    story.ask(Verb.ROLLBACK)
    story.till(RolloutState.ROLLED_BACK)
    assert {one.runs for one in story.devices.values()} == {OLD}


def test_a_rollback_that_was_aborted_can_be_taken_up_again():
    story = Story.of(9, plan(pace_per_minute=60)).run()
    story.ask(Verb.ROLLBACK)
    story.tick(1)
    assert 0 < sum(one.runs == OLD for one in story.devices.values()) < 9
    story.ask(Verb.ABORT)
    story.tick(3)
    assert story.state.state is RolloutState.ABORTED
    story.ask(Verb.ROLLBACK)
    story.till(RolloutState.ROLLED_BACK)
    assert {one.runs for one in story.devices.values()} == {OLD}
    story.holds_replay()


def test_nothing_is_rolled_back_where_nothing_was_changed():
    story = Story.of(2).start()
    assert story.ask(Verb.ROLLBACK) == Forbidden("nothing_changed")


def test_retry_takes_up_what_failed_with_attempts_begun_anew_and_never_who_refused():
    story = Story.of(4, plan(success_threshold=0.1, failure_threshold=1.0), D001="mute", D002="refuses").run()
    assert story.state.state is RolloutState.COMPLETED
    assert isinstance(story.ask(Verb.RETRY, also=("rejected",)), Forbidden)
    assert story.ask(Verb.RETRY) == Forbidden("nothing_left")
    story.devices["D001"].way = "good"
    story.ask(Verb.RETRY, also=("timed_out",))
    story.till(RolloutState.COMPLETED)
    assert story.stand("D001") == ("verified", "")
    assert story.stand("D002") == ("rejected", "limits")
    assert story.target("D001").offers == 2
    assert len({*story.devices["D001"].offers_seen}) == 1 + 0 + 1  # two offers, two ids


def test_retry_after_a_rollback_never_offers_the_version_that_was_rolled_back():
    story = Story.of(3, plan(success_threshold=0.1, failure_threshold=1.0), D001="lies")
    story.devices["D001"].runs = None  # it had nothing before, so that it stays as it is
    story.run()
    story.devices["D002"].way = "mute"
    story.ask(Verb.ROLLBACK)
    story.till(RolloutState.ROLLED_BACK)
    assert story.stand("D002") == ("timed_out", "silence")
    for device in story.devices.values():
        device.way = "good"
    story.ask(Verb.RETRY, also=("failed", "timed_out"))
    story.till(RolloutState.ROLLED_BACK)
    assert story.stand("D001") == ("failed", "nothing_before")
    assert [story.devices[one].runs for one in named(2, 2)] == [OLD, OLD]
    assert story.ask(Verb.RETRY, also=("failed",)) == Forbidden("nothing_left")


def test_retry_is_no_way_around_a_threshold():
    story = Story.of(4, plan(waves=HALVES), D001="refuses").run()
    story.ask(Verb.RETRY)
    story.tick()
    assert story.stands == ("paused", "failure_share")
    assert story.state.targets["D003"].state is TargetState.PLANNED
