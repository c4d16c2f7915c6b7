"""Every kind of event is told in words that a nurse reads."""

import json
from typing import Any

import pytest

from dashboards.words.event_words import end_words, kind_words, told
from devices.wire.words import By, EndReason, EventKind, FaultClass, RefusalReason, Verb


def event(kind: str, *, channel: int | None = None, **data: Any) -> bytes:
    said = {
        "v": 1,
        "boot": 7,
        "seq": 3,
        "up_ms": 5000,
        "t": 0,
        "kind": kind,
        "channel": channel,
        "data": data,
    }
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    "body, words",
    [
        (event("electrode_off", channel=2, ohm=20500), "Channel 2: electrode off the skin, 20500 Ω"),
        (event("electrode_on", channel=2), "Channel 2: electrode on again"),
        (event("low_current", channel=1), "Channel 1: too little current to measure the electrode"),
        (
            event("intensity_changed", channel=1, from_ma=30, to_ma=32.5, by="patient"),
            "Channel 1: set from 30 to 32.5 mA by the patient",
        ),
        (event("session_started", planned_ms=1_200_000), "Session began, planned for 20:00 min"),
        (event("session_paused", by="operator"), "Session paused by the operator"),
        (event("session_resumed"), "Session resumed"),
        (
            event("session_ended", reason="patient_stop", elapsed_ms=61_000, contractions=1),
            "Session ended: stopped by the patient, after 1:01 min, 1 contraction",
        ),
        (
            event("fault", **{"class": "hv", "code": 17, "text": "no pulse"}),
            "Fault: high voltage, maker's code 17: no pulse",
        ),
        (event("estop"), "Emergency stop pressed at the device"),
        (event("protocol_applied", id="quad", version=3), "Protocol applied: quad 3"),
        (event("protocol_rejected", id="quad", version=3, reason="limits"), "beyond the device's limits"),
        (event("dropped", boot=6, ranges=[[1, 4], [9, 9]]), "5 records of boot 6 dropped"),
        (event("command_refused", verb="lock", reason="in_session"), "Refused: lock (a session is open)"),
        (event("boot", reason="power_on", firmware="2.3.1"), "Started with firmware 2.3.1: power on"),
        (event("clock_set", from_t=0, to_t=60_000), "Clock set forward by 1:00 min"),
        (event("something_new", hint=5), "Something that this version does not know"),
        (b"{", "Not readable by this version: {"),
    ],
)
def test_an_event_is_told_in_words(body: bytes, words: str) -> None:
    assert words in told(body)


@pytest.mark.parametrize("kind", EventKind)
def test_no_kind_of_event_is_shown_as_its_code(kind: EventKind) -> None:
    data = {"boot": 1, "ranges": [[1, 1]]} if kind is EventKind.DROPPED else {}
    assert "_" not in told(event(kind, **data))
    assert "_" not in kind_words()[kind]


@pytest.mark.parametrize(
    "field, word, kind",
    [
        *[("by", one, "session_paused") for one in By],
        *[("reason", one, "session_ended") for one in EndReason],
        *[("class", one, "fault") for one in FaultClass],
        *[("reason", one, "command_refused") for one in RefusalReason],
        *[("verb", one, "command_refused") for one in Verb],
    ],
)
def test_every_word_of_the_contract_has_words_for_people(field: str, word: str, kind: str) -> None:
    words = told(event(kind, **{field: word}))
    assert "_" not in words


def test_the_end_of_a_session_in_a_word_of_newer_firmware_is_shown_as_it_is() -> None:
    assert end_words("moon_phase") == "moon phase"
