"""The bad day of a rollout to 300 devices, in the step function alone."""

from fleet.rollouts.evidence import Link
from fleet.rollouts.plan import Risk
from fleet.rollouts.scene import Candidate, Kind
from fleet.rollouts.states import RolloutState, TargetState
from fleet.rollouts.verbs import Forbidden, Verb
from tests.fleet.rollouts.story import FIVE_QUARTER_ALL, NEW, Device, Story, named, plan

RETRIES = 1


def _house() -> list[Device]:
    """300: 45 offline, 30 in session, 8 that lie, 6 that swallow, 3 that refuse, spread over the waves."""
    devices = [Device(serial) for serial in named(300)]
    for place, device in enumerate(devices):
        if place % 20 in (3, 8, 14):
            device.link = Link.OFFLINE
        elif place % 10 == 5:
            device.session = f"S{place}"
    good = [one for one in devices if one.link is Link.ONLINE and one.session is None]
    for one in good[60:68]:
        one.way = "lies"
    for one in good[5:7] + good[90:94]:
        one.way = "swallows"
    for one in good[120:123]:
        one.way = "refuses"
    return devices


def _operate(story: Story) -> None:
    """Somebody goes on at each stop, and pauses for a while as five devices join; sessions end after two minutes."""
    joined = False
    for _ in range(400):
        story.tick()
        if story.state.state is RolloutState.PAUSED:
            story.ask(Verb.ADVANCE)
        if story.state.wave == 3 and not joined:
            joined = True
            story.ask(Verb.PAUSE)
            story.devices |= {f"J{one}": Device(f"J{one}") for one in range(5)}
            story.candidates = [Candidate(one, Risk.REST) for one in story.devices]
            story.tick(3)
            story.ask(Verb.RESUME)
        if story.now_ms - story.times_of(Kind.STARTED)[0] > 120_000:
            for device in story.devices.values():
                device.session = None
        if story.state.state is RolloutState.COMPLETED:
            return


def test_every_device_ends_where_it_belongs_and_the_first_bad_wave_stops_the_rollout_by_name():
    how = plan(
        waves=FIVE_QUARTER_ALL, failure_threshold=0.1, failure_count=20, retries=RETRIES, pace_per_minute=600
    )
    story = Story(how, _house()).run()

    # The first wave: two of its twelve went wrong, which is more than a tenth.
    assert story.stands == ("paused", "failure_share")
    assert story.state.facts["wave"] == 1
    assert isinstance(story.ask(Verb.RESUME), Forbidden)

    story.ask(Verb.ADVANCE, wave=1)
    assert isinstance(story.ask(Verb.ADVANCE, wave=1), Forbidden)  # the second click of a double click
    assert story.state.wave == 2

    _operate(story)

    assert story.stands == ("completed", "unreachable")
    assert story.counts == {
        "failed": 8,
        "timed_out": 6,
        "rejected": 3,
        "planned": 45,
        "verified": 300 - 45 - 8 - 6 - 3 + 5,
    }
    assert story.state.facts["unreachable"] == 45
    offers = [len(one.offers_seen) for one in story.devices.values()]
    assert max(offers) <= 1 + RETRIES
    assert not any(one.applied_in_session for one in story.devices.values())
    rejected = [one for one in story.state.targets.values() if one.state is TargetState.REJECTED]
    assert {one.attempts for one in rejected} == {1}
    story.holds_replay()


def test_the_unreachable_are_taken_up_by_retry_once_they_are_back():
    story = Story.of(4)
    story.devices["D002"].link = Link.OFFLINE
    story.run()
    assert story.stands == ("completed", "unreachable")
    story.devices["D002"].link = Link.ONLINE
    story.ask(Verb.RETRY)
    story.till(RolloutState.COMPLETED)
    assert story.stands == ("completed", "")
    assert story.devices["D002"].runs == NEW
    story.holds_replay()
