"""What differs between two versions, in clinical terms; nothing that differs is left out."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import Change, difference
from fleet.protocols import texts
from tests.devices.protocols.sample import DOCUMENT, sample
from tests.devices.protocols.test_shape import places

[STEP] = DOCUMENT["steps"]


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.direction, texts.change(one)) for one in difference(old, new)]


@pytest.mark.parametrize(
    "step, direction, text",
    [
        ({"max_ma": [80, 100]}, "stronger", "Step 1 “work”, channel 2: highest current 100 mA (was 80 mA), +25 %"),
        ({"target_ma": [60, None]}, "stronger",
         "Step 1 “work”, channel 2: target current to tolerance (was 60 mA)"),
        ({"phase_us": 200}, "weaker", "Step 1 “work”: length of one phase 200 µs (was 250 µs), -20 %"),
        ({"off_s": 30}, "stronger", "Step 1 “work”: off 30 s (was 45 s), -33 %"),
        ({"ramp_up_s": 1}, "stronger", "Step 1 “work”: ramp up 1 s (was 3 s), -67 %"),
        ({"kind": "warm_up"}, "other", "Step 1 “work”: kind warm-up (was work)"),
        ({"interphase_us": 50}, "other", "Step 1 “work”: gap between the phases 50 µs (was 0 µs)"),
        ({"on_s": None}, "other", "Step 1 “work”: on not filled in (was 15 s)"),
    ],
)  # fmt: skip
def test_a_change_of_one_value_is_told_with_its_unit_and_direction(
    step: dict[str, Any], direction: str, text: str
) -> None:
    assert told(DOCUMENT, sample(**step)) == [(direction, text)]


@pytest.mark.parametrize(
    "limits, direction, text",
    [
        ({"min_rest_h": 2}, "stronger", "Least rest between sessions 2 h (was 4 h), -50 %"),
        ({"max_session_s": 600}, "weaker", "Longest session 600 s (was 1200 s), -50 %"),
        ({"max_sessions_per_day": 3}, "stronger", "Sessions a day 3 (was 2), +50 %"),
    ],
)
def test_limits_are_compared_too(limits: dict[str, Any], direction: str, text: str) -> None:
    assert told(DOCUMENT, sample(limits=limits)) == [(direction, text)]


def test_steps_that_come_go_and_move_are_told_as_such() -> None:
    warm_up = STEP | {"name": "warm up", "kind": "warm_up"}
    cool_down = STEP | {"name": "cool down", "kind": "cool_down"}
    old = sample() | {"steps": [warm_up, STEP]}
    assert told(DOCUMENT, old) == [
        ("stronger", "Step 1 “warm up”: added"),
    ]
    assert told(old, sample() | {"steps": [STEP, cool_down]}) == [
        ("weaker", "Step 1 “warm up”: removed"),
        ("stronger", "Step 2 “cool down”: added"),
    ]
    moved = told(old, sample() | {"steps": [STEP, warm_up]})
    assert ("other", "Step 1 “work”: moved (was step 2)") in moved


def test_channels_that_come_and_go_are_told_and_the_others_are_compared_by_channel() -> None:
    new = sample(max_ma=[100, 50], target_ma=[60, 30], of={"channels_used": [2, 3]})
    assert told(DOCUMENT, new) == [
        ("stronger", "Channel 3 is used now"),
        ("weaker", "Channel 1 is not used any more"),
        ("stronger", "Step 1 “work”, channel 2: highest current 100 mA (was 80 mA), +25 %"),
    ]


def test_the_version_alone_is_no_difference() -> None:
    assert difference(DOCUMENT, DOCUMENT | {"version": 4}) == []


@given(place=st.sampled_from([one for one in places(DOCUMENT) if one and one != ("version",)]))
def test_nothing_that_differs_is_left_out(place: tuple[Any, ...]) -> None:
    new = copy.deepcopy(DOCUMENT)
    holder: Any = new
    for part in place[:-1]:
        holder = holder[part]
    value = holder[place[-1]]
    if isinstance(value, dict | list):
        return
    holder[place[-1]] = value + 1 if isinstance(value, int | float) else f"{value}x"
    found = difference(DOCUMENT, new)
    assert found
    assert all(isinstance(one, Change) and texts.change(one) for one in found)
    assert difference(new, DOCUMENT)
