"""What evidence comes to.  One device, told as it happens."""

from dataclasses import replace

from fleet.rollouts import policy
from fleet.rollouts.evidence import Link, Outcome
from fleet.rollouts.scene import Kind
from fleet.rollouts.states import RolloutState, TargetState
from fleet.rollouts.verbs import Verb
from tests.fleet.rollouts.story import HOUR_MS, NEW, ODD, OLD, Story, named, plan


def _in_session(**how):
    story = Story.of(1, plan(**how))
    story.devices["D001"].session = "S"
    return story.start().tick(3)


def test_done_is_a_claim_until_the_hash_is_read_back():
    story = Story.of(1, D001="mute").start().tick()
    device, row = story.devices["D001"], story.target("D001")
    sent = device.answers[row.command]
    device.answers[row.command] = replace(
        sent, outcome=Outcome.DONE, boot=2, up_ms=1
    )  # says: in a boot not yet seen
    story.tick()
    assert story.stand("D001") == ("claimed", "")
    device.runs = NEW
    story.tick()
    assert story.stand("D001") == ("verified", "")


def test_done_that_is_never_shown_is_no_success():
    story = Story.of(1, D001="mute").start().tick()
    device, row = story.devices["D001"], story.target("D001")
    device.answers[row.command] = replace(device.answers[row.command], outcome=Outcome.DONE, boot=2, up_ms=1)
    story.tick(30)
    assert story.stand("D001") == ("timed_out", "not_read_back")


def test_a_hash_that_was_shown_before_the_offer_left_proves_nothing():
    story = Story.of(1, D001="mute").start().tick()
    device, row = story.devices["D001"], story.target("D001")
    device.answers[row.command] = replace(device.answers[row.command], published_ms=None)
    device.runs = NEW
    story.tick(2)
    assert story.stand("D001") == ("offered", "")
    device.answers[row.command] = replace(device.answers[row.command], published_ms=story.now_ms)
    story.tick(2)
    assert story.stand("D001") == ("verified", "")


def test_no_device_answers_for_an_offer_that_waits_for_dispatch():
    story = Story.of(1, D001="mute").start().tick()
    device, row = story.devices["D001"], story.target("D001")
    device.answers[row.command] = replace(device.answers[row.command], published_ms=None)
    story.tick(20)  # twice the deadline
    assert story.stand("D001") == ("offered", "dispatch")
    device.answers[row.command] = replace(device.answers[row.command], published_ms=story.now_ms)
    story.tick(9)
    assert story.stand("D001") == ("offered", "")
    story.tick(3)
    assert story.stand("D001") == ("timed_out", "silence")


def _never_left(story, *, tried=False):
    """The newest offer to D001 does not leave the server, and its hour is over in a minute."""
    device, row = story.devices["D001"], story.target("D001")
    device.answers[row.command] = replace(
        device.answers[row.command], published_ms=None, tried=tried, expires_ms=story.now_ms + 60_000
    )


def test_an_offer_that_never_left_the_server_is_made_again_and_counts_for_nothing():
    story = Story.of(1, plan(retries=0, pace_per_minute=1), D001="mute").start().tick()
    first = story.target("D001")
    _never_left(story)
    story.tick(29)
    assert story.stand("D001") == ("offered", "dispatch")
    story.devices["D001"].way = "good"
    story.tick(4)
    assert len(story.times_of(Kind.NOT_SENT)) == 1
    first_ms, again_ms = story.times_of(Kind.OFFERED)
    assert again_ms - first_ms >= 60_000  # under the pace
    row = story.target("D001")
    assert (story.stand("D001"), row.attempts, row.offers) == (("verified", ""), 1, 2)
    assert row.command != first.command


def test_while_dispatch_is_down_for_hours_no_device_counts_as_a_failure_and_none_as_changed():
    story = Story.of(3, plan(retries=0, failure_count=1)).start()
    story.dispatch_is_down = True
    story.now_ms += 3 * HOUR_MS
    for _ in range(3):
        story.tick(2)
        story.now_ms += HOUR_MS
    assert not any(row.changed for row in story.state.targets.values() if row.state is TargetState.PLANNED)
    assert story.ask(Verb.PAUSE)
    story.tick()
    story.now_ms += HOUR_MS
    story.tick()
    assert {story.stand(one) for one in named(3)} == {("planned", "not_sent")}
    assert not any(row.changed for row in story.state.targets.values())
    story.dispatch_is_down = False
    story.ask(Verb.RESUME)
    story.till(RolloutState.COMPLETED)
    assert story.counts == {"verified": 3}
    assert all(len(one.offers_seen) <= 2 for one in story.devices.values())


def test_an_offer_that_dispatch_took_up_may_have_left_and_is_an_attempt():
    story = Story.of(1, plan(retries=0), D001="mute").start().tick()
    _never_left(story, tried=True)
    story.tick(32)
    assert story.stand("D001") == ("timed_out", "not_sent")


def test_a_device_that_an_earlier_offer_may_have_changed_is_looked_for_when_a_later_one_never_left():
    story = Story.of(1, plan(retries=1, pace_per_minute=1), D001="mute").start()
    while story.target("D001").attempts < 2:
        story.tick()
    _never_left(story)
    story.tick(29)
    story.ask(Verb.PAUSE)
    story.tick(3)
    assert (story.stand("D001"), story.target("D001").changed) == (("planned", "not_sent"), True)
    story.devices["D001"].runs = NEW  # it had taken the first one over
    story.tick()
    assert story.stand("D001") == ("verified", "late")


def test_a_heartbeat_of_the_same_millisecond_as_done_condemns_nobody():
    story = Story.of(1, D001="mute").start().tick()
    device, row = story.devices["D001"], story.target("D001")
    heard_ms = story.now_ms + 2_000 - 500  # what it shows at the next tick still has the old hash
    device.answers[row.command] = replace(
        device.answers[row.command], outcome=Outcome.DONE, boot=device.boot, up_ms=heard_ms
    )
    story.tick()
    assert story.stand("D001") == ("claimed", "")
    device.runs = NEW
    story.tick()
    assert story.stand("D001") == ("verified", "")


def test_a_serial_under_which_two_speak_proves_nothing():
    story = Story.of(1, D001="mute").start().tick()
    story.devices["D001"].runs, story.devices["D001"].conflict = NEW, True
    story.tick(3)
    assert story.stand("D001") == ("offered", "")


def test_in_a_session_it_is_held_as_long_as_the_session_lasts_and_judged_by_nobody():
    story = _in_session(deadline_ms=10_000)
    story.tick(600)  # 20 minutes
    assert story.stand("D001") == ("held", "session")
    story.devices["D001"].session = None
    story.tick(3)
    assert story.stand("D001") == ("verified", "")
    assert not story.devices["D001"].applied_in_session


def test_a_device_that_shows_the_new_hash_inside_the_session_of_the_offer_has_failed_for_good():
    story = Story.of(1, plan(retries=2), D001="applies_in_session")
    story.devices["D001"].session = "S"
    story.start().tick(5)
    assert story.stand("D001") == ("failed", "applied_in_session")
    story.devices["D001"].session = None
    story.tick(5)
    assert story.stand("D001") == ("failed", "applied_in_session")
    story.ask(Verb.RETRY, also=("failed",))
    assert story.stand("D001") == ("failed", "applied_in_session")
    assert len(story.devices["D001"].offers_seen) == 1


def test_a_session_that_begins_after_the_offer_is_a_session_too():
    story = Story.of(1, D001="mute").start().tick()
    device = story.devices["D001"]
    device.session = "S2"
    story.tick()
    assert story.target("D001").session == "S2"
    device.runs = NEW
    story.tick()
    assert story.stand("D001") == ("failed", "applied_in_session")


def test_a_session_that_begins_as_soon_as_the_last_one_ends_is_another_session():
    """It holds the offer through both, so that `held` alone tells of no change."""
    story = _in_session()
    device = story.devices["D001"]
    device.session = "S2"
    story.tick()
    assert (story.stand("D001"), story.target("D001").session) == (("held", "session"), "S2")
    device.way = "applies_in_session"
    story.tick()
    assert story.stand("D001") == ("failed", "applied_in_session")


def test_a_session_that_began_after_it_was_applied_accuses_nobody():
    """It is offered once more while we do not know yet; in that session it never showed the old one."""
    story = Story.of(1, plan(retries=1), D001="mute").start().tick(12)
    device = story.devices["D001"]
    assert story.target("D001").attempts == 2
    device.runs, device.session = NEW, "S"
    story.tick()
    assert story.stand("D001") == ("verified", "")


def test_the_deadline_goes_on_where_it_stood_once_the_session_is_over():
    story = _in_session(deadline_ms=20_000)
    device = story.devices["D001"]
    device.way = "swallows"
    story.tick(100)
    device.offer, device.session, device.held = None, None, None  # it forgets
    story.tick()
    assert story.stand("D001") == ("applying", "")
    story.tick(5)
    assert story.stand("D001") == ("applying", "")
    story.tick(5)
    assert story.stand("D001") == ("timed_out", "silence")


def test_charging_and_a_hand_at_the_device_hold_it_as_well():
    story = Story.of(1, D001="swallows").start().tick()
    for why in ("charging", "user"):
        story.devices["D001"].held = why
        story.tick(30)
        assert story.stand("D001") == ("held", why)


def test_a_device_that_holds_its_offer_and_goes_away_is_waited_for_by_no_wave():
    story = Story.of(2)
    story.devices["D001"].session = "S"
    story.start().tick(3)
    story.devices["D001"].link = Link.OFFLINE
    story.tick(3)
    assert story.stand("D001") == ("held", "session")
    assert story.wave_of(1).over_ms is not None
    assert story.state.state is RolloutState.RUNNING  # its offer is still out: nothing is complete yet


def test_an_offer_that_was_held_for_its_hour_is_made_again_and_then_told_as_held_too_long():
    story = _in_session(retries=1)
    story.now_ms += HOUR_MS
    story.tick(2)
    assert story.target("D001").attempts == 2
    assert story.stand("D001") == ("held", "session")
    story.now_ms += HOUR_MS
    story.tick(2)
    assert story.stand("D001") == ("timed_out", "held_too_long")


def test_what_passes_by_itself_is_taken_like_silence_and_tried_again():
    story = Story.of(1, plan(retries=1), D001="no_server_time").start().tick(5)
    assert story.stand("D001") == ("offered", "")
    story.tick(8)
    assert story.target("D001").attempts == 2
    story.devices["D001"].way = "good"
    story.tick(15)
    assert story.stand("D001") == ("timed_out", "no_server_time")


def test_before_a_new_offer_goes_out_the_old_one_is_asked_back():
    story = Story.of(1, plan(retries=1), D001="swallows").start().tick(14)
    row = story.target("D001")
    assert row.attempts == 2
    first = story.devices["D001"].offers_seen[0]
    assert [one.takes_back for one in story.ordered if one.takes_back] == [first]
    taken_back = [
        one for one in story.devices["D001"].answers if one not in story.devices["D001"].offers_seen
    ]
    again = [one.facts for _, one in story.decided if one.kind is Kind.RETRY]
    assert [one["withdrawal"] for one in again] == taken_back
    assert row.command != first


def test_a_late_sight_of_the_hash_beats_what_was_concluded_from_silence():
    story = Story.of(2, plan(success_threshold=0.1, failure_threshold=None, failure_count=2), D001="mute")
    story.devices["D002"].session = "S"
    story.start().tick(20)
    assert story.stand("D001") == ("timed_out", "silence")
    story.devices["D001"].runs = NEW
    story.tick()
    assert story.stand("D001") == ("verified", "late")


def test_a_wrong_hash_is_tried_again_and_what_it_had_before_stays_known():
    story = Story.of(1, plan(retries=1), D001="lies").start().tick(4)
    row = story.target("D001")
    assert story.stand("D001") == ("failed", "wrong_hash")
    assert (row.attempts, row.facts["sha256"], row.before["sha256"]) == (2, ODD, OLD)


def test_a_revoked_device_is_let_go_wherever_it_stands():
    story = Story.of(2)
    story.devices["D001"].session = "S"
    story.start().tick(3)
    story.devices["D001"].revoked = True
    story.tick(2)
    assert story.stand("D001") == ("withdrawn", "revoked")
    assert story.stands == ("completed", "")


def test_who_cannot_have_it_is_left_out_at_the_start_and_rejected_if_it_shows_later():
    story = Story.of(3, plan(waves=plan().waves, success_threshold=0.1))
    story.devices["D001"].incapable = ("channels",)
    story.devices["D002"].link = Link.OFFLINE
    story.devices["D003"].session = "S"
    story.start().tick(2)
    assert story.stand("D001") == ("withdrawn", "incapable")
    story.devices["D002"].link, story.devices["D002"].incapable = Link.ONLINE, ("channels",)
    story.tick()
    assert story.stand("D002") == ("rejected", "incapable")
    assert not story.devices["D002"].offers_seen


def test_nobody_is_decided_about_without_having_been_looked_at():
    story = Story.of(3).start()
    blind = replace(story.state, seen={})
    step = policy.next_step(blind, story.now_ms + 2_000)
    assert not [one for one in step.actions if one.target]
    assert {one.state for one in step.state.targets.values()} == {TargetState.PLANNED}
