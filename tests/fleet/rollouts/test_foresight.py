"""What comes next is told, with its time where the clock decides, and without where it does not."""

from dataclasses import replace
from datetime import time

from fleet.rollouts.evidence import Link
from fleet.rollouts.foresight import Next, what_next
from fleet.rollouts.plan import Advance, Percent, Window
from fleet.rollouts.states import RolloutState
from fleet.rollouts.verbs import Verb
from tests.fleet.rollouts.story import MONDAY_NOON_MS, Story, plan

HALVES = (Percent(50), Percent(100))


def _next(story: Story) -> Next:
    return what_next(story.state, story.now_ms)


def _what(story: Story) -> str:
    return _next(story).what


def test_before_it_starts_somebody_has_to_do_something():
    story = Story.of(2)
    words = {RolloutState.DRAFT: "submit", RolloutState.SUBMITTED: "decide", RolloutState.APPROVED: "start"}
    for state, word in words.items():
        assert what_next(replace(story.state, state=state), 0) == Next(word)


def test_its_time():
    story = Story.of(2, plan(start_ms=MONDAY_NOON_MS + 60_000)).start()
    assert _next(story) == Next("begin", MONDAY_NOON_MS + 60_000)


def test_the_next_offer_under_the_pace():
    story = Story.of(5, plan(pace_per_minute=6)).start().tick(2)
    found = _next(story)
    assert (found.what, found.facts["devices"]) == ("offers", 4)
    assert found.at_ms == MONDAY_NOON_MS + 2_000 + 10_000


def test_answers_at_the_latest_at_the_first_deadline():
    story = Story.of(2, D001="mute").start().tick(2)
    assert _next(story) == Next("answers", MONDAY_NOON_MS + 22_000, {"open": 1, "held": 0})


def test_of_a_session_nobody_knows_when_it_ends():
    story = Story.of(2)
    story.devices["D001"].session = "S"
    story.start().tick(3)
    assert _next(story) == Next("held", None, {"open": 1, "held": 1})


def test_while_the_server_hears_nothing_it_waits_for_that():
    story = Story.of(2, D001="mute").start().tick(2)
    story.state = replace(story.state, hears=False)
    assert _next(story) == Next("hearing", None, {"open": 1, "held": 0})


def test_the_hours_of_the_site():
    story = Story.of(2, plan(window=Window(time(13), time(17)))).start().tick(2)
    assert story.stand("D001") == ("planned", "window")
    assert _next(story) == Next("window", MONDAY_NOON_MS + 3_600_000, {"devices": 2})
    story.now_ms = MONDAY_NOON_MS + 3_600_000
    story.tick(3)
    assert story.state.state is RolloutState.COMPLETED


def test_the_end_of_the_soak_and_the_gate():
    soaking = Story.of(4, plan(waves=HALVES, soak_ms=60_000)).start().tick(3)
    over_ms = soaking.wave_of(1).over_ms
    assert _next(soaking) == Next("soak", over_ms + 60_000, {"wave": 2, "targets": 2})
    gated = Story.of(4, plan(waves=HALVES, advance=Advance.MANUAL)).start().tick(3)
    assert _next(gated) == Next("gate", None, {"wave": 2, "targets": 2})


def test_a_paused_one_waits_for_a_person_and_one_that_is_over_for_nothing():
    story = Story.of(4).start().tick()
    story.ask(Verb.PAUSE)
    assert (_what(story), _next(story).facts["reason"]) == ("person", "by_hand")
    story.ask(Verb.RESUME)
    story.till(RolloutState.COMPLETED)
    assert _what(story) == "nothing"


def test_a_device_that_is_away_is_waited_for_by_nobody():
    story = Story.of(3)
    story.devices["D001"].link = Link.OFFLINE
    story.start().tick(2)
    assert story.stand("D001") == ("planned", "unreachable")
    assert _what(story) == "nothing" or story.state.state is RolloutState.RUNNING


def test_one_that_holds_its_offer_and_went_away_keeps_no_wave_open():
    story = Story.of(4, plan(waves=HALVES, advance=Advance.MANUAL))
    story.devices["D001"].session = "S"
    story.start().tick(3)
    assert _what(story) == "held"
    story.devices["D001"].link = Link.OFFLINE
    story.tick(3)
    assert (story.state.reason, _what(story)) == ("gate", "gate")
