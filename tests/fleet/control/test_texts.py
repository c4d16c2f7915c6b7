"""What is said of a command: asked as asked, said as said, and done only where it was shown."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.wire.words import Verb
from fleet.control import texts
from fleet.control.lifecycle import State

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
VERBS = [one.value for one in Verb if one is not Verb.UNKNOWN]
AT_ONCE = ("stop", "pause", "lower")
DONE = {"outcome": "done", "reason": None}


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass
class Told:
    """A command as the words read it, asked for at noon."""

    verb: str = "stop"
    state: str = "requested"
    args: str = "{}"
    requested_at: datetime = NOON
    published_at: datetime | None = None
    received_at: datetime | None = None
    done_at: datetime | None = None
    confirmed_at: datetime | None = None
    unconfirmed_at: datetime | None = None
    refused_at: datetime | None = None
    expired_at: datetime | None = None
    refuted_at: datetime | None = None
    expires_at: datetime = NOON + timedelta(seconds=10)
    proof_due_at: datetime | None = NOON + timedelta(seconds=3)
    attempts: int = 1
    acks: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)


def said(now_s: float = 1.0, **fields: Any) -> str:
    return texts.sentence(Told(**fields), at(now_s))


def to_do(now_s: float = 1.0, **fields: Any) -> str:
    return texts.next_step(Told(**fields), at(now_s))


def test_a_stop_that_was_shown_says_how_long_it_took() -> None:
    fields = {"state": "confirmed", "published_at": at(0.01), "done_at": at(0.2), "confirmed_at": at(0.4)}
    assert said(**fields, acks=1) == "Stop confirmed: output off, 0.4 s after it was asked for."
    assert to_do(**fields) == ""


def test_one_that_was_shown_late_keeps_both_times_and_a_second_answer_is_noted() -> None:
    told = said(60, state="confirmed", confirmed_at=at(14), unconfirmed_at=at(3), acks=2)
    assert told == (
        "Stop confirmed: output off, 14 s after it was asked for. Before that it was unconfirmed for 11 s."
        " The device answered 2 times."
    )


def test_without_an_answer_somebody_has_to_go_there() -> None:
    fields = {"state": "unconfirmed", "published_at": at(0.01), "unconfirmed_at": at(3)}
    assert said(60, **fields) == "Stop not confirmed: no answer within 3.0 s."
    assert to_do(60, **fields) == "Go to the device, and stop it there."


def test_a_device_that_has_it_and_never_says_done_has_answered() -> None:
    fields = {
        "state": "unconfirmed",
        "published_at": at(0.01),
        "received_at": at(0.1),
        "unconfirmed_at": at(3),
    }
    assert said(60, **fields) == (
        "Stop not confirmed: the device has it, but has not said within 3.0 s that it is done."
    )
    assert to_do(60, **fields) == "Go to the device, and stop it there."


@pytest.mark.parametrize(
    "refuted,words",
    [
        ({"kind": "telemetry", "ma": 34.04}, "34 mA flowed afterwards"),
        ({"kind": "status", "output": "on"}, "it says afterwards that its output is not off"),
    ],
)
def test_a_device_that_says_done_and_keeps_its_output_is_told_as_that(
    refuted: dict[str, Any], words: str
) -> None:
    fields: dict[str, Any] = {
        "state": "unconfirmed", "done_at": at(0.2), "refuted_at": at(0.8), "unconfirmed_at": at(0.8),
        "evidence": {"ack": DONE, "refuted": refuted},
    }  # fmt: skip
    assert said(**fields) == f"Stop not confirmed: the device says that it is done, but {words}."
    assert to_do(**fields) == "Current may be flowing: go to the device now, and stop it there."
    again = said(**fields, confirmed_at=at(0.5))
    assert again == f"Stop not confirmed: it was confirmed at first, but {words}."


def test_a_stop_that_came_too_late_or_was_refused_is_unconfirmed_and_says_so() -> None:
    late = {"ack": {"outcome": "expired", "reason": None}}
    assert said(state="unconfirmed", expired_at=at(2), evidence=late) == (
        "Stop not confirmed: it reached the device too late, which then does not carry it out."
    )
    refused = {"ack": {"outcome": "refused", "reason": "unsupported"}}
    assert said(state="unconfirmed", refused_at=at(2), evidence=refused) == (
        "Stop not confirmed: the device refused it (it cannot do this)."
    )


@pytest.mark.parametrize("verb", AT_ONCE)
@pytest.mark.parametrize("state", ["requested", "published", "received", "done"])
def test_a_time_for_proof_that_is_over_is_told_also_while_nobody_writes_it_down(
    verb: str, state: str
) -> None:
    fields: dict[str, Any] = {
        "verb": verb, "state": state, "args": '{"to_ma":20}',
        "done_at": at(1) if state == "done" else None, "evidence": {"ack": DONE},
    }  # fmt: skip
    assert "not confirmed" not in said(2.9, **fields)
    assert "not confirmed" in said(3.0, **fields)
    assert to_do(2.9, **fields).startswith("Wait")
    assert to_do(3.0, **fields).startswith("Go to the device")


def test_a_stop_that_never_left_says_so_and_whether_it_still_may() -> None:
    fields = {"state": "unconfirmed", "unconfirmed_at": at(3), "attempts": 0}
    assert said(5, **fields) == "Stop not confirmed: it was not sent within 3.0 s."
    for later_s in (10, 60, 3600):
        assert said(later_s, **fields) == "Stop not confirmed: it was never sent, and will not be any more."
    assert to_do(60, **fields) == "Go to the device, and stop it there."
    died = fields | {"attempts": 1}  # whoever sent it died before that was noted
    assert said(60, **died) == "Stop not confirmed: whether it was sent within 3.0 s is not known."


def test_what_was_never_answered_is_not_told_as_not_done() -> None:
    fields = {"verb": "identify", "state": "expired", "proof_due_at": None, "expired_at": at(10)}
    assert "whether the device did it is not known" in said(20, **fields, published_at=at(0.1))
    assert said(20, **fields, attempts=0).startswith("Identify not sent")


def test_lower_says_at_most() -> None:
    told = said(state="confirmed", verb="lower", args='{"channel":2,"to_ma":20.0}', confirmed_at=at(1.2))
    assert told == "Lower confirmed: channel 2 is set to at most 20 mA, 1.2 s after it was asked for."
    assert "all channels" in said(state="confirmed", verb="lower", args='{"to_ma":5}', confirmed_at=at(1))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", [one.value for one in State])
@pytest.mark.parametrize("now_s", [1.0, 4_000.0])
def test_every_verb_and_state_has_words_and_none_claims_more_than_was_shown(
    verb: str, state: str, now_s: float
) -> None:
    told = said(now_s, verb=verb, state=state, args="{}", evidence={"ack": DONE})
    assert told.endswith(".")
    assert "%" not in told
    if state != "confirmed":
        assert not re.search(r"(?<!not )confirmed|stopped|output off\b", told), told
    assert "%" not in to_do(now_s, verb=verb, state=state)


@pytest.mark.parametrize(
    "seconds,words",
    [(0, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert texts.span(at(seconds), NOON) == words
    assert texts.span(NOON, at(seconds)) == "0.0 s"
