"""Late records, order, isolation: whatever the rule."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.wire.messages import Telemetry
from fleet.safety.finders import telemetry as finders
from fleet.safety.judging import _TELEMETRY, Watch
from fleet.safety.signals import Fall, News, Rise, Weigh
from tests.fleet.safety.bedside import Bedside, idle, only, status, told

OFF = ["electrode", "ok", "off"]
BURNS = [[60.0] * 10, [39.9] * 10, [0.0] * 10]


def test_a_late_record_makes_a_late_alert_with_the_time_of_the_event() -> None:
    bed = Bedside()
    bed.telemetry(100)
    rise = only(bed.telemetry(20, late=True, ma=BURNS))
    assert rise.late
    assert rise.at_ms == 1_763_788_020_000


def test_late_records_tell_once_what_lasted() -> None:
    bed = Bedside()
    bed.telemetry(100)
    news = [told(bed.telemetry(second, late=True, ma=BURNS)) for second in range(20, 30)]
    assert news == [[("late", "over_current", 1)], *[[]] * 9]


def test_what_late_records_tell_of_another_day_is_told_anew() -> None:
    bed = Bedside()
    bed.telemetry(10_000)
    assert told(bed.telemetry(20, late=True, ma=BURNS)) == [("late", "over_current", 1)]
    assert told(bed.telemetry(4_000, late=True, ma=BURNS)) == [("late", "over_current", 1)]


def test_late_records_need_the_same_time_to_be_true_as_live_ones() -> None:
    bed = Bedside()
    bed.telemetry(100)
    low = ["low_current", "ok", "off"]
    news = [told(bed.telemetry(second, late=True, contact=low)) for second in range(20, 32)]
    assert news == [*[[]] * 10, [("late", "low_current", 1)], []]


def test_a_late_record_ends_nothing_that_is_true_now() -> None:
    bed = Bedside()
    bed.telemetry(100, contact=OFF)
    assert bed.telemetry(20, late=True) == []
    assert bed.watch.slots["electrode_off"][1].told


def test_what_is_told_and_true_is_not_told_again_as_late() -> None:
    bed = Bedside()
    bed.telemetry(100, contact=OFF)
    assert bed.telemetry(20, late=True, contact=OFF) == []


def test_a_late_event_is_late() -> None:
    assert told(Bedside().event(1, "estop", late=True)) == [("late", "estop", None)]


def test_a_status_that_the_broker_kept_confirms_nothing_and_ends_nothing() -> None:
    bed = Bedside()
    bed.status(1, conditions=("estop",))
    assert bed.status(2, is_live=False) == []
    assert bed.watch.slots["estop"][0].told
    assert told(Bedside().status(2, is_live=False, conditions=("estop",))) == [("late", "estop", None)]


def test_what_came_out_of_order_is_judged_and_moves_nothing_back() -> None:
    bed = Bedside()
    bed.telemetry(3)
    assert told(bed.telemetry(2, ma=BURNS)) == [("+", "over_current", 1), ("-", "over_current", 1)]
    assert "over_current" not in bed.watch.slots


def test_an_older_status_ends_nothing() -> None:
    bed = Bedside()
    bed.status(5, conditions=("estop",))
    assert bed.status(4) == []
    assert told(bed.status(600)) == [("-", "estop", None)]


def test_a_goodbye_ends_nothing() -> None:
    bed = Bedside()
    bed.telemetry(1, contact=OFF)
    assert bed.says(idle(2, state="offline")) == []


def test_a_new_boot_that_is_idle_ends_what_flowed_in_the_one_before() -> None:
    bed = Bedside()
    bed.telemetry(100, contact=OFF)
    assert told(bed.says(idle(200, boot=8))) == [("-", "electrode_off", 1)]


def test_a_rule_that_raises_an_exception_is_reported_and_all_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bed = Bedside()
    bed.telemetry(1, contact=OFF)

    def breaks(*_args: Any) -> list[Any]:
        raise ZeroDivisionError("no pads")

    broken = tuple((rule, breaks if rule == "electrode_off" else find) for rule, find in _TELEMETRY)
    monkeypatch.setattr("fleet.safety.judging._TELEMETRY", broken)
    assert told(bed.telemetry(2, ma=BURNS)) == [("+", "over_current", 1)]
    assert bed.broken == ["electrode_off"]
    assert bed.watch.slots["electrode_off"][1].told  # a broken rule clears nothing


@pytest.mark.parametrize("rule", finders.FINDERS)
def test_every_rule_may_break_and_the_others_find_what_they_find(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_args: Any) -> list[Any]:
        raise KeyError(rule)

    broken = tuple((name, breaks if name == rule else find) for name, find in _TELEMETRY)
    monkeypatch.setattr("fleet.safety.judging._TELEMETRY", broken)
    bed = Bedside()
    news = bed.telemetry(1, contact=OFF, ma=BURNS, temp_c=60.0, soc=20.0)
    found = {one.key.rule for one in news if isinstance(one, Rise)}
    expected = {"electrode_off", "over_current", "over_temperature", "battery_low"} - {rule}
    assert found == expected
    assert bed.broken == [rule]


def test_what_eases_is_told_less_urgent_once_every_source_says_so() -> None:
    """A device in session tells its temperature in its telemetry and in its status."""
    bed = Bedside()
    bed.telemetry(1, temp_c=56.0)
    assert bed.status(1.5, temp_c=56.0) == []
    assert bed.telemetry(2, temp_c=50.0) == []
    [eased] = bed.status(2.5, temp_c=50.0)
    assert isinstance(eased, Weigh)
    assert (eased.priority, eased.facts["temp_c"]) == ("medium", 50.0)
    [worse] = bed.telemetry(3, temp_c=57.0)
    assert isinstance(worse, Weigh)
    assert worse.priority == "high"


def test_calm_judging_remembers_nothing() -> None:
    bed = Bedside()
    for second in range(1, 100):
        bed.telemetry(second)
    assert (bed.watch.slots, bed.watch.touched) == ({}, {})


def test_arrays_of_unlike_length_are_judged_as_far_as_they_go() -> None:
    """The codec holds them together; a rule must not depend on it."""
    said = Telemetry(
        boot=7, seq=1, up_ms=1000, t=0, session="s", phase="on", elapsed_ms=0, every_ms=100,  # type: ignore[arg-type]
        set_ma=(10.0,), ma=((50.0,),), ohm=(None,), contact=("ok",), charge_uc=(0.0,), pulses=(0,),  # type: ignore[arg-type]
    )  # fmt: skip
    watch = Watch(1)
    watch.telemetry(said, 1000, late=False)
    assert told(watch.news) == [("+", "over_current", 1)]


def test_a_status_in_session_is_no_end_of_it() -> None:
    bed = Bedside()
    bed.telemetry(1, ma=BURNS)
    assert bed.says(status(2, state="paused", output="off")) == []


_SECOND = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["telemetry", "status", "idle", "late"]),
        "pause_s": st.integers(1, 20),
        "contact": st.sampled_from(["ok", "electrode", "low_current", "unknown", "timeout", "off"]),
        "ma": st.sampled_from([0.0, 20.0, 39.8, 60.0, 120.0]),
        "ohm": st.sampled_from([None, 820, 9_500, 48_000]),
        "phase": st.sampled_from(["on", "rest", "ramp_up"]),
        "temp_c": st.sampled_from([None, 30.0, 44.0, 50.0, 60.0]),
        "soc": st.sampled_from([None, 4.0, 9.0, 20.0, 80.0]),
        "conditions": st.sampled_from([(), ("electrode_off:1",), ("estop",), ("overtemp", "fault:hv")]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_SECOND, max_size=30))
def test_whatever_a_device_says_what_is_told_rises_before_it_falls_and_nothing_outlives_its_session(
    story: list[dict[str, Any]],
) -> None:
    bed, second = Bedside(), 0
    standing: set[tuple[str, int | None]] = set()
    for said in story:
        second += said["pause_s"]
        for one in _say(bed, second, said):
            key = (one.key.rule, one.key.channel)
            if isinstance(one, Rise) and not one.late:
                assert key not in standing, key
                standing.add(key)
            elif isinstance(one, Fall):
                assert key in standing, key
                standing.discard(key)
            elif isinstance(one, Weigh):
                assert key in standing, key
        assert standing == {
            (slot.rule, slot.channel or None)
            for channels in bed.watch.slots.values()
            for slot in channels.values()
            if slot.told
        }
        if said["kind"] == "idle":
            assert not {rule for rule, _channel in standing} & {
                "over_current",
                "current_density",
                "low_current",
            }
    assert not bed.broken


def _say(bed: Bedside, second: int, said: dict[str, Any]) -> list[News]:
    if said["kind"] == "status":
        return bed.status(second, conditions=said["conditions"], temp_c=said["temp_c"])
    if said["kind"] == "idle":
        return bed.says(idle(second, conditions=said["conditions"]))
    return bed.telemetry(
        second,
        late=said["kind"] == "late",
        contact=[said["contact"], "ok", "off"],
        ohm=[said["ohm"], 905, None],
        ma=[[said["ma"]] * 10, [39.9] * 10, [0.0] * 10],
        phase=said["phase"],
        temp_c=said["temp_c"],
        soc=said["soc"],
    )
