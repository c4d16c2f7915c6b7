"""The traps in which other rollout engines were caught.  Each is a story that must end otherwise here."""

from dataclasses import replace

import pytest

from fleet.rollouts import policy
from fleet.rollouts.evidence import Link
from fleet.rollouts.plan import Count, OfClass, Percent, Risk
from fleet.rollouts.scene import Candidate, Kind
from fleet.rollouts.states import RolloutState
from fleet.rollouts.verbs import Forbidden, Verb
from tests.fleet.rollouts.story import NEW, OLD, Device, Story, named, plan

HALVES = (Percent(50), Percent(100))


def test_a_wave_in_which_all_is_settled_does_not_count_as_good_for_that():
    """60 % went well and 40 % did not, under a failure threshold of 50 %: the next wave stays shut."""
    story = Story.of(20, plan(waves=HALVES), **dict.fromkeys(named(4), "lies")).run()
    assert story.stands == ("paused", "success_share")
    assert story.wave_of(2).opened_ms is None


@pytest.mark.parametrize("odd", ["0.5", None, float("nan"), 0.0, -1.0, 1.5, True, float("inf")])
def test_a_threshold_that_is_no_number_starts_nothing_and_stops_what_runs(odd):
    story = Story.of(4, plan(waves=HALVES))
    broken = replace(story.state.plan, failure_threshold=odd)  # None: neither of the two is there
    story.state = replace(story.state, plan=broken)
    assert story.ask(Verb.START) == Forbidden(
        "plan_unusable",
        {"path": "failure_threshold", "code": "no_failure_threshold" if odd is None else "share"},
    )
    running = Story.of(4, plan(waves=HALVES)).start()
    running.state = replace(running.state, plan=replace(running.state.plan, failure_threshold=odd))
    running.tick()
    assert running.stands == ("paused", "plan_unusable")
    assert not running.times_of(Kind.OFFERED)
    assert isinstance(running.ask(Verb.RESUME), Forbidden)
    assert isinstance(running.ask(Verb.ADVANCE), Forbidden)


def test_a_wave_that_reached_nobody_is_no_success():
    story = Story.of(4, plan(waves=HALVES))
    for serial in named(2):
        story.devices[serial].link = Link.OFFLINE
    story.run()
    assert story.stands == ("paused", "too_few")
    assert story.state.facts["unreachable"] == 2


def test_a_wave_without_targets_is_passed_with_a_decision():
    how = plan(waves=(OfClass(Risk.BENCH), Percent(100)))
    story = Story.of(3, how).run()
    assert story.stands == ("completed", "")
    assert [(one.wave, one.reason) for _, one in story.decided if one.kind is Kind.WAVE_PASSED] == [
        (1, "no_targets"),
        (2, ""),
    ]


def test_silence_is_a_failure_so_that_a_version_which_kills_devices_stops_in_its_first_wave():
    story = Story.of(20, plan(waves=HALVES), **dict.fromkeys(named(10), "mute")).run()
    assert story.stands == ("paused", "failure_share")
    assert story.stand("D001") == ("timed_out", "silence")
    assert story.wave_of(2).opened_ms is None


def test_while_the_server_itself_hears_nothing_no_device_is_blamed_and_none_is_offered_anything():
    story = Story.of(2, plan(pace_per_minute=6, failure_threshold=None, failure_count=2), D001="mute")
    story.start().tick(2)
    story.state = replace(story.state, hears=False, silence_counts=False)
    story.tick(30)
    assert (story.stand("D001"), story.stand("D002")) == (("offered", ""), ("planned", ""))
    story.state = replace(story.state, hears=True)
    story.tick()
    assert (story.stand("D001"), story.stand("D002")) == (("offered", ""), ("offered", ""))
    story.state = replace(story.state, silence_counts=True)
    story.tick()
    assert story.stand("D001") == ("timed_out", "silence")


def test_a_device_that_says_done_and_runs_something_else_has_failed():
    story = Story.of(2, plan(), D001="lies").run()
    assert story.stand("D001") == ("failed", "wrong_hash")
    assert story.stand("D002") == ("verified", "")


def test_a_rollout_to_nobody_does_not_start_instead_of_standing_for_ever():
    assert Story.of(0).ask(Verb.START) == Forbidden("no_targets")


def test_a_rollout_to_devices_that_all_have_it_is_over_without_an_offer_and_says_so():
    story = Story.of(3, plan(waves=HALVES))
    for device in story.devices.values():
        device.runs = NEW
    story.run()
    assert story.stands == ("completed", "")
    assert story.counts == {"already_current": 3}
    assert not story.times_of(Kind.OFFERED)


def test_a_device_that_joins_later_never_lands_in_the_first_wave():
    story = Story.of(4, plan(waves=HALVES, soak_ms=60_000)).start().tick(3)
    story.devices["D009"] = Device("D009")
    story.candidates = [Candidate(one) for one in story.devices]
    story.till(RolloutState.COMPLETED)
    assert story.target("D009").wave == 2
    assert story.stand("D009") == ("verified", "")


def test_a_shrinking_set_does_not_move_everybody_into_the_first_wave():
    story = Story.of(8, plan(waves=(Percent(25), Percent(100)), soak_ms=60_000)).start().tick(3)
    story.candidates = [Candidate(one) for one in named(4)]
    story.till(RolloutState.COMPLETED)
    assert [story.target(one).wave for one in named(4)] == [1, 1, 2, 2]
    assert {story.stand(one) for one in named(4, 5)} == {("withdrawn", "left")}


def test_who_has_left_is_offered_nothing_again_and_what_is_out_to_it_is_asked_back():
    ways = {"D001": "swallows", "D002": "good", "D003": "mute"}
    story = Story.of(4, plan(retries=2, pace_per_minute=60, deadline_ms=4_000, failure_threshold=1.0), **ways)
    story.devices["D002"].session = "S1"
    story.devices["D004"].link = Link.OFFLINE
    story.start().tick(6)
    offers = {one: story.target(one).offers for one in named(4)}
    story.candidates = [Candidate("D004")]
    story.tick(30)
    assert {one: story.target(one).offers for one in named(4)} == offers
    assert story.stand("D002") == ("withdrawn", "left")  # it has forgotten it
    assert story.devices["D002"].runs == OLD
    assert not story.target("D002").changed
    for silent in ("D001", "D003"):  # nobody knows whether it has
        assert story.stand(silent) in {("withdrawn", "left"), ("timed_out", "silence")}
        assert story.target(silent).changed


def test_who_has_left_is_let_go_of_while_somebody_has_paused_it():
    story = Story.of(2, D001="good", D002="good")
    story.devices["D001"].session = "S1"
    story.start().tick(2)
    story.ask(Verb.PAUSE)
    story.candidates = [Candidate("D002")]
    story.tick(3)
    assert story.stand("D001") == ("withdrawn", "left")


def test_who_comes_back_keeps_its_attempts():
    story = Story.of(1, plan(retries=0, failure_threshold=1.0))
    story.devices["D001"].session = "S1"
    story.start().tick(2)
    story.candidates = []
    story.tick(3)
    assert story.stand("D001") == ("withdrawn", "left")
    story.candidates = [Candidate("D001")]
    story.devices["D001"].session = None
    story.tick(5)
    assert story.stand("D001") == ("withdrawn", "left")
    assert story.target("D001").offers == 1


def test_another_rollout_that_never_ends_does_not_block_this_one():
    story = Story.of(3)
    story.devices["D002"].other_rollout = "the other"
    story.run()
    assert story.stands == ("completed", "other_rollout")
    assert story.stand("D002") == ("planned", "other_rollout")


def test_who_joins_a_running_rollout_obeys_the_pace():
    story = Story.of(1, plan(waves=(Count(1), Percent(100)), pace_per_minute=6)).start().tick(2)
    story.devices |= {one: Device(one) for one in named(30, 2)}
    story.candidates = [Candidate(one) for one in story.devices]
    story.tick(60)
    offers = story.times_of(Kind.OFFERED)
    assert len(offers) == 13  # in 122 s
    assert all(offers[n + 6] - offers[n] >= 60_000 for n in range(len(offers) - 6))


def test_everybody_that_comes_back_at_once_obeys_the_pace():
    story = Story.of(60, plan(waves=(Count(1), Percent(100)), pace_per_minute=30, failure_count=50))
    for serial in named(58, 2):
        story.devices[serial].link = Link.OFFLINE
    story.devices["D060"].session = "S"  # so that the rollout goes on
    story.start().tick(10)
    for serial in named(58, 2):
        story.devices[serial].link = Link.ONLINE
    before = len(story.times_of(Kind.OFFERED))
    story.tick(30)
    assert len(story.times_of(Kind.OFFERED)) - before == 30


def test_what_was_decided_while_a_device_was_away_reaches_it_without_it_asking():
    story = Story.of(2)
    story.devices["D001"].link = Link.OFFLINE
    story.devices["D002"].session = "S"
    story.start().tick(5)
    assert story.stand("D001") == ("planned", "unreachable")
    story.devices["D001"].link = Link.ONLINE
    story.tick(3)
    assert story.stand("D001") == ("verified", "")


def test_aborting_asks_the_offer_back_before_the_device_applies_it():
    story = Story.of(1)
    story.devices["D001"].session = "S"
    story.start().tick(3)
    assert story.stand("D001") == ("held", "session")
    story.ask(Verb.ABORT)
    story.devices["D001"].session = None
    story.tick(3)
    assert story.stand("D001") == ("withdrawn", "aborted")
    assert story.devices["D001"].runs != NEW


def test_an_offer_that_is_received_and_never_heard_of_again_does_not_stand_for_ever():
    story = Story.of(1, plan(retries=1), D001="swallows").run()
    assert story.stand("D001") == ("timed_out", "silence")
    assert story.target("D001").attempts == 2


def test_a_step_that_was_never_seen_does_not_make_later_ones_leap():
    """The answer `received` was lost: the status that follows says enough."""
    story = Story.of(1)
    device = story.devices["D001"]
    device.session = "S"
    story.start().tick(1)
    assert device.offer is not None
    device.answers[device.offer.command] = replace(device.answers[device.offer.command], outcome=None)
    device.held = "session"
    story.tick(2)
    assert story.stand("D001") == ("held", "session")


def test_the_same_step_twice_is_one_step():
    """A worker dies after it has decided and before it has written: the next one decides the same."""
    story = Story.of(5, plan(waves=HALVES)).start()
    story.now_ms += 2_000
    first = policy.next_step(story._looked(), story.now_ms)
    again = policy.next_step(story._looked(), story.now_ms)
    assert first.actions == again.actions
    assert [one.facts["command"] for one in first.actions if one.kind is Kind.OFFERED]


def test_failures_by_number_stop_a_small_rollout_long_before_a_share_would():
    how = plan(failure_threshold=None, failure_count=2, success_threshold=0.1)
    story = Story.of(60, how, D001="refuses", D002="refuses").run()
    assert story.stands == ("paused", "failure_count")


def test_one_failure_of_one_is_not_yet_a_share():
    how = plan(failure_threshold=0.2, min_evaluated=10, pace_per_minute=60)
    story = Story.of(20, how, D001="refuses").start().tick(4)
    assert story.stand("D001")[0] == "rejected"
    assert story.state.state is RolloutState.RUNNING


def test_who_refuses_is_asked_once():
    story = Story.of(3, plan(retries=3), D002="refuses").start().tick(60)
    assert story.stand("D002") == ("rejected", "limits")
    assert len(story.devices["D002"].offers_seen) == 1
