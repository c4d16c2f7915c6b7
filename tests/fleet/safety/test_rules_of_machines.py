"""The machine itself: temperature, battery, faults, stops, clock, identity, and what it runs."""

from typing import Any

import pytest

from devices.wire.messages import Battery
from fleet.safety.words import Duty, Priority
from fleet.safety.yardstick import UNKNOWN, Knowledge
from tests.fleet.safety.bedside import T0, Bedside, document, idle, only, told


def battery(soc: float, mv: int = 3_700, *, charging: bool = False) -> Battery:
    return Battery(soc=soc, mv=mv, charging=charging)


def test_a_session_past_its_planned_end_is_told_after_half_a_minute() -> None:
    bed = Bedside()
    assert bed.telemetry(1, elapsed_ms=1_230_000) == []
    rise = only(bed.telemetry(2, elapsed_ms=1_231_000))
    assert (rise.key.rule, rise.priority) == ("overrun", Priority.MEDIUM)
    assert rise.facts == {"over_s": 31, "planned_s": 1200}


def test_without_a_plan_the_protocols_longest_session_counts() -> None:
    bed = Bedside()
    bed.watch.planned = (None, None)
    assert only(bed.telemetry(1, elapsed_ms=1_231_000)).facts["planned_by"] == "protocol"


def test_a_session_without_any_planned_end_does_not_overrun() -> None:
    bed = Bedside(knowledge=UNKNOWN, protocol=None)
    bed.watch.planned = (None, None)
    assert bed.telemetry(1, step=None, elapsed_ms=86_000_000) == []


def test_an_overrun_is_over_with_its_session() -> None:
    bed = Bedside()
    bed.telemetry(1, elapsed_ms=1_300_000)
    assert told(bed.says(idle(2))) == [("-", "overrun", None)]


def test_a_warm_device_warns_and_a_hot_one_is_high() -> None:
    bed = Bedside()
    assert only(bed.telemetry(1, temp_c=45.5)).priority is Priority.MEDIUM
    assert told(bed.telemetry(2, temp_c=55.0)) == [("~", "over_temperature", None)]
    assert bed.watch.slots["over_temperature"][0].priority is Priority.HIGH


def test_a_device_that_cools_is_told_below_the_deadband_only() -> None:
    bed = Bedside()
    bed.telemetry(1, temp_c=45.5)
    assert bed.telemetry(2, temp_c=43.5) == []
    assert told(bed.telemetry(3, temp_c=42.9)) == [("-", "over_temperature", None)]


def test_the_devices_own_word_for_too_hot_is_high() -> None:
    rise = only(Bedside().says(idle(1, conditions=("overtemp",), state="fault", temp_c=44.0)))
    assert (rise.key.rule, rise.priority) == ("over_temperature", Priority.HIGH)


def test_a_temperature_that_is_not_told_clears_nothing() -> None:
    bed = Bedside()
    bed.telemetry(1, temp_c=50.0)
    assert bed.telemetry(2, temp_c=None) == []
    assert bed.status(3, temp_c=None) == []


@pytest.mark.parametrize(
    "event, data",
    [
        ("session_ended", {"reason": "watchdog"}),
        ("boot", {"reason": "watchdog_reset"}),
    ],
)
def test_a_watchdog_that_stopped_the_device_is_high_and_stays(event: str, data: dict[str, Any]) -> None:
    bed = Bedside()
    rise = only(bed.event(1, event, **data))
    assert (rise.key.rule, rise.priority, rise.latched) == ("watchdog", Priority.HIGH, True)
    assert bed.says(idle(2)) == []


def test_a_watchdog_is_news_though_only_the_buffer_can_tell_of_it_after_the_restart() -> None:
    bed = Bedside()
    bed.says(idle(9))
    rise = only(bed.event(5, "session_ended", late=True, heard_s=11, reason="watchdog"))
    assert (rise.key.rule, rise.late, rise.in_session) == ("watchdog", False, True)
    old = only(Bedside().event(5, "boot", late=True, heard_s=126, reason="watchdog"))
    assert (old.key.rule, old.late) == ("watchdog", True)


def test_a_second_watchdog_rises_anew_whoever_closed_the_first() -> None:
    bed = Bedside()
    bed.event(1, "session_ended", reason="watchdog")
    assert told(bed.event(60, "session_ended", reason="watchdog")) == [("+", "watchdog", None)]


def test_an_emergency_stop_is_told_by_its_event_and_by_every_status() -> None:
    for tell in (
        lambda bed: bed.event(1, "estop"),
        lambda bed: bed.event(1, "fault", **{"class": "estop"}),
        lambda bed: bed.says(idle(1, conditions=("estop",), state="fault")),
        lambda bed: bed.says(idle(1, conditions=("fault:estop",), state="fault")),
    ):
        rise = only(tell(Bedside()))
        assert (rise.key.rule, rise.priority, rise.latched) == ("estop", Priority.HIGH, True)


def test_an_emergency_stop_holds_until_the_device_says_that_it_is_released() -> None:
    bed = Bedside()
    bed.event(1, "estop")
    assert bed.says(idle(2, conditions=("estop",), state="fault")) == []
    assert bed.says(idle(600, conditions=("estop",), state="fault")) == []
    assert told(bed.says(idle(615))) == [("-", "estop", None)]


def test_an_emergency_stop_that_is_released_within_seconds_is_over_once_a_status_says_so() -> None:
    bed = Bedside()
    bed.event(1, "estop")
    assert bed.says(idle(1.4)) == []  # made up before it was pressed
    assert bed.says(idle(2, conditions=("estop",), state="fault")) == []
    assert told(bed.says(idle(6))) == [("-", "estop", None)]


@pytest.mark.parametrize(
    "kind, priority", [("hv", Priority.HIGH), ("stim", Priority.HIGH), ("memory", Priority.MEDIUM)]
)
def test_a_fault_is_as_urgent_as_its_class(kind: str, priority: Priority) -> None:
    for tell in (
        lambda bed: bed.event(1, "fault", **{"class": kind, "code": "E7"}),
        lambda bed: bed.says(idle(1, conditions=(f"fault:{kind}",), state="fault")),
    ):
        rise = only(tell(Bedside()))
        assert (rise.key.rule, rise.priority, rise.duty) == ("fault", priority, Duty.TECHNICAL)


def test_two_faults_are_one_alert_as_urgent_as_the_worse() -> None:
    bed = Bedside()
    bed.says(idle(1, conditions=("fault:memory",), state="fault"))
    bed.says(idle(2, conditions=("fault:memory", "fault:hv"), state="fault"))
    slot = bed.watch.slots["fault"][0]
    assert (slot.priority, slot.facts["classes"]) == (Priority.HIGH, ["hv", "memory"])


def test_a_condition_that_no_rule_knows_and_a_fault_that_nothing_explains_are_told() -> None:
    assert only(Bedside().says(idle(1, conditions=("pump_leak",)))).facts["classes"] == ["pump leak"]
    assert only(Bedside().says(idle(1, state="fault"))).facts["classes"] == ["other"]


def test_a_low_battery_is_medium_in_session_and_low_when_idle() -> None:
    bed = Bedside()
    assert only(bed.telemetry(1, soc=24.0)).priority is Priority.LOW
    assert told(bed.telemetry(2, soc=9.0)) == [("~", "battery_low", None)]
    assert bed.watch.slots["battery_low"][0].priority is Priority.MEDIUM
    assert only(Bedside().says(idle(1, battery=battery(9.0)))).priority is Priority.LOW


def test_a_battery_that_is_charging_is_seen_to() -> None:
    bed = Bedside()
    bed.telemetry(1, soc=20.0)
    bed.says(idle(2, battery=battery(20.0)))
    assert told(bed.says(idle(3, battery=battery(20.0, charging=True), state="charging"))) == [
        ("-", "battery_low", None)
    ]


def test_the_devices_own_word_for_a_low_battery_counts() -> None:
    assert told(Bedside().says(idle(1, conditions=("low_battery",), battery=None))) == [
        ("+", "battery_low", None)
    ]


def test_a_battery_at_its_limit_does_not_flicker() -> None:
    bed = Bedside()
    bed.telemetry(1, soc=24.9)
    assert [bed.telemetry(n, soc=25.1) for n in (2, 3)] == [[], []]
    assert told(bed.telemetry(4, soc=28.0)) == [("-", "battery_low", None)]


def test_a_voltage_that_sags_is_told_whatever_the_percentage_says() -> None:
    bed = Bedside()
    assert [bed.telemetry(n, soc=80.0, mv=3_250) for n in (1, 2, 3)] == [[]] * 3
    rise = only(bed.telemetry(4, soc=80.0, mv=3_250))
    assert (rise.key.rule, rise.priority) == ("battery_dying", Priority.MEDIUM)
    assert rise.facts == {"soc": 80.0, "mv": 3_250, "for_s": 3}


def test_a_protocol_that_is_not_kept_here_is_told() -> None:
    rise = only(Bedside(knowledge=UNKNOWN, protocol=None).says(idle(1)))
    assert (rise.key.rule, rise.facts["is_known"]) == ("protocol_unknown", False)


def test_a_protocol_that_nobody_approved_is_low_idle_and_medium_in_session() -> None:
    bed = Bedside(knowledge=Knowledge(document(), is_approved=False), protocol=None)
    assert only(bed.says(idle(1))).priority is Priority.LOW
    assert told(bed.status(2)) == [("~", "protocol_unknown", None)]
    assert told(bed.status(3, protocol=None)) == [("-", "protocol_unknown", None)]


def test_a_clock_that_is_far_off_is_told_until_it_is_set() -> None:
    bed = Bedside()
    assert bed.status(1, t=T0 + 1_000 + 29_000) == []
    rise = only(bed.status(2, t=T0 + 2_000 - 90_000))
    assert (rise.key.rule, rise.facts) == ("clock_skew", {"skew_s": -90})
    assert bed.status(3, t=T0 + 3_000 + 27_000) == []
    assert told(bed.status(4)) == [("-", "clock_skew", None)]


def test_two_devices_under_one_serial_are_told_and_clear_nothing_of_each_other() -> None:
    bed = Bedside()
    bed.telemetry(1, contact=["electrode", "ok", "off"])
    assert told(bed.link("conflict", 2)) == [("+", "identity_conflict", None)]
    assert bed.telemetry(3, disputed=True) == []  # the other one's pads are on
    assert told(bed.telemetry(4, disputed=True, temp_c=50.0)) == [("+", "over_temperature", None)]
    assert told(bed.link("suspect", 60)) == [("-", "identity_conflict", None)]


def test_dropped_records_are_told_and_over_by_themselves() -> None:
    bed = Bedside()
    rise = only(bed.event(1, "dropped", boot=7, ranges=[[1, 10], [20, 29]]))
    assert (rise.key.rule, rise.priority, rise.facts) == ("records_dropped", Priority.LOW, {"records": 20})
    assert bed.status(10) == []
    assert told(bed.status(40)) == [("-", "records_dropped", None)]


def test_refused_messages_are_told_once_there_are_five_in_a_minute() -> None:
    bed = Bedside()
    assert [bed.refused(1, second) for second in (0, 20, 40, 59)] == [[]] * 4
    assert bed.refused(1, 61) == []  # the first is over a minute ago
    assert told(bed.refused(1, 62)) == [("+", "rejects", None)]
    assert bed.refused(3, 63) == []
    assert bed.status(100) == []
    assert told(bed.status(130)) == [("-", "rejects", None)]
