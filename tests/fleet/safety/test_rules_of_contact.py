"""Pads and cables: what the device says of its contacts, and what it measures."""

from typing import Any

import pytest

from fleet.safety.rules import limits_of
from fleet.safety.words import Priority
from tests.fleet.safety.bedside import Bedside, idle, only, told

OFF = ["electrode", "ok", "off"]
LOW = ["low_current", "ok", "off"]
UNKNOWN = ["unknown", "ok", "off"]
NO_CURRENT = [[0.0] * 10, [39.9] * 10, [0.0] * 10]


def test_a_pad_that_is_off_is_told_at_once() -> None:
    rise = only(Bedside().telemetry(1, contact=OFF, ohm=[None, 905, None], ma=NO_CURRENT))
    assert (rise.key.rule, rise.key.channel, rise.priority) == ("electrode_off", 1, Priority.MEDIUM)
    assert rise.facts == {"ma": 40.0}


def test_a_pad_that_is_off_while_current_flows_is_high() -> None:
    rise = only(Bedside().telemetry(1, contact=OFF, ohm=[12_500, 905, None]))
    assert rise.priority is Priority.HIGH
    assert rise.facts == {"ma": 39.8, "ohm": 12_500}


def test_samples_from_before_the_pad_came_off_do_not_make_it_high() -> None:
    ma = [[39.8] * 9 + [0.3], [39.9] * 10, [0.0] * 10]
    assert only(Bedside().telemetry(1, contact=OFF, ma=ma)).priority is Priority.MEDIUM


def test_a_pair_that_can_be_no_pad_on_skin_is_off_whatever_the_device_says() -> None:
    assert told(Bedside().telemetry(1, ohm=[10_500, 905, None])) == [("+", "electrode_off", 1)]


def test_what_was_off_by_its_impedance_is_on_only_below_the_deadband() -> None:
    bed = Bedside()
    bed.telemetry(1, ohm=[10_500, 905, None])
    assert bed.telemetry(2, ohm=[9_000, 905, None]) == []
    assert told(bed.telemetry(3, ohm=[7_900, 905, None])) == [("-", "electrode_off", 1)]


def test_what_was_off_by_its_impedance_is_not_on_because_a_rest_measures_none() -> None:
    """Else a device that judges no contact itself would raise the same alert with every contraction."""
    bed = Bedside()
    assert told(bed.telemetry(1, ohm=[10_500, 905, None])) == [("+", "electrode_off", 1)]
    for second in range(2, 8):
        assert bed.telemetry(second, phase="rest", ma=[[0.0] * 10] * 3, ohm=[None] * 3) == []
    assert told(bed.telemetry(8)) == [("-", "electrode_off", 1)]


@pytest.mark.parametrize("contact", ["unknown", "timeout"])
def test_unknown_contact_neither_raises_nor_clears(contact: str) -> None:
    bed = Bedside()
    assert bed.telemetry(1, contact=[contact, "ok", "off"], ohm=[99_000, 905, None]) == []
    bed.telemetry(2, contact=OFF, ma=NO_CURRENT)
    assert bed.telemetry(3, contact=[contact, "ok", "off"]) == []
    assert bed.watch.slots["electrode_off"][1].told
    assert told(bed.telemetry(4)) == [("-", "electrode_off", 1)]


def test_each_crossing_is_told_so_that_chatter_can_be_seen() -> None:
    bed = Bedside()
    news = [told(bed.telemetry(n, contact=OFF if n % 2 else ["ok", "ok", "off"])) for n in range(1, 5)]
    assert news == [[("+", "electrode_off", 1)], [("-", "electrode_off", 1)]] * 2


def test_a_condition_of_the_status_tells_whatever_event_was_lost() -> None:
    bed = Bedside()
    assert told(bed.status(5, conditions=("electrode_off:2",))) == [("+", "electrode_off", 2)]


def test_what_the_status_says_is_not_ended_by_telemetry_that_says_otherwise() -> None:
    bed = Bedside()
    bed.status(5, conditions=("electrode_off:1",))
    assert bed.telemetry(6) == []
    assert told(bed.status(7)) == [("-", "electrode_off", 1)]


def test_what_telemetry_says_is_not_ended_by_a_status_that_does_not_know_it() -> None:
    bed = Bedside()
    bed.telemetry(1, contact=OFF, ma=NO_CURRENT)
    assert bed.status(2) == []
    assert told(bed.telemetry(3)) == [("-", "electrode_off", 1)]


def test_an_event_tells_at_once_and_the_next_status_says_whether_it_still_holds() -> None:
    bed = Bedside()
    assert told(bed.event(1, "electrode_off", channel=1, ohm=None)) == [("+", "electrode_off", 1)]
    assert bed.status(2, conditions=("electrode_off:1",)) == []
    assert told(bed.event(3, "electrode_on", channel=1)) == [("-", "electrode_off", 1)]


def test_pads_that_nobody_wears_are_not_told() -> None:
    assert Bedside().says(idle(1, conditions=("electrode_off:1",))) == []


def test_a_site_may_wait_a_moment() -> None:
    bed = Bedside(limits=limits_of({"electrode_off": {"on_delay_s": 2, "off_delay_s": 2}}))
    off: dict[str, Any] = {"contact": OFF, "ma": NO_CURRENT}
    assert [told(bed.telemetry(n, **off)) for n in (1, 2)] == [[], []]
    assert told(bed.telemetry(3, **off)) == [("+", "electrode_off", 1)]
    assert [told(bed.telemetry(n)) for n in (4, 5)] == [[], []]
    assert told(bed.telemetry(6)) == [("-", "electrode_off", 1)]


# --- low current ---


def test_low_current_is_told_after_ten_seconds() -> None:
    bed = Bedside()
    ma = [[20.0] * 10, [39.9] * 10, [0.0] * 10]
    assert [bed.telemetry(n, contact=LOW, ma=ma) for n in range(1, 11)] == [[]] * 10
    rise = only(bed.telemetry(11, contact=LOW, ma=ma))
    assert (rise.key.rule, rise.key.channel, rise.priority) == ("low_current", 1, Priority.MEDIUM)
    assert rise.facts == {"ma": 20.0, "set_ma": 40.0, "ohm": 820, "for_s": 10}


def test_a_moment_of_enough_current_begins_the_ten_seconds_anew() -> None:
    bed = Bedside()
    for n in range(1, 9):
        bed.telemetry(n, contact=LOW)
    bed.telemetry(9)
    assert [bed.telemetry(n, contact=LOW) for n in range(10, 20)] == [[]] * 10
    assert told(bed.telemetry(20, contact=LOW)) == [("+", "low_current", 1)]


def test_a_rest_says_nothing_of_the_current() -> None:
    """Contractions of five seconds between rests come to ten seconds all the same."""
    bed = Bedside()
    for n in range(1, 6):
        assert bed.telemetry(n, contact=LOW) == []
    for n in range(6, 16):
        assert bed.telemetry(n, phase="rest", contact=UNKNOWN, ma=[[0.0] * 10] * 3) == []
    assert told(bed.telemetry(16, contact=LOW)) == [("+", "low_current", 1)]


def test_less_than_set_through_whole_contractions_is_low_whatever_the_device_says() -> None:
    bed = Bedside()
    ma = [[27.0] * 10, [39.9] * 10, [0.0] * 10]
    news = [told(bed.telemetry(n, ma=ma)) for n in range(1, 13)]
    assert news == [[]] * 11 + [[("+", "low_current", 1)]]


def test_short_contractions_with_less_than_set_come_to_ten_seconds_too() -> None:
    """Four seconds on, four off: the first second of each holds its ramp, and is no sign of enough."""
    bed, short = Bedside(), [[27.0] * 10, [39.9] * 10, [0.0] * 10]
    rest = {
        "phase": "rest",
        "ma": [[0.0] * 10] * 3,
        "ohm": [None] * 3,
        "contact": ["unknown", "unknown", "off"],
    }
    news = [told(bed.telemetry(n, **({"ma": short} if n % 8 < 4 else rest))) for n in range(24)]
    assert [n for n, one in enumerate(news) if one] == [11]
    assert news[11] == [("+", "low_current", 1)]


def test_a_ramp_is_not_low_current() -> None:
    bed = Bedside()
    for n in range(1, 30):
        assert bed.telemetry(n, phase="ramp_up", ma=[[15.0] * 10, [15.0] * 10, [0.0] * 10]) == []


def test_low_current_is_over_once_enough_flows_for_two_seconds() -> None:
    bed = Bedside()
    for n in range(1, 12):
        bed.telemetry(n, contact=LOW)
    assert [told(bed.telemetry(n)) for n in (12, 13, 14)] == [[], [], [("-", "low_current", 1)]]


def test_a_pad_that_comes_off_altogether_does_not_end_the_low_current() -> None:
    bed = Bedside()
    for n in range(1, 12):
        bed.telemetry(n, contact=LOW)
    assert told(bed.telemetry(12, contact=OFF, ma=NO_CURRENT)) == [("+", "electrode_off", 1)]
    assert bed.watch.slots["low_current"][1].told
