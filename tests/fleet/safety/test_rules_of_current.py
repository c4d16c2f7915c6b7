"""What flows into somebody: every sample of every channel is judged."""

from typing import Any

import pytest

from fleet.safety import texts
from fleet.safety.rules import limits_of
from fleet.safety.words import Priority
from fleet.safety.yardstick import UNKNOWN, Knowledge
from tests.fleet.safety.bedside import Bedside, document, idle, only, told

CALM = [39.8] * 10


def said(rise: Any) -> str:
    """The sentence that people read, with the alert's channel."""
    return texts.sentence(
        type(
            "A",
            (),
            {
                "rule": rise.key.rule,
                "channel": rise.key.channel,
                "subject": "",
                "facts": rise.facts,
                "priority": rise.priority.value,
            },
        )()
    )


def test_a_calm_session_tells_nothing() -> None:
    bed = Bedside()
    assert [bed.telemetry(second) for second in range(1, 60)] == [[]] * 59
    assert not bed.watch.slots


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("sample", range(10))
def test_every_one_of_the_samples_is_judged(channel: int, sample: int) -> None:
    ma = [list(CALM), list(CALM), [0.0] * 10]
    ma[channel][sample] = 56.0
    rise = only(Bedside().telemetry(1, ma=ma))
    assert (rise.key.rule, rise.key.channel, rise.priority) == ("over_current", channel + 1, Priority.HIGH)
    assert rise.facts == {"ma": 56.0, "set_ma": 40.0}
    assert rise.in_session


def test_all_forty_samples_of_four_channels_are_judged() -> None:
    for channel in range(4):
        for sample in range(10):
            ma = [[0.0] * 10 for _ in range(4)]
            ma[channel][sample] = 150.0
            bed = Bedside(channels=4, electrode_cm2=(None,) * 4)
            news = bed.telemetry(
                1,
                set_ma=[0.0] * 4,
                ma=ma,
                ohm=[None] * 4,
                contact=["unknown"] * 4,
                charge_uc=[0] * 4,
                pulses=[0] * 4,
            )
            assert ("+", "over_current", channel + 1) in told(news)


def test_a_third_more_than_set_is_within_what_instruments_show() -> None:
    assert Bedside().telemetry(1, ma=[[51.9] * 10, CALM, [0.0] * 10]) == []


def test_a_milliampere_more_at_a_small_setting_is_no_over_current() -> None:
    assert Bedside().telemetry(1, set_ma=[2.0, 40.0, 0], ma=[[3.9] * 10, CALM, [0.0] * 10]) == []


def test_current_that_was_set_before_somebody_turned_down_is_no_over_current() -> None:
    bed = Bedside()
    bed.telemetry(1)
    assert bed.telemetry(2, set_ma=[10.0, 40.0, 0], ma=[[40.0] * 5 + [10.0] * 5, CALM, [0.0] * 10]) == []
    rise = only(bed.telemetry(3, set_ma=[10.0, 40.0, 0], ma=[[40.0] * 10, CALM, [0.0] * 10]))
    assert rise.facts["set_ma"] == 10.0


def test_more_than_the_protocol_allows_is_told_with_its_maximum() -> None:
    rise = only(Bedside().telemetry(1, set_ma=[90.0, 40.0, 0], ma=[[90.0] * 10, CALM, [0.0] * 10]))
    assert rise.facts == {"ma": 90.0, "set_ma": 90.0, "max_ma": 80, "max_of": "protocol"}
    assert said(rise) == "Channel 1: 90 mA, above the protocol's maximum of 80 mA"


def test_more_than_the_device_can_is_told_where_no_protocol_says_less() -> None:
    bed = Bedside(knowledge=UNKNOWN, protocol=None)
    rise = only(bed.telemetry(1, step=None, set_ma=[110.0, 40.0, 0], ma=[[110.0] * 10, CALM, [0.0] * 10]))
    assert said(rise) == "Channel 1: 110 mA, above the device's maximum of 100 mA"


def test_current_on_a_channel_that_the_protocol_does_not_use_is_over_current() -> None:
    news = Bedside().telemetry(1, set_ma=[40.0, 40.0, 20.0], ma=[CALM, CALM, [20.0] * 10], contact=["ok"] * 3)
    assert only(news).key.channel == 3


def test_over_current_is_over_after_three_seconds_without_it() -> None:
    bed = Bedside()
    bed.telemetry(1, ma=[[60.0] * 10, CALM, [0.0] * 10])
    assert [told(bed.telemetry(second)) for second in range(2, 6)] == [[], [], [], [("-", "over_current", 1)]]


def test_over_current_that_gets_worse_is_told_again_and_not_every_second() -> None:
    bed = Bedside()
    bed.telemetry(1, ma=[[56.0] * 10, CALM, [0.0] * 10])
    assert bed.telemetry(2, ma=[[57.0] * 10, CALM, [0.0] * 10]) == []
    assert told(bed.telemetry(3, ma=[[70.0] * 10, CALM, [0.0] * 10])) == [("~", "over_current", 1)]


def test_the_end_of_the_session_ends_what_flowed() -> None:
    bed = Bedside()
    bed.telemetry(1, ma=[[60.0] * 10, CALM, [0.0] * 10])
    assert told(bed.says(idle(1.5))) == [("-", "over_current", 1)]


def test_a_session_that_ends_within_the_off_delay_ends_what_flowed() -> None:
    bed = Bedside()
    bed.telemetry(1, ma=[[60.0] * 10, CALM, [0.0] * 10])
    bed.telemetry(2)
    assert told(bed.says(idle(2.5))) == [("-", "over_current", 1)]


def test_missing_data_never_clears() -> None:
    bed = Bedside()
    bed.telemetry(1, ma=[[60.0] * 10, CALM, [0.0] * 10])
    assert bed.status(600) == []  # still in session, and no word of the current for ten minutes
    assert bed.watch.slots["over_current"][1].told


def test_a_sites_own_limit_counts() -> None:
    bed = Bedside(limits=limits_of({"over_current": {"excess_percent": 10}}, version=3))
    rise = only(bed.telemetry(1, ma=[[48.0] * 10, CALM, [0.0] * 10]))
    assert rise.rule_version == 3


def test_density_is_judged_by_the_part_of_the_pad_that_touches() -> None:
    """40 mA at 50 Hz x 250 µs: 6.3 mA r.m.s.; a fifth of 16 cm² in contact makes 2 mA/cm²."""
    bed = Bedside(electrode_cm2=(16.0, 16.0, 16.0))
    assert bed.telemetry(1) == []
    rise = only(bed.telemetry(2, ohm=[9_000, 905, None]))
    assert (rise.key.rule, rise.priority) == ("current_density", Priority.MEDIUM)
    assert rise.facts == {"ma_per_cm2": 1.97, "limit_ma_per_cm2": 1.5, "contact_percent": 20}
    assert said(rise) == (
        "Channel 1: about 1.97 mA/cm² r.m.s. under the electrode, limit 1.5 (about 20 % of it in contact)"
    )
    assert told(bed.telemetry(3, ohm=[9_000, 905, None], ma=[[42.0] * 10, CALM, [0.0] * 10])) == [
        ("~", "current_density", 1)
    ]
    slot = bed.watch.slots["current_density"][1]
    assert slot.priority is Priority.HIGH


def test_density_eases_from_high_to_medium_only_below_its_deadband() -> None:
    bed = Bedside(electrode_cm2=(16.0, 16.0, 16.0))
    bed.telemetry(1, ohm=[9_000, 905, None], ma=[[42.0] * 10, CALM, [0.0] * 10])
    assert bed.telemetry(2, ohm=[9_000, 905, None], ma=[[39.9] * 10, CALM, [0.0] * 10]) == []
    assert told(bed.telemetry(3, ohm=[9_000, 905, None], ma=[[36.0] * 10, CALM, [0.0] * 10])) == [
        ("~", "current_density", 1)
    ]


@pytest.mark.parametrize("unknown", [{"ohm": [None, 905, None]}, {"contact": ["unknown", "ok", "off"]}])
def test_density_is_not_over_because_its_contact_is_not_known(unknown: dict[str, Any]) -> None:
    bed = Bedside(electrode_cm2=(16.0, 16.0, 16.0))
    high: dict[str, Any] = {"ohm": [9_000, 905, None], "ma": [[42.0] * 10, CALM, [0.0] * 10]}
    bed.telemetry(1, **high)
    for second in range(2, 9):
        assert bed.telemetry(second, **(high | unknown)) == []
    little = {"ma": [[25.0] * 10, CALM, [0.0] * 10]}  # under 1.5 mA/cm² through a fifth of the pad
    news = [told(bed.telemetry(second, **(high | unknown | little))) for second in range(9, 13)]
    assert news == [[], [], [], [("-", "current_density", 1)]]


def test_density_without_a_protocol_is_taken_from_the_charge_that_flowed() -> None:
    bed = Bedside(knowledge=UNKNOWN, protocol=None, electrode_cm2=(4.0, 50.0, 50.0))
    bed.telemetry(1, step=None)
    assert told(bed.telemetry(2, step=None, charge_uc=[1_300.0, 1_000.0, 0])) == [("+", "current_density", 1)]


def test_density_is_not_judged_where_the_pad_is_not_known() -> None:
    bed = Bedside(electrode_cm2=None)
    assert bed.telemetry(1, ohm=[9_900, 905, None]) == []


def test_charge_per_phase_by_the_protocol() -> None:
    bed = Bedside(knowledge=Knowledge(document(phase_us=1_000, max_ma=[90, 90]), is_approved=True))
    rise = only(bed.telemetry(1, set_ma=[80.0, 40.0, 0], ma=[[80.0] * 10, CALM, [0.0] * 10]))
    assert (rise.key.rule, rise.priority) == ("charge_per_phase", Priority.MEDIUM)
    assert said(rise) == "Channel 1: 80 µC a phase, limit 75 µC"


def test_charge_per_phase_by_the_devices_own_totals() -> None:
    """A phase that lasts longer than the protocol says shows in the totals alone."""
    bed = Bedside()
    bed.telemetry(1)
    rise = only(bed.telemetry(2, charge_uc=[500.0 + 50 * 80, 1000.0, 0]))
    assert rise.facts["uc"] == 80.0


def test_charge_stays_told_within_its_deadband() -> None:
    bed = Bedside(knowledge=Knowledge(document(phase_us=1_000, max_ma=[90, 90]), is_approved=True))
    bed.telemetry(1, set_ma=[80.0, 40.0, 0], ma=[[80.0] * 10, CALM, [0.0] * 10])
    for second in range(2, 8):
        assert bed.telemetry(second, set_ma=[80.0, 40.0, 0], ma=[[73.0] * 10, CALM, [0.0] * 10]) == []


@pytest.mark.parametrize("phase", ["ramp_up", "ramp_down", "rest"])
def test_between_contractions_nothing_is_over_since_less_current_flows_anyway(phase: str) -> None:
    """Else a protocol of 15 s on and 45 s off would raise the same alert every minute."""
    bed = Bedside()
    bed.telemetry(1, ma=[[60.0] * 10, CALM, [0.0] * 10])
    for second in range(2, 50):
        assert bed.telemetry(second, phase=phase, ma=[[0.0] * 10] * 3) == []
    assert [told(bed.telemetry(second)) for second in range(50, 54)] == [
        [],
        [],
        [],
        [("-", "over_current", 1)],
    ]


def test_over_current_within_a_rest_is_told() -> None:
    assert told(
        Bedside().telemetry(1, phase="rest", set_ma=[0, 0, 0], ma=[[30.0] * 10, [0.0] * 10, [0.0] * 10])
    ) == [("+", "over_current", 1)]
