"""What a protocol document plans: numbers worked by hand, and laws that hold for any document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.plan import MAX_SEGMENTS, TooLong, plan_of
from devices.simulator.session import built_in
from devices.wire.messages import Limits, ProtocolDocument, ProtocolStep


def step(**fields):
    """Two cycles of 1 s up, 4 s on, 1 s down, 2 s rest, at 50 Hz and 250 µs a phase."""
    told = {
        "name": "work", "kind": "work", "repeat": 2, "frequency_hz": 50.0, "phase_us": 250.0,
        "ramp_up_s": 1.0, "on_s": 4.0, "ramp_down_s": 1.0, "off_s": 2.0,
        "target_ma": (40.0, None), "max_ma": (60.0, 80.0),
    }  # fmt: skip
    return ProtocolStep(**{**told, **fields})


def document(*steps, max_session_s=3_600, channels=(1, 3)):
    limits = Limits(max_session_s=max_session_s, max_sessions_per_day=1, min_rest_h=0)
    return ProtocolDocument(
        id="p", version=1, title="P", indication="tka", channels_used=channels,
        waveform="symmetric_biphasic", steps=steps, limits=limits,
    )  # fmt: skip


def test_a_step_is_ramp_up_on_ramp_down_rest_as_often_as_it_says() -> None:
    plan = plan_of(document(step()))
    told = [(one.phase, one.cycle, one.start_ms, one.end_ms) for one in plan.segments]
    assert told == [
        ("ramp_up", 1, 0, 1_000), ("on", 1, 1_000, 5_000), ("ramp_down", 1, 5_000, 6_000), ("rest", 1, 6_000, 8_000),
        ("ramp_up", 2, 8_000, 9_000), ("on", 2, 9_000, 13_000), ("ramp_down", 2, 13_000, 14_000),
        ("rest", 2, 14_000, 16_000),
    ]  # fmt: skip
    assert (plan.length_ms, plan.contractions) == (16_000, 2)


def test_pulses_and_charge_of_the_leading_phase_as_worked_by_hand() -> None:
    """6 s of current a cycle at 50 Hz are 300 pulses, 200 of them at 40 mA and 100 at 20 mA on the mean.

    40 mA x 250 µs = 10 µC a pulse: 2 x (200 x 10 + 100 x 5) = 5,000 µC.
    """
    first, second = plan_of(document(step())).by_channel
    assert (first.channel, first.pulses, first.charge_uc) == (1, 600, pytest.approx(5_000))
    assert (first.on_ms, first.ma_mean, first.ma_max, first.limit_ma) == (8_000, 40, 40, 60)
    assert (second.channel, second.pulses, second.limit_ma) == (3, 600, 80)


def test_planned_time_at_target_is_on_and_the_top_tenth_of_each_ramp() -> None:
    """2 x (4 s on + 0.1 s of the ramp up + 0.1 s of the ramp down)."""
    assert plan_of(document(step())).by_channel[0].at_target_ms == 8_400


def test_a_ramp_that_is_cut_below_the_target_adds_no_time_at_target() -> None:
    plan = plan_of(document(step(ramp_up_s=4.0), max_session_s=2))
    assert plan.by_channel[0].at_target_ms == 0


def test_to_tolerance_has_no_planned_charge() -> None:
    _first, second = plan_of(document(step())).by_channel
    assert (second.charge_uc, second.ma_mean, second.ma_max) == (None, None, None)


def test_the_longest_session_allowed_cuts_the_plan_in_the_middle_of_a_ramp() -> None:
    plan = plan_of(document(step(ramp_up_s=4.0), max_session_s=2))
    assert [(one.phase, one.end_ms, one.to_fraction) for one in plan.segments] == [("ramp_up", 2_000, 0.5)]
    # 100 pulses at a quarter of 10 µC
    assert plan.by_channel[0].charge_uc == pytest.approx(250)
    assert plan.contractions == 0


def test_a_moment_finds_its_phase_and_nothing_is_planned_outside() -> None:
    plan = plan_of(document(step()))
    assert [plan.at(ms).phase for ms in (0, 999, 1_000, 4_999, 5_000, 15_999)] == [
        "ramp_up", "ramp_up", "on", "on", "ramp_down", "rest",
    ]  # fmt: skip
    assert plan.at(16_000) is None
    assert plan.at(-1) is None


def test_a_document_of_millions_of_phases_is_refused_in_good_time() -> None:
    with pytest.raises(TooLong, match=str(MAX_SEGMENTS)):
        plan_of(document(step(repeat=100_000, ramp_up_s=0.001, on_s=0.001, ramp_down_s=0.001, off_s=0.001)))


def test_steps_without_any_length_plan_nothing() -> None:
    plan = plan_of(document(step(repeat=100_000, ramp_up_s=0, on_s=0, ramp_down_s=0, off_s=0)))
    assert (plan.segments, plan.length_ms, plan.by_channel[0].charge_uc) == ((), 0, 0)


@pytest.mark.parametrize("name", sorted(built_in()))
def test_the_simulator_walks_its_documents_in_the_same_phases(name):
    protocol = built_in()[name]
    plan = plan_of(protocol.document)
    walked = [(one.step, one.cycle, one.phase, one.length_ms) for one in protocol.stretches()]
    assert [(one.step, one.cycle, one.phase, one.length_ms) for one in plan.segments] == walked
    assert plan.length_ms == protocol.planned_ms()


seconds = st.floats(0, 20).map(lambda s: round(s, 3))
steps = st.builds(
    step,
    repeat=st.integers(1, 5),
    frequency_hz=st.floats(1, 120),
    phase_us=st.floats(50, 500),
    ramp_up_s=seconds,
    on_s=seconds,
    ramp_down_s=seconds,
    off_s=seconds,
    target_ma=st.tuples(st.floats(0, 100), st.none() | st.floats(0, 100)),
)


@given(st.lists(steps, min_size=1, max_size=4), st.integers(1, 200))
def test_totals_add_up_over_the_segments_and_time_has_no_holes(some, max_session_s):
    plan = plan_of(document(*some, max_session_s=max_session_s))
    ends = [0, *(one.end_ms for one in plan.segments)]
    assert [one.start_ms for one in plan.segments] == ends[:-1]
    assert ends[-1] == plan.length_ms <= 1_000 * max_session_s
    assert plan.contractions == sum(one.phase == "on" for one in plan.segments)
    for at, planned in enumerate(plan.by_channel):
        assert planned.pulses == pytest.approx(sum(one.pulses for one in plan.segments))
        if planned.charge_uc is not None:
            charges = [one.charge_uc(one.target_ma[at] or 0.0) for one in plan.segments]
            assert planned.charge_uc == pytest.approx(sum(charges))
