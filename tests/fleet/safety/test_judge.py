"""Judging as ingest does it: with the records, in their transaction, through crashes and changes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from devices.models import Device, ProtocolDocument, State
from devices.moments import from_ms
from devices.store import states
from devices.wire.messages import Battery, ProtocolRef
from fleet.access.models import Site
from fleet.control import queries
from fleet.safety import rulesets, texts
from fleet.safety.judge import Judge
from fleet.safety.judging import _TELEMETRY
from fleet.safety.models import Alert, Condition
from tests.devices import history
from tests.devices.store.tables import T0, Ingest, packet, stored

pytestmark = pytest.mark.django_db
OFF = ("electrode", "off")
CALM: dict[str, Any] = {"conditions": (), "protocol": None}


@pytest.fixture
def device() -> Device:
    site = Site.objects.create(slug="north", name="North")
    return Device.objects.create(serial="EMS-0001", site=site)


@pytest.fixture
def ingest(device: Device) -> Ingest:
    return Ingest()


def at(seq: int) -> int:
    return T0 + 1000 * seq + 20


def says(device: Device, seq: int, **other: Any) -> Any:
    return packet(device.serial, history.telemetry(seq, **other), at(seq))


def told(device: Device, seq: int, **other: Any) -> Any:
    fields = CALM | {"up_ms": 1000 * seq, "t": T0 + 1000 * seq} | other
    return packet(device.serial, history.status(**fields), at(seq))


def alerts() -> list[tuple[str, int | None, str, int]]:
    rows = Alert.objects.order_by("pk")
    return [(one.rule, one.channel, one.state, one.count) for one in rows]


def test_an_alert_is_stored_with_the_record_that_raised_it_and_shown_by_the_device(
    device: Device, ingest: Ingest
) -> None:
    taken = ingest.take(says(device, 1, contact=OFF))
    alert = Alert.objects.get()
    assert (alert.rule, alert.channel, alert.state, alert.session) == (
        "electrode_off",
        1,
        "raised",
        history.SESSION,
    )
    assert alert.site == device.site
    assert [event["id"] for _site, event in taken.alerts] == [alert.pk]
    shown = State.objects.get(device=device).worst_alert
    assert shown is not None
    assert (shown["id"], shown["text"]) == (
        alert.pk,
        "Channel 1: electrode off and current still flows at 31.9 mA, 820 Ω",
    )
    assert ingest.desk.states[device.pk].worst_alert == shown


def test_a_device_that_measures_current_while_it_says_off_is_on_here_is_told_and_is_stopped_with_its_site(
    device: Device, ingest: Ingest
) -> None:
    off: dict[str, Any] = {"state": "idle", "output": "off", "session": None}
    ingest.take(told(device, 1, **off))
    assert list(queries.may_be_on(device.site, None, from_ms(at(1)))) == []
    for seq in (2, 3, 4):
        ingest.take(says(device, seq))
    ingest.take(told(device, 5, **off))
    assert alerts() == [("current_while_off", None, "raised", 1)]
    live = State.objects.get(device=device)
    assert (live.state, live.output) == ("idle", "on")
    assert list(queries.may_be_on(device.site, None, from_ms(at(5)))) == [device]
    ingest.crash()
    ingest.take(told(device, 20, **off))
    assert alerts() == [("current_while_off", None, "cleared", 1)]
    assert State.objects.get(device=device).output == "off"


def test_what_is_over_is_cleared_and_no_longer_the_worst(device: Device, ingest: Ingest) -> None:
    ingest.take(says(device, 1, soc=24.0))
    ingest.take(says(device, 2, soc=60.0))
    assert alerts() == [("battery_low", None, "cleared", 1)]
    assert not Condition.objects.exists()


def test_delays_survive_a_crash(device: Device, ingest: Ingest) -> None:
    for seq in range(1, 8):
        ingest.take(says(device, seq, contact=("low_current", "off")))
    ingest.crash()
    for seq in range(8, 11):
        ingest.take(says(device, seq, contact=("low_current", "off")))
    assert alerts() == []
    ingest.take(says(device, 11, contact=("low_current", "off")))
    assert alerts() == [("low_current", 1, "raised", 1)]


def test_a_crash_between_two_messages_raises_nothing_twice_and_forgets_nothing(
    device: Device, ingest: Ingest
) -> None:
    ingest.take(says(device, 1, contact=OFF))
    ingest.crash()
    ingest.take(says(device, 1, contact=OFF), says(device, 2, contact=OFF))
    assert alerts() == [("electrode_off", 1, "raised", 1)]
    ingest.crash()
    ingest.take(says(device, 3))
    assert alerts() == [("electrode_off", 1, "cleared", 1)]


def test_a_batch_that_is_not_committed_was_not_judged(
    device: Device, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.take(says(device, 1))

    def fails(*_args: Any) -> None:
        raise states.Raced

    with monkeypatch.context() as patch:
        patch.setattr("fleet.flows.states.write", fails)
        with pytest.raises(states.Raced):
            ingest.take(says(device, 2, contact=OFF))
    assert alerts() == []
    ingest.forget()
    ingest.take(says(device, 2, contact=OFF))
    assert alerts() == [("electrode_off", 1, "raised", 1)]


def test_an_alert_that_is_closed_while_true_comes_back_with_the_next_message(
    device: Device, ingest: Ingest
) -> None:
    ingest.take(says(device, 1, contact=OFF))
    Alert.objects.update(state="closed")
    ingest.take(says(device, 3, contact=OFF))
    assert alerts() == [("electrode_off", 1, "closed", 1), ("electrode_off", 1, "raised", 1)]


def test_a_changed_rule_set_is_live_within_a_second_and_named_by_the_alert(
    device: Device, ingest: Ingest
) -> None:
    warm = {"temp_c": 42.0}
    ingest.take(says(device, 1, **warm))
    rulesets.change(
        actor=None,
        site=device.site,
        changes={"over_temperature": {"warn_c": 40}},
        why="Hot summer",
        now=datetime.now(UTC),
    )
    ingest.take(says(device, 2, **warm))
    ingest.take(says(device, 3, **warm))
    assert list(Alert.objects.values_list("rule", "rule_version")) == [("over_temperature", 1)]


def test_a_protocol_is_no_longer_told_once_somebody_approved_it(device: Device, ingest: Ingest) -> None:
    protocol = ProtocolRef(id="quad-strength", version=3, sha256="ab" * 32)
    ingest.take(told(device, 1, protocol=protocol))
    assert alerts() == [("protocol_unknown", None, "raised", 1)]
    ProtocolDocument.objects.create(
        sha256=protocol.sha256, protocol_id="quad-strength", version=3, title="Q", body=b"{}",
        approved_at=datetime.now(UTC),
    )  # fmt: skip
    ingest.take(told(device, 3, protocol=protocol))
    assert alerts() == [("protocol_unknown", None, "cleared", 1)]


def test_a_protocol_that_was_withdrawn_is_told_as_such_also_in_a_session_that_runs(
    device: Device, ingest: Ingest
) -> None:
    protocol = ProtocolRef(id="quad-strength", version=3, sha256="ab" * 32)
    row = ProtocolDocument.objects.create(
        sha256=protocol.sha256, protocol_id="quad-strength", version=3, title="Q", body=b"{}",
        approved_at=datetime.now(UTC),
    )  # fmt: skip
    ingest.take(told(device, 1, protocol=protocol))
    assert alerts() == []
    row.withdrawn_at = datetime.now(UTC)
    row.save()
    ingest.take(told(device, 3, protocol=protocol))
    assert alerts() == [("protocol_unknown", None, "raised", 1)]
    assert Alert.objects.get().facts["is_withdrawn"] is True


def test_another_protocol_under_the_name_of_a_known_one_is_told_as_that(
    device: Device, ingest: Ingest
) -> None:
    """A device that took something else over than it was given says the name that it was given."""
    given = ProtocolRef(id="quad-strength", version=3, sha256="cd" * 32)
    ingest.take(told(device, 1, protocol=given))
    assert "is_other" not in Alert.objects.get().facts
    ProtocolDocument.objects.create(
        sha256="ab" * 32, protocol_id="quad-strength", version=3, title="Q", body=b"{}",
        approved_at=datetime.now(UTC),
    )  # fmt: skip
    ingest.take(told(device, 3, protocol=given))
    alert = Alert.objects.get()
    assert alert.facts["is_other"] is True
    assert "has another one under that name" in texts.sentence(alert)


def test_a_planned_end_survives_a_crash(device: Device, ingest: Ingest) -> None:
    ingest.take(
        packet(device.serial, history.event(1, "session_started", data={"planned_ms": 10_000}), at(1)),
        told(device, 1),
    )
    ingest.crash()
    ingest.take(says(device, 41, elapsed_ms=40_500))
    assert alerts() == [("overrun", None, "raised", 1)]


def test_late_records_make_late_alerts_and_change_no_tile(device: Device, ingest: Ingest) -> None:
    ingest.take(says(device, 600))
    ingest.take(packet(device.serial, history.telemetry(5, late=True, contact=OFF), at(601)))
    alert = Alert.objects.get()
    assert (alert.late, alert.state) == (True, "cleared")
    assert alert.raised_at == datetime.fromtimestamp((T0 + 5_020) / 1000, UTC)


def test_a_broken_rule_is_an_alert_and_the_others_go_on(
    device: Device, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_args: Any) -> list[Any]:
        raise ZeroDivisionError("no pads")

    broken = tuple((rule, breaks if rule == "electrode_off" else find) for rule, find in _TELEMETRY)
    with monkeypatch.context() as patch:
        patch.setattr("fleet.safety.judging._TELEMETRY", broken)
        for seq in (1, 2, 3):
            ingest.take(says(device, seq, contact=OFF, temp_c=60.0))
    assert {(rule, count) for rule, _n, _state, count in alerts()} == {
        ("over_temperature", 1),
        ("rule_broken", 1),
    }
    alert = Alert.objects.get(rule="rule_broken")
    assert (alert.subject, alert.device, alert.site) == ("electrode_off", None, None)
    ingest.crash()
    ingest.take(says(device, 4))
    ingest.take(says(device, 70))
    alert.refresh_from_db()
    assert alert.state == "cleared"  # it works again


def test_a_broken_rule_is_told_though_the_batch_it_broke_in_is_taken_again(
    device: Device, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_args: Any) -> list[Any]:
        raise ZeroDivisionError("no pads")

    def fails(*_args: Any) -> None:
        raise states.Raced

    monkeypatch.setattr("fleet.safety.judging._TELEMETRY", (("electrode_off", breaks),))
    with monkeypatch.context() as patch:
        patch.setattr("fleet.flows.states.write", fails)
        with pytest.raises(states.Raced):
            ingest.take(says(device, 1))
    ingest.forget()
    ingest.take(says(device, 1))
    assert alerts() == [("rule_broken", None, "raised", 1)]


def test_judging_that_fails_loses_no_record_and_says_so(
    device: Device, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def fails(*_args: Any) -> None:
            raise KeyError("conditions")

        patch.setattr("fleet.safety.judge._remember", fails)
        ingest.take(says(device, 1, contact=OFF))
    assert stored(device) == [(7, 1)]
    assert [rule for rule, *_ in alerts()] == ["rule_broken"]
    ingest.take(says(device, 2, contact=OFF))
    assert [rule for rule, *_ in alerts()] == ["rule_broken", "electrode_off"]


def test_a_rule_that_works_again_is_over_though_judging_failed_meanwhile(
    device: Device, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: Any) -> Any:
        raise ZeroDivisionError("no pads")

    with monkeypatch.context() as patch:
        patch.setattr("fleet.safety.judging._TELEMETRY", (("electrode_off", fails),))
        ingest.take(says(device, 1))
    with monkeypatch.context() as patch:
        patch.setattr("fleet.safety.judge._remember", fails)
        ingest.take(says(device, 2, contact=OFF))
    for seq in (3, 70):
        ingest.take(says(device, seq))
    told = Alert.objects.filter(rule="rule_broken").values_list("subject", "state")
    assert set(told) == {("electrode_off", "cleared"), ("judging", "cleared")}


def test_refused_messages_of_a_device_that_says_nothing_else_are_told(device: Device, ingest: Ingest) -> None:
    for second in range(1, 6):
        ingest.take(packet(device.serial, b"{}", at(second), kind="telemetry"))
    assert alerts() == [("rejects", None, "raised", 1)]
    worst = State.objects.get(device=device).worst_alert
    assert worst is not None
    assert worst["rule"] == "rejects"


def test_a_second_ingest_takes_over_what_the_first_remembered(device: Device, ingest: Ingest) -> None:
    ingest.take(says(device, 1, contact=OFF))
    second = Ingest()
    second.judge = Judge()
    second.now_ms = ingest.now_ms
    second.take(says(device, 2))
    assert alerts() == [("electrode_off", 1, "cleared", 1)]


def test_two_conditions_of_a_status_are_two_alerts_and_the_worst_is_shown(
    device: Device, ingest: Ingest
) -> None:
    ingest.take(
        told(
            device, 1, conditions=("estop",), state="fault", battery=Battery(soc=9, mv=3_600, charging=False)
        )
    )
    assert {rule for rule, *_ in alerts()} == {"estop", "battery_low"}
    worst = State.objects.get(device=device).worst_alert
    assert worst is not None
    assert worst["rule"] == "estop"
