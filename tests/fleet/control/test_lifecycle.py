"""The pure part of a command's life."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.wire.messages import Ack
from devices.wire.words import RefusalReason
from fleet.control import lifecycle
from fleet.control.lifecycle import State

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ack(outcome, reason=None):
    return Ack(
        id="0192f0aa-0000-4000-8000-000000000000",
        boot=7,
        up_ms=1,
        outcome=outcome,
        reason=reason,
        output="off",
    )


@pytest.mark.parametrize("outcome", ["received", "done", "refused", "expired"])
def test_an_answer_is_the_state_it_names(outcome):
    assert lifecycle.answered(ack(outcome)) == outcome
    assert lifecycle.answered(ack("repeat", RefusalReason(outcome))) == outcome


@pytest.mark.parametrize("reason", [None, RefusalReason.OTHER])
def test_a_repeat_that_does_not_say_the_first_outcome_says_only_that_the_device_has_it(reason):
    assert lifecycle.answered(ack("repeat", reason)) is State.RECEIVED


def test_nothing_moves_a_command_that_is_answered_for_good():
    for settled in (State.DONE, State.REFUSED, State.CONFIRMED, State.UNCONFIRMED):
        for state in (State.PUBLISHED, State.RECEIVED, State.EXPIRED):
            assert settled not in lifecycle.before(state)


def test_a_done_that_comes_after_its_time_beats_our_conclusion_from_silence():
    assert State.EXPIRED in lifecycle.before(State.DONE)
    assert State.EXPIRED not in lifecycle.before(State.RECEIVED)


def test_a_device_may_be_quicker_to_answer_than_the_broker():
    assert State.REQUESTED in lifecycle.before(State.DONE)
    assert State.DONE not in lifecycle.before(State.PUBLISHED)


@pytest.mark.parametrize(
    "left_s, may, expiry_s",
    [(10, True, 10), (9.001, True, 10), (0.5, True, 1), (0.499, False, 1), (-3, False, 1)],
)
def test_with_under_half_a_second_left_nothing_is_published(left_s, may, expiry_s):
    expires_at = NOON + timedelta(seconds=left_s)
    assert lifecycle.may_publish(expires_at, NOON) is may
    assert lifecycle.expiry_s(expires_at, NOON) == expiry_s
