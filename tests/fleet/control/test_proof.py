"""What proves a command, and what refutes it."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.wire import codec
from devices.wire.commands import Args, Lock, Lower
from devices.wire.messages import Ack
from devices.wire.words import LockReason, RefusalReason, Verb
from fleet.control import proof
from fleet.control.lifecycle import State
from fleet.control.proof import Answered, Case, Point, Said, Sampled
from tests.devices.wire import goldens

SENT_MS = 1_000_000  # when the broker had the command, server time
BORN_MS = SENT_MS - 50_000  # when the device's boot 7 began: it got the command at up_ms 50,000
ID = "0192f000-0000-7000-8000-000000000001"


def case(verb=Verb.STOP, args=None, **fields):
    fields = {"state": State.PUBLISHED, "published_ms": SENT_MS, "session": "S"} | fields
    return Case(verb=verb, args=args or Args(), **fields)


def ack(outcome="done", reason=None, *, boot=7, up_ms=50_100, again=False):
    said = Ack(id=ID, boot=boot, up_ms=up_ms, outcome=outcome, reason=reason, output="off")
    return Answered(said, BORN_MS + up_ms + 5, again)


def status(up_ms=50_200, *, boot=7, output="off", state="idle", session=None, locked=None, **said):
    fields = goldens.fields("status.birth") | {
        "boot": boot,
        "up_ms": up_ms,
        "output": output,
        "state": state,
        "session": session,
        "locked": locked,
    }
    message = codec.decode("status", msgspec.json.encode(fields))
    return Said(message, BORN_MS + up_ms, BORN_MS + up_ms + 5, **said)


def sample(
    up_ms=51_000, ma=0.0, *, boot=7, session="S", set_ma=(30.0, 30.0), elapsed_ms=40_000, every_ms=100, **said
):
    fields = goldens.fields("telemetry") | {
        "boot": boot,
        "up_ms": up_ms,
        "session": session,
        "elapsed_ms": elapsed_ms,
        "every_ms": every_ms,
        "set_ma": list(set_ma),
        "ma": [list(ma) if isinstance(ma, tuple) else [ma] * 10] * len(set_ma),
        "ohm": [800] * len(set_ma),
        "contact": ["ok"] * len(set_ma),
        "charge_uc": [1.0] * len(set_ma),
        "pulses": [1] * len(set_ma),
        "force_n": None,
    }
    return Sampled(
        codec.decode("telemetry", msgspec.json.encode(fields)), BORN_MS + up_ms, BORN_MS + up_ms + 5, **said
    )


def after(start, *pieces):
    for one in pieces:
        start = proof.weigh(start, one)
    return start


# --- a stop ---


def test_an_ack_is_the_devices_word_and_no_proof():
    assert after(case(), ack()).state is State.DONE


def test_a_live_status_later_than_the_act_with_the_output_off_confirms():
    proved = after(case(), ack(), status())
    assert (proved.state, proved.confirmed_ms) == (State.CONFIRMED, BORN_MS + 50_205)
    assert proved.notes["proof"]["up_ms"] == 50_200


def test_a_status_at_the_very_moment_of_the_ack_confirms():
    assert after(case(), ack(up_ms=50_100), status(50_100)).state is State.CONFIRMED


def test_a_status_older_than_the_act_confirms_nothing_however_late_it_comes():
    assert after(case(), ack(up_ms=50_100), status(50_099)).state is State.DONE


def test_a_later_boot_than_the_acks_confirms_and_an_earlier_one_does_not():
    assert after(case(), ack(), status(10, boot=8)).state is State.CONFIRMED
    assert after(case(), ack(), status(90_000, boot=6)).state is State.DONE


def test_without_an_ack_only_what_was_said_after_the_broker_had_the_command_confirms():
    assert after(case(), status(50_001)).state is State.CONFIRMED
    assert after(case(), status(50_000)).state is State.PUBLISHED
    assert after(case(state=State.REQUESTED, published_ms=None), status()).state is State.REQUESTED
    assert after(case(), status(50_001, is_sure=False)).state is State.PUBLISHED


@pytest.mark.parametrize(
    "said",
    [
        status(is_live=False),
        status(is_disputed=True),
        status(state="running"),
        status(output="ramping"),
        status(output="on"),
        sample(52_000, 0.0),
        sample(52_000, 0.0, set_ma=(0.0, 0.0)),
    ],
    ids=["old mail", "two devices", "running", "ramping", "on", "telemetry", "telemetry set to nothing"],
)
@pytest.mark.parametrize("verb", [Verb.STOP, Verb.PAUSE])
def test_nothing_else_confirms(said, verb):
    assert after(case(verb), said).state is not State.CONFIRMED
    assert after(case(verb), ack(), said).state is not State.CONFIRMED


@pytest.mark.parametrize("state", ["idle", "ready", "paused", "fault", "charging"])
def test_in_whatever_state_it_is_off(state):
    assert after(case(), ack(), status(state=state)).state is State.CONFIRMED


# --- current after it ---


def test_a_status_after_the_ack_that_admits_output_refutes_at_once():
    refuted = after(case(), ack(), status(50_150, output="on", state="running", session="S"))
    assert (refuted.state, refuted.refuted_ms, refuted.unconfirmed_ms) == (State.UNCONFIRMED,) + (
        BORN_MS + 50_155,
    ) * 2
    at_once = status(50_100, output="on", state="running", session="S")
    assert after(case(), ack(up_ms=50_100), at_once).state is State.UNCONFIRMED, (
        "the very millisecond of the ack"
    )
    assert after(case(), at_once, ack(up_ms=50_100)).state is State.DONE, "it came before the answer"


def test_current_more_than_200_ms_after_the_ack_refutes_and_within_it_does_not():
    assert after(case(), ack(up_ms=50_100), sample(50_300, 30.0)).state is State.DONE
    refuted = after(case(), ack(up_ms=50_100), sample(50_301, 30.0))
    assert refuted.state is State.UNCONFIRMED
    assert refuted.notes["refuted"]["ma"] == 30.0


def test_each_sample_of_a_message_has_its_own_time():
    ended = (30.0, 30.0, *[0.0] * 8)  # the last with current was taken 800 ms before the message
    assert after(case(), ack(up_ms=50_100), sample(51_000, ended)).state is State.DONE
    assert after(case(), ack(up_ms=50_100), sample(51_200, ended)).state is State.UNCONFIRMED


def test_what_a_meter_reads_when_nothing_flows_refutes_nothing():
    assert after(case(), ack(), sample(51_000, 0.3)).state is State.DONE


def test_without_an_answer_current_is_no_contradiction_it_only_is_no_proof():
    assert (
        after(case(), sample(51_000, 30.0), status(50_500, output="on", state="running")).state
        is State.PUBLISHED
    )


def test_a_late_sample_says_nothing():
    assert after(case(), ack(), sample(51_000, 30.0, is_live=False)).state is State.DONE


def test_in_a_conflict_current_refutes_and_nothing_confirms():
    refuted = after(case(), ack(), sample(51_000, 30.0, is_disputed=True))
    assert refuted.state is State.UNCONFIRMED
    assert after(refuted, status(60_000, is_disputed=True)).state is State.UNCONFIRMED


def test_a_proof_must_be_later_than_the_refutation():
    refuted = after(case(), ack(), sample(52_000, 30.0))
    assert after(refuted, status(51_900)).state is State.UNCONFIRMED
    proved = after(refuted, status(52_001))
    assert (proved.state, proved.unconfirmed_ms, proved.confirmed_ms) == (
        State.CONFIRMED,
        BORN_MS + 52_005,
        BORN_MS + 52_006,
    )


def test_a_device_whose_status_lies_is_refuted_after_its_proof_and_not_believed_again_while_current_flows():
    lied = after(case(), ack(), status(), sample(51_000, 30.0))
    assert (lied.state, lied.confirmed_ms) == (State.UNCONFIRMED, BORN_MS + 50_205)
    told = after(lied, status(51_500), sample(52_000, 30.0), status(53_999))
    assert told.state is State.UNCONFIRMED
    assert after(told, status(54_000)).state is State.CONFIRMED


def test_the_end_of_the_current_before_the_proof_does_not_undo_the_proof():
    assert after(case(), ack(), status(50_500), sample(50_400, 30.0)).state is State.CONFIRMED


def test_a_session_that_is_begun_by_hand_afterwards_is_no_contradiction():
    proved = after(case(), ack(), status())
    assert after(proved, sample(80_000, 30.0, session="T", elapsed_ms=5_000)).state is State.CONFIRMED
    assert after(proved, status(80_000, output="on", state="running", session="T")).state is State.CONFIRMED


def test_the_session_that_was_stopped_is_known_by_how_long_it_has_lasted_where_its_name_is_not():
    proved = after(case(session=None), ack(), status())
    assert after(proved, sample(52_000, 30.0, session="S", elapsed_ms=30_000)).state is State.UNCONFIRMED


def test_whoever_resumes_after_a_pause_does_so_with_a_hand_at_the_device():
    proved = after(case(Verb.PAUSE), ack(), status(state="paused", session="S"))
    assert proved.state is State.CONFIRMED
    assert after(proved, sample(60_000, 30.0)).state is State.CONFIRMED
    assert after(proved, status(60_000, output="on", state="running", session="S")).state is State.CONFIRMED


def test_unconfirmed_by_time_it_may_still_be_confirmed_and_both_times_are_kept():
    late = replace(after(case(), ack()), state=State.UNCONFIRMED, unconfirmed_ms=SENT_MS + 3_000)
    proved = after(late, status(58_000))
    assert (proved.state, proved.unconfirmed_ms, proved.confirmed_ms) == (
        State.CONFIRMED,
        SENT_MS + 3_000,
        BORN_MS + 58_005,
    )


# --- answers ---


def test_a_proof_that_came_while_it_was_given_up_is_the_later_of_the_two():
    given_up = case(state=State.UNCONFIRMED, unconfirmed_ms=BORN_MS + 50_207)
    assert after(given_up, status()).confirmed_ms == BORN_MS + 50_207


@pytest.mark.parametrize("outcome, reason", [("refused", RefusalReason.NO_SESSION), ("expired", None)])
def test_no_device_may_refuse_a_stop_or_come_too_late_for_it_without_somebody_going_there(outcome, reason):
    told = after(case(), ack(outcome, reason))
    assert (told.state, told.unconfirmed_ms) == (State.UNCONFIRMED, BORN_MS + 50_105)
    assert getattr(told, f"{outcome}_ms") == BORN_MS + 50_105
    assert told.notes["ack"]["outcome"] == outcome
    assert after(told, status(51_000)).state is State.CONFIRMED


def test_a_pause_may_be_refused():
    assert after(case(Verb.PAUSE), ack("refused", RefusalReason.NO_SESSION)).state is State.REFUSED
    assert after(case(Verb.PAUSE), ack("expired")).state is State.UNCONFIRMED


@pytest.mark.parametrize("outcome", ["expired", "refused", "done", "received"])
def test_an_answer_to_what_is_unconfirmed_is_kept_and_proves_nothing(outcome):
    late = case(state=State.UNCONFIRMED, unconfirmed_ms=SENT_MS + 3_000)
    told = after(late, ack(outcome))
    assert told.state is State.UNCONFIRMED
    assert getattr(told, f"{outcome}_ms") == BORN_MS + 50_105


def test_two_answers_are_two_and_the_first_holds():
    told = after(case(), ack(up_ms=50_100), ack(up_ms=50_100), status(50_100))
    assert (told.acks, told.act, told.state) == (2, Point(7, 50_100), State.CONFIRMED)


def test_an_answer_that_the_broker_sends_again_after_our_death_is_one():
    told = after(case(), ack(), ack(again=True))
    assert told.acks == 1


def test_a_repeat_carries_the_first_outcome():
    assert after(case(), ack("repeat", RefusalReason.DONE)).state is State.DONE
    assert after(case(), ack("repeat", RefusalReason.EXPIRED)).state is State.UNCONFIRMED


# --- whatever comes first ---


def test_a_status_that_comes_before_the_answer_it_follows_counts_once_the_answer_is_there():
    unsent = case(state=State.REQUESTED, published_ms=None)
    assert after(unsent, status(50_200), ack(up_ms=50_100)).state is State.CONFIRMED
    assert after(unsent, status(50_000), ack(up_ms=50_100)).state is State.DONE


def test_current_that_comes_before_the_answer_it_follows_refutes_once_the_answer_is_there():
    assert after(case(), sample(51_000, 30.0), ack(up_ms=50_100)).state is State.UNCONFIRMED


PIECES = {
    "ack": ack(),
    "ack again": ack(up_ms=50_110),
    "repeat": ack("repeat", RefusalReason.DONE, up_ms=55_000),
    "received": ack("received", up_ms=50_090),
    "too old": status(49_000),
    "on": status(50_150, output="on", state="running", session="S"),
    "off": status(50_200),
    "current": sample(51_000, 30.0),
    "off in between": status(51_500),
    "more current": sample(52_000, 30.0),
    "no current": sample(53_000, 0.0),
    "waited": status(70_000, is_live=False),
    "disputed": status(71_000, is_disputed=True),
    "off at last": status(55_000),
    "next boot": status(900, boot=8),
}
ORDERS = st.permutations(sorted(PIECES)).flatmap(
    lambda order: st.integers(1, len(order)).map(lambda n: order[:n])
)


@settings(max_examples=200, deadline=None)
@given(ORDERS, st.booleans())
def test_in_no_order_is_a_stop_confirmed_by_anything_but_a_live_status_later_than_all_current_after_the_act(
    order, twice
):
    pieces = [PIECES[name] for name in order] * (2 if twice else 1)
    told = after(case(), *pieces)
    offs = {"off", "off in between", "off at last", "next boot"} & set(order)
    if told.state is State.CONFIRMED:
        assert told.proof in {Point(one.status.boot, one.status.up_ms) for one in map(PIECES.get, offs)}
        if told.done_ms is not None and told.refuted is not None:
            assert told.proof > told.refuted
    if not offs:
        assert told.state is not State.CONFIRMED


@settings(max_examples=150, deadline=None)
@given(st.permutations(sorted(set(PIECES) - {"next boot", "off at last"})))
def test_after_whatever_came_before_a_status_well_after_the_last_sample_of_the_session_confirms(order):
    told = after(case(), *(PIECES[name] for name in [*order, "off at last"]))
    assert told.state is State.CONFIRMED
    assert told.proof > Point(7, 52_000)


@settings(max_examples=150, deadline=None)
@given(st.permutations(sorted(set(PIECES) - {"next boot", "off at last"})))
def test_in_every_order_current_after_the_act_and_nothing_later_leaves_a_stop_unconfirmed(order):
    assert after(case(), *(PIECES[name] for name in order)).state is State.UNCONFIRMED


@settings(max_examples=200, deadline=None)
@given(ORDERS)
def test_the_same_evidence_twice_in_a_row_changes_nothing_but_the_count_of_answers(order):
    once, twice = case(), case()
    for name in order:
        once = after(once, PIECES[name])
        twice = after(twice, PIECES[name], PIECES[name])
    assert twice.state is once.state
    assert (twice.proof, twice.refuted, twice.act) == (once.proof, once.refuted, once.act)


# --- the others ---


def test_lower_is_proved_by_what_is_set_in_a_live_sample_after_the_answer():
    asked = case(Verb.LOWER, Lower(to_ma=20.0))
    assert after(asked, ack(), sample(51_000, 20.0, set_ma=(20.0, 18.0))).state is State.CONFIRMED
    assert after(asked, ack(), sample(51_000, 20.0, set_ma=(20.0, 25.0))).state is State.DONE
    assert after(asked, ack(), sample(50_099, 20.0, set_ma=(20.0, 18.0))).state is State.DONE
    assert (
        after(asked, ack(), sample(51_000, 20.0, set_ma=(20.0, 18.0), is_disputed=True)).state is State.DONE
    )
    assert after(asked, ack(), sample(51_000, 20.0, set_ma=(20.0, 18.0), is_live=False)).state is State.DONE


def test_lower_of_one_channel_asks_of_that_channel_only():
    asked = case(Verb.LOWER, Lower(channel=2, to_ma=20.0))
    assert after(asked, ack(), sample(51_000, 20.0, set_ma=(40.0, 20.0))).state is State.CONFIRMED
    assert after(asked, ack(), sample(51_000, 20.0, set_ma=(20.0, 40.0))).state is State.DONE


def test_lower_is_refuted_by_nothing_and_refused_like_any_other():
    asked = case(Verb.LOWER, Lower(to_ma=20.0))
    assert after(asked, ack(), sample(51_000, 40.0)).state is State.DONE
    assert after(asked, ack("refused", RefusalReason.NO_SESSION)).state is State.REFUSED


def test_a_lock_is_proved_by_the_reason_that_the_device_reads_back():
    asked = case(Verb.LOCK, Lock(reason=LockReason.RECALL))
    assert after(asked, ack(), status(locked="recall")).state is State.CONFIRMED
    assert after(asked, ack(), status(locked="maintenance")).state is State.DONE
    assert after(asked, ack(), status(locked=None)).state is State.DONE
    assert after(asked, ack(), status(locked="recall", is_disputed=True)).state is State.DONE


def test_an_unlock_is_proved_by_a_device_that_reads_back_no_lock():
    asked = case(Verb.UNLOCK, Lock(reason=LockReason.OTHER))
    assert after(asked, ack(), status(locked=None)).state is State.CONFIRMED
    assert after(asked, ack(), status(locked="recall")).state is State.DONE


@pytest.mark.parametrize("verb", [Verb.IDENTIFY, Verb.REBIRTH])
def test_of_what_cannot_be_shown_the_devices_word_is_all_there_is(verb):
    assert after(case(verb), ack(), status(), sample()).state is State.DONE
