"""What a tile says of a device, where the words carry weight."""

from typing import Any

import pytest

from dashboards.words import device_texts, faces
from dashboards.words.texts import wall_texts
from devices.wire.words import FaultClass

TEXTS = wall_texts()


def device(**known: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("clock_skew_ms", "battery", "elapsed_ms", "planned", "held", "locked"))
    return {
        "link": "online",
        "state": "running",
        "output": "on",
        "session": "01JD2",
        "conditions": [],
        "channels": [{"n": 1, "set_ma": 30, "ma": 30, "contact": "ok"}],
        "phase": "on",
        "cycle": 3,
        "heard_at": "2026-11-22T12:00:30.000Z",
        "telemetry_at": "2026-11-22T12:00:29.500Z",
        **nothing,
        **known,
    }


@pytest.mark.parametrize(
    "condition, words",
    [
        ("estop", "Emergency stop pressed"),
        ("overtemp", "Too hot"),
        ("low_battery", "Battery low"),
        ("electrode_off:2", "Electrode off, channel 2"),
        ("electrode_off", "Electrode off"),
        ("low_current:1", "Low current, channel 1"),
        ("fault", "Fault"),
        ("fault:lead_break", "Fault: lead break"),
        ("a_makers_word:7", "a makers word: 7"),
    ],
)
def test_every_complaint_is_told_in_the_same_words_on_the_wall_and_on_the_devices_page(
    condition: str, words: str
) -> None:
    said = device(conditions=[condition])
    assert faces.face(said, TEXTS)["note"] == words
    assert [one.what for one in device_texts.complaints(said, TEXTS)] == [words]


@pytest.mark.parametrize("kind", [kind.value for kind in FaultClass])
def test_every_class_of_fault_has_words(kind: str) -> None:
    assert f"fault.{kind}" in TEXTS


@pytest.mark.parametrize("condition, step", [
    ("low_current:1", "Channel 1: check the pad"), ("low_current", "Check the pads"), ("maker", "Look at the device"),
])  # fmt: skip
def test_a_complaint_names_what_to_do(condition: str, step: str) -> None:
    assert faces.face(device(conditions=["low_battery", condition]), TEXTS)["next"] == step


def test_currents_that_come_no_longer_do_not_look_like_those_that_flow_now() -> None:
    stalled = faces.face(device(elapsed_ms=90_000, heard_at="2026-11-22T12:03:30.000Z"), TEXTS)
    assert (stalled["stalled"], stalled["timing"]) == (True, "")
    assert stalled["note"] == "No measurements for 3 min"
    fresh = faces.face(device(elapsed_ms=90_000), TEXTS)
    assert (fresh["stalled"], fresh["timing"]) == (False, "for 1:30")


def test_what_a_silent_device_was_doing_is_told_as_what_it_was() -> None:
    assert faces.face(device(link="offline"), TEXTS)["note"] == "was: contraction · cycle 3"


@pytest.mark.parametrize(
    "ms, words", [(10_799_400, "3 h"), (-5_340_000, "89 min"), (45_499, "45 s"), (10**9, "12 d")]
)
def test_how_wrong_a_clock_is_is_rounded_to_the_nearest(ms: int, words: str) -> None:
    assert faces.face(device(clock_skew_ms=ms), TEXTS)["note"] == f"Its clock is wrong by {words}"


def test_a_session_that_goes_on_past_its_plan_says_by_how_much() -> None:
    planned = {"session_ms": 600_000}
    assert faces.face(device(elapsed_ms=599_000, planned=planned), TEXTS)["timing"] == "0:01 left"
    assert faces.face(device(elapsed_ms=600_500, planned=planned), TEXTS)["timing"] == "0:00 left"
    assert faces.face(device(elapsed_ms=665_000, planned=planned), TEXTS)["timing"] == "1:05 over"
