"""Contact that gets worse over minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.models import Device, Minute, Session, State
from fleet.access.models import Site
from fleet.safety import drift, service, texts
from fleet.safety.finders.drift import MINUTE_MS, holds, trend
from fleet.safety.models import Alert
from fleet.safety.rules import PRODUCT
from fleet.safety.signals import Fall, Key, Rise
from fleet.safety.words import Duty, Priority

LIMITS = PRODUCT["contact_drift"]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def minutes(*ohms: float) -> list[tuple[int, float]]:
    return [(at * MINUTE_MS, ohm) for at, ohm in enumerate(ohms)]


def seen(*ohms: float, window_min: float = 10) -> tuple[float, float] | None:
    return trend(minutes(*ohms), now_ms=len(ohms) * MINUTE_MS, window_min=window_min)


def test_a_pad_is_compared_with_its_best() -> None:
    assert seen(1000, 900, 800, 800, 1000, 1200) == (800, 1100)


def test_gel_that_wets_the_skin_is_no_drift() -> None:
    found = seen(1200, 1000, 900, 880, 870, 870)
    assert found is not None
    assert not holds(found, LIMITS, None)


def test_a_few_minutes_are_no_trend_and_old_minutes_say_nothing_of_now() -> None:
    assert seen(800, 900, 2000) is None
    assert trend(minutes(800, 800, 800, 2000, 2000), now_ms=20 * MINUTE_MS, window_min=60) is None


def test_what_is_told_holds_until_it_is_below_what_it_was_told_for() -> None:
    found = seen(1150, 1150, 1150, 1150)
    assert found is not None
    assert holds(found, LIMITS, 800)
    assert not holds(found, LIMITS, 830)


@pytest.fixture
def device(db: None) -> Device:
    site = Site.objects.create(slug="north", name="North")
    device = Device.objects.create(serial="EMS-0001", site=site)
    State.objects.create(device=device, session="s1", link="online", telemetry_at=NOON, lives=[], rev=1)
    Session.objects.create(
        device=device, session="s1", boot=7, started_at=NOON - timedelta(minutes=12),
        last_at=NOON, last_up_ms=0,
    )  # fmt: skip
    return device


def rolled_up(device: Device, *ohms: float) -> None:
    """Channel 1 as given, one entry a minute before noon; channel 2 stays as it is; channel 3 is never measured."""
    for ago, ohm in enumerate(reversed(ohms), 1):
        Minute.objects.create(
            device=device, minute=NOON - timedelta(minutes=ago), messages=60, samples=600, set_sum=[0, 0, 0],
            ma_min=[0, 0, 0], ma_max=[0, 0, 0], ma_sum=[0, 0, 0], ohm_sum=[60 * ohm, 60 * 820, 0], ohm_n=[60, 60, 0],
            soc_sum=0, temp_sum=0,
        )  # fmt: skip


def test_a_drying_pad_is_told_once_and_over_when_it_is_better(device: Device) -> None:
    rolled_up(device, 800, 800, 900, 1000, 1200, 1300)
    drift.look(NOON)
    drift.look(NOON + timedelta(seconds=30))
    alert = Alert.objects.get()
    assert (alert.rule, alert.channel, alert.priority, alert.in_session) == ("contact_drift", 1, "low", True)
    assert texts.sentence(alert) == "Channel 1: contact is getting worse: 800 Ω to 1250 Ω in 6 min"
    Minute.objects.update(ohm_sum=[60 * 810, 60 * 820, 0])
    drift.look(NOON + timedelta(minutes=1))
    alert.refresh_from_db()
    assert alert.state == "cleared"


def test_an_electrode_that_was_off_is_not_also_told_as_one_that_dries(device: Device) -> None:
    rolled_up(device, 255, 260, 255, 260, 20_000, 24_000)
    key = Key("electrode_off", device.pk, 1)
    rise = Rise(
        key, int((NOON - timedelta(seconds=90)).timestamp() * 1000), Priority.MEDIUM, Duty.CARE, session="s1"
    )
    service.take([rise], NOON - timedelta(seconds=90))
    drift.look(NOON)
    service.take([Fall(key, int((NOON - timedelta(seconds=60)).timestamp() * 1000))], NOON)
    drift.look(NOON + timedelta(seconds=30))
    assert list(Alert.objects.values_list("rule", flat=True)) == ["electrode_off"]


def test_minutes_of_another_session_are_another_pad(device: Device) -> None:
    Session.objects.update(started_at=NOON - timedelta(minutes=4))
    rolled_up(device, 800, 800, 900, 1300, 1300, 1300)
    drift.look(NOON)
    assert not Alert.objects.exists()


def test_missing_minutes_never_clear_and_the_end_of_the_session_does(device: Device) -> None:
    rolled_up(device, 800, 800, 900, 1000, 1200, 1300)
    drift.look(NOON)
    Minute.objects.all().delete()
    State.objects.update(link="offline")
    drift.look(NOON + timedelta(minutes=1))
    assert Alert.objects.get().state == "raised"
    State.objects.update(link="online", session=None)
    drift.look(NOON + timedelta(minutes=2))
    assert Alert.objects.get().state == "cleared"
