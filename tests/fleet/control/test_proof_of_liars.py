"""Devices that say off while their output goes on: what they show of it counts, not what they say."""

from devices.wire.words import Verb
from fleet.control.lifecycle import State
from tests.fleet.control.test_proof import ack, after, case, sample, status


def test_a_pause_that_is_only_said_is_refuted_by_the_current_that_goes_on_at_once():
    proved = after(case(Verb.PAUSE), ack(), status(state="paused", session="S"))
    assert proved.state is State.CONFIRMED
    assert after(proved, sample(51_000, 30.0)).state is State.UNCONFIRMED


def test_the_current_before_a_pause_and_within_its_grace_refutes_nothing():
    proved = after(case(Verb.PAUSE), ack(), status(50_150, state="paused", session="S"))
    tail = (30.0, 30.0, *[0.0] * 8)  # the last samples with current: 50,200 and before
    assert after(proved, sample(51_000, tail)).state is State.CONFIRMED


def test_a_liar_is_not_believed_in_the_rests_of_the_session_that_it_was_to_end():
    lied = after(case(), ack(), status(), sample(51_000, 30.0))
    assert (lied.state, lied.confirmed_ms is not None) == (State.UNCONFIRMED, True)
    resting = after(lied, *(sample(up_ms, 0.0) for up_ms in range(52_000, 96_000, 1_000)))
    assert after(resting, status(95_500)).state is State.UNCONFIRMED
    assert after(resting, status(96_900)).state is State.UNCONFIRMED
    assert after(resting, status(97_000)).state is State.CONFIRMED, "no sample of it for 2 s: it is over"


def test_another_session_that_rests_says_nothing_of_the_one_that_was_stopped():
    lied = after(case(), ack(), status(), sample(51_000, 30.0))
    begun = after(lied, sample(80_000, 0.0, session="T", elapsed_ms=5_000))
    assert after(begun, status(80_500)).state is State.CONFIRMED
