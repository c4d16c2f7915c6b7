"""Current that a device does not admit: its status says off, and what it measures, or says itself, does not."""

from typing import Any

import pytest

from fleet.safety import texts
from fleet.safety.models import Alert
from tests.fleet.safety.bedside import Bedside, idle, only, told

RAISED = [("+", "current_while_off", None)]
OVER = [("-", "current_while_off", None)]
CALM: dict[str, Any] = {"ma": [[0.0] * 10] * 3, "phase": "rest"}


@pytest.fixture
def bed() -> Bedside:
    """A device that says that it is idle."""
    bed = Bedside()
    bed.says(idle(10))
    return bed


def test_current_that_goes_on_while_the_device_says_off_is_high(bed: Bedside) -> None:
    assert bed.telemetry(11) == []
    assert bed.telemetry(12) == []
    rise = only(bed.telemetry(13))
    assert (rise.key.rule, rise.priority, rise.facts["ma"]) == ("current_while_off", "high", 39.9)
    alert = Alert(rule=rise.key.rule, facts=rise.facts, priority=rise.priority)
    assert texts.sentence(alert) == "39.9 mA measured, though the device says that its output is off"


def test_the_status_that_follows_a_start_within_its_time_is_no_lie(bed: Bedside) -> None:
    """Telemetry of a session that began may overtake the status that tells of it."""
    bed.telemetry(11)
    bed.telemetry(12)
    assert bed.status(12.1) == []
    assert [bed.telemetry(second) for second in range(13, 20)] == [[]] * 7


def test_what_flowed_before_the_status_is_no_lie(bed: Bedside) -> None:
    tail = [39.0, 39.0, *[0.0] * 8]  # to 10.2 s: so long a sample may still hold what flowed before
    assert bed.telemetry(11, ma=[tail, tail, [0.0] * 10]) == []
    assert "current_while_off" not in bed.watch.slots


def test_that_it_says_off_again_ends_nothing_while_it_measures_in_a_session_it_does_not_name(
    bed: Bedside,
) -> None:
    for second in (11, 12, 13):
        bed.telemetry(second)
    assert bed.says(idle(13.5)) == []
    assert bed.telemetry(14, **CALM) == []
    assert bed.says(idle(14.5)) == []
    assert bed.telemetry(15) == []


def test_short_contractions_with_long_rests_add_up(bed: Bedside) -> None:
    bed.telemetry(11)
    assert [bed.telemetry(second, **CALM) for second in range(12, 30)] == [[]] * 18
    assert told(bed.telemetry(30)) == RAISED


@pytest.mark.parametrize(
    "said",
    [{"state": "running", "output": "on"}, {"state": "paused", "output": "off"}],
    ids=["it admits it", "it is paused, and measures nothing"],
)
def test_it_is_over_when_a_status_agrees_with_what_is_measured(bed: Bedside, said: dict[str, Any]) -> None:
    for second in (11, 12, 13):
        bed.telemetry(second)
    bed.telemetry(14, **CALM)
    assert told(bed.status(14.5, **said)) == OVER


def test_it_is_over_when_it_says_off_and_has_measured_nothing_for_two_seconds(bed: Bedside) -> None:
    for second in (11, 12, 13):
        bed.telemetry(second)
    assert bed.says(idle(14.9)) == []
    assert told(bed.says(idle(15.1))) == OVER


def test_it_is_over_with_a_new_boot(bed: Bedside) -> None:
    for second in (11, 12, 13):
        bed.telemetry(second)
    assert told(bed.says(idle(14, boot=8))) == OVER


@pytest.mark.parametrize("state", ["idle", "ready", "charging", "paused", "fault"])
def test_an_output_that_is_on_in_a_state_in_which_it_is_to_be_off_is_high(state: str) -> None:
    bed = Bedside()
    assert [one for one in bed.status(5, state=state) if one.key.rule == "current_while_off"] == []
    rise = only([one for one in bed.status(20, state=state) if one.key.rule == "current_while_off"])
    alert = Alert(rule=rise.key.rule, facts=rise.facts, priority=rise.priority)
    assert "output is on" in texts.sentence(alert)
    assert OVER[0] in told(bed.says(idle(21)))


@pytest.mark.parametrize("state", ["paused", "fault"])
def test_an_output_that_ramps_down_in_a_pause_is_on_its_way_there(state: str) -> None:
    bed = Bedside()
    for second in (5, 20):
        news = bed.status(second, state=state, output="ramping")
        assert [one for one in news if one.key.rule == "current_while_off"] == []


def test_of_two_devices_under_one_serial_neither_refutes_the_other(bed: Bedside) -> None:
    bed.link("conflict", 10.5)
    news = [bed.telemetry(second, disputed=True) for second in range(11, 16)]
    assert news == [[]] * 5


def test_late_records_refute_no_status_of_now(bed: Bedside) -> None:
    bed.says(idle(100))
    assert [bed.telemetry(second, late=True) for second in range(101, 106)] == [[]] * 5
