"""A plan is read strictly, and its waves reach who they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rollouts import plan as plans
from fleet.rollouts import waves
from fleet.rollouts.plan import Count, OfClass, Percent, Risk, Unusable
from fleet.rollouts.scene import Candidate

USUAL = {
    "waves": [{"count": 4}, {"percent": 50}, {"percent": 100}],
    "success_threshold": 0.95,
    "failure_threshold": 0.1,
    "failure_count": 2,
    "min_evaluated": 1,
    "deadline_s": 600,
    "soak_s": 60,
    "pace_per_minute": 60,
    "retries": 1,
    "advance": "automatic",
    "start_at": None,
    "window": None,
}


def test_a_plan_as_the_api_has_it_is_read():
    found = plans.read(USUAL | {"window": {"days": ["mon", "sun"], "from": "22:00", "to": "06:00"}})
    assert (found.waves, found.deadline_ms, found.soak_ms) == (
        (Count(4), Percent(50), Percent(100)),
        600_000,
        60_000,
    )
    assert found.window is not None
    assert found.window.days == frozenset({0, 6})
    assert not plans.faults(found)


@pytest.mark.parametrize(
    "change, path, code",
    [
        ({"success_threshold": None}, "success_threshold", "share"),
        ({"success_threshold": "0.95"}, "success_threshold", "share"),
        ({"success_threshold": 95}, "success_threshold", "share"),
        ({"success_threshold": float("nan")}, "success_threshold", "share"),
        ({"success_threshold": True}, "success_threshold", "share"),
        ({"failure_threshold": "10 %"}, "failure_threshold", "share"),
        ({"failure_threshold": 0}, "failure_threshold", "share"),
        ({"failure_threshold": None, "failure_count": None}, "failure_threshold", "no_failure_threshold"),
        ({"failure_count": 0}, "failure_count", "number"),
        ({"failure_count": 2.5}, "failure_count", "number"),
        ({"min_evaluated": 0}, "min_evaluated", "number"),
        ({"deadline_s": None}, "deadline_s", "missing"),
        ({"deadline_s": 3_601}, "deadline_s", "number"),
        ({"pace_per_minute": 0}, "pace_per_minute", "number"),
        ({"pace_per_minute": "60"}, "pace_per_minute", "number"),
        ({"retries": -1}, "retries", "number"),
        ({"waves": []}, "waves", "no_waves"),
        ({"waves": "all"}, "waves", "no_waves"),
        ({"waves": [{"percent": 101}]}, "waves.0.percent", "wave_percent"),
        ({"waves": [{"count": 0}]}, "waves.0.count", "wave_count"),
        ({"waves": [{"count": 1}, {"risk_class": "patients"}]}, "waves.1.risk_class", "wave_risk_class"),
        ({"waves": [{"count": 1, "percent": 5}]}, "waves.0", "wave"),
        ({"waves": [{"count": 1}] * 101}, "waves", "too_many_waves"),
        ({"advance": "perhaps"}, "advance", "advance"),
        ({"advance": None}, "advance", "advance"),
        ({"start_at": "2026-11-23T08:00"}, "start_at", "moment"),
        ({"start_at": 17}, "start_at", "moment"),
        ({"start_at": "0001-01-01T00:00+01:00"}, "start_at", "moment"),
        ({"start_at": "9999-12-31T23:59-11:00"}, "start_at", "moment"),
        ({"window": {"from": "8", "to": "17:00"}}, "window.from", "wall_clock"),
        ({"window": {"from": "08:00"}}, "window.to", "wall_clock"),
        ({"window": {"from": "08:00", "to": "08:00"}}, "window.to", "empty_window"),
        ({"window": {"from": "08:00", "to": "17:00", "days": ["monday"]}}, "window.days", "days"),
        ({"window": {"from": "08:00", "to": "17:00", "days": []}}, "window.days", "days"),
        ({"window": {"from": "08:00", "to": "17:00", "days": None}}, "window.days", "days"),
        ({"window": {"from": "08:00", "to": "17:00", "days": 0}}, "window.days", "days"),
        ({"window": "always"}, "window", "window"),
    ],
)
def test_what_cannot_be_judged_or_kept_is_refused_at_its_field(change, path, code):
    with pytest.raises(Unusable) as refused:
        plans.read(USUAL | change)
    assert [(one.path, one.code) for one in refused.value.faults] == [(path, code)]


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(Unusable) as refused:
        plans.read({})
    assert {one.path for one in refused.value.faults} == {
        "waves",
        "success_threshold",
        "deadline_s",
        "pace_per_minute",
    }


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(USUAL)), ANY, max_size=4))
def test_whatever_is_given_it_is_a_plan_or_it_is_refused(change):
    try:
        found = plans.read(USUAL | change)
    except Unusable:
        return
    assert not plans.faults(found)


def test_targets_have_their_turn_by_risk_class_and_then_by_serial():
    devices = [
        Candidate("D4"),
        Candidate("D3", Risk.LOW_RISK),
        Candidate("D9", Risk.BENCH),
        Candidate("D1"),
        Candidate("D2", Risk.STAFF),
    ]
    reaches = (OfClass(Risk.STAFF), Percent(50), Percent(100))
    placed = waves.arrange(reaches, devices)
    assert [(one.candidate.serial, one.wave, one.place) for one in placed] == [
        ("D9", 1, 1),
        ("D2", 1, 2),
        ("D3", 2, 3),
        ("D1", 3, 4),
        ("D4", 3, 5),
    ]


def test_shares_are_of_all_and_rounded_up():
    devices = [Candidate(f"D{one:03}") for one in range(300)]
    placed = waves.arrange((Percent(5), Percent(25), Percent(100)), devices)
    assert [sum(one.wave == wave for one in placed) for wave in (1, 2, 3)] == [15, 60, 225]
    assert [one.wave for one in waves.arrange((Percent(5), Percent(100)), devices[:4])] == [1, 2, 2, 2]


def test_waves_that_leave_somebody_out_are_told_with_the_number():
    devices = [Candidate(f"D{one}") for one in range(10)]
    fault = waves.unreached((Count(2), Percent(50)), devices)
    assert fault is not None
    assert fault.facts == {"left_out": 5, "devices": 10}
    assert waves.unreached((Count(2), Percent(100)), devices) is None


REACHES = st.lists(
    st.builds(Count, st.integers(1, 30))
    | st.builds(Percent, st.floats(0.1, 100))
    | st.builds(OfClass, st.sampled_from(Risk)),
    max_size=6,
)


@given(REACHES, st.lists(st.sampled_from(Risk), max_size=40))
def test_everybody_is_in_one_wave_and_none_of_a_riskier_class_comes_earlier(reaches, classes):
    devices = [Candidate(f"D{place:02}", risk) for place, risk in enumerate(classes)]
    placed = waves.arrange((*reaches, Percent(100)), devices)
    assert {one.candidate.serial for one in placed} == {one.serial for one in devices}
    assert [one.place for one in placed] == list(range(1, len(devices) + 1))
    turns = [(plans.ORDER.index(one.candidate.risk_class), one.wave) for one in placed]
    assert turns == sorted(turns)
    assert [one.wave for one in placed] == sorted(one.wave for one in placed)
