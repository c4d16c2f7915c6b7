"""The envelope that is drawn while a protocol is edited is the one that devices are judged by."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.protocols import drawing
from devices.plan import plan_of
from devices.wire.canonical import decode_protocol
from tests.dashboards.browser_modules import Ask

many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


seconds = st.one_of(
    st.sampled_from((0, 0.5, 1, 3, 15, 45, 0.0005, 0.0015, 2.2225)),
    st.floats(0, 90, allow_subnormal=False).map(lambda s: round(s, 4)),
)
milliamps = st.one_of(st.sampled_from((0, 0.5, 30, 60)), st.floats(0, 130).map(lambda ma: round(ma, 2)))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    channels = sorted(draw(st.sets(st.integers(1, 4), min_size=1)))

    def step() -> dict[str, Any]:
        targets = st.lists(st.none() | milliamps, min_size=len(channels), max_size=len(channels))
        return {
            "name": "work", "kind": "work", "repeat": draw(st.integers(1, 60)),
            "frequency_hz": draw(st.sampled_from((1, 8.5, 35, 50, 100))),
            "phase_us": draw(st.sampled_from((50, 250, 400.5))), "interphase_us": 0,
            "ramp_up_s": draw(seconds), "on_s": draw(seconds), "ramp_down_s": draw(seconds),
            "off_s": draw(seconds), "target_ma": draw(st.none() | targets),
            "max_ma": draw(st.lists(milliamps, min_size=len(channels), max_size=len(channels))),
        }  # fmt: skip

    return {
        "id": "p", "version": 1, "title": "p", "indication": "", "channels_used": channels,
        "waveform": "symmetric_biphasic", "steps": [step() for _ in range(draw(st.integers(1, 4)))],
        "limits": {"max_session_s": draw(st.integers(1, 7_200)), "max_sessions_per_day": 1, "min_rest_h": 0},
    }  # fmt: skip


@many
@given(document=documents())
def test_the_form_plans_what_the_house_plans(document: dict[str, Any], ask: Ask) -> None:
    plan = plan_of(decode_protocol(json.dumps(document).encode()))
    seen = ask("plan", document=document)
    assert [
        [one.start_ms, one.end_ms, one.step, one.cycle, one.phase, one.from_fraction, one.to_fraction]
        for one in plan.segments
    ] == seen["segments"]
    assert (plan.length_ms, plan.contractions) == (seen["length_ms"], seen["contractions"])
    for one, here in zip(plan.by_channel, seen["by_channel"], strict=True):
        for name, value in here.items():
            wanted = getattr(one, name)
            assert value == (None if wanted is None else pytest.approx(wanted, rel=1e-9)), name


@many
@given(document=documents())
def test_the_form_draws_what_the_page_draws(document: dict[str, Any], ask: Ask) -> None:
    plan = plan_of(decode_protocol(json.dumps(document).encode()))
    cycles = [drawing.one_cycle(plan, at) for at in range(len(document["steps"]))]
    here = [drawing.whole(plan), *cycles]
    assert [one and json.loads(json.dumps(asdict(one))) for one in here] == ask("drawings", document=document)


def picture(**step: Any) -> drawing.Drawing:
    one = {
        "name": "work", "kind": "work", "repeat": 2, "frequency_hz": 50, "phase_us": 250, "ramp_up_s": 1,
        "on_s": 2, "ramp_down_s": 1, "off_s": 6, "target_ma": [40, None], "max_ma": [80, 50],
    } | step  # fmt: skip
    document = {
        "id": "p", "version": 1, "title": "p", "indication": "", "channels_used": [1, 3],
        "waveform": "symmetric_biphasic", "steps": [one],
        "limits": {"max_session_s": 1200, "max_sessions_per_day": 1, "min_rest_h": 0},
    }  # fmt: skip
    return drawing.whole(plan_of(decode_protocol(json.dumps(document).encode())))


def test_each_contraction_is_a_trapezoid_and_the_maximum_a_line() -> None:
    first, third = picture().groups
    assert (first.channels, third.channels) == ((1,), (3,))
    assert (
        first.target.split(" M")[0] == "M0 1000L0 1000L500 500L500 500L1500 500L1500 500L2000 1000L2000 1000Z"
    )
    assert (first.tolerance, first.ceiling) == ("", "M0 0H10000")


def test_a_channel_to_tolerance_is_drawn_up_to_its_maximum_and_has_no_target() -> None:
    third = picture().groups[1]
    assert third.target == ""
    assert "L500 375" in third.tolerance


def test_channels_that_are_given_the_same_share_a_picture() -> None:
    [group] = picture(target_ma=[40, 40], max_ma=[80, 80]).groups
    assert group.channels == (1, 3)


def test_more_cycles_than_anybody_could_tell_apart_are_drawn_as_a_block() -> None:
    shown = picture(repeat=1000, ramp_up_s=0, ramp_down_s=0, on_s=0.3, off_s=0.3)
    assert not shown.dense
    shown = picture(repeat=1100, ramp_up_s=0, ramp_down_s=0, on_s=0.3, off_s=0.3)
    assert shown.dense
    assert shown.groups[0].target == "M0 1000L0 500L10000 500L10000 1000Z"
