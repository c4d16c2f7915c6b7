"""From the journals of alerts to figures: what is an alarm and what is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from devices.models import Device
from devices.moments import to_ms
from fleet.access.models import AuditEntry, Membership, Role, Site
from fleet.safety import burden_queries, explaining, service
from fleet.safety.burden_queries import Position
from fleet.safety.models import Alert
from fleet.safety.signals import Fall, Key, Rise, Weigh
from fleet.safety.words import Disposition, Duty, Priority

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def device() -> Device:
    site = Site.objects.create(slug="north", name="North", time_zone="Europe/Berlin")
    Site.objects.filter(pk=site.pk).update(created_at=NOON - timedelta(days=60))
    site.refresh_from_db()
    return Device.objects.create(serial="EMS-0001", site=site)


@pytest.fixture
def nurse(device: Device) -> User:
    user = User.objects.create_user("nurse")
    Membership.objects.create(user=user, site=device.site, role=Role.NURSE)
    return user


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def key(device: Device, channel: int | None = 1) -> Key:
    return Key("low_current", device.pk, channel)


def rise(device: Device, minutes: float, channel: int | None = 1, **other: Any) -> Alert:
    fields: dict[str, Any] = {"priority": Priority.MEDIUM, "duty": Duty.CARE} | other
    applied = service.take([Rise(key(device, channel), to_ms(at(minutes)), **fields)], at(minutes))
    return applied.alerts[0]


def fall(device: Device, minutes: float, channel: int | None = 1) -> None:
    service.take([Fall(key(device, channel), to_ms(at(minutes)))], at(minutes))


def position(device: Device, duty: Duty = Duty.CARE, until: float = 60) -> Position:
    site = device.site
    found = burden_queries.positions([site], NOON - timedelta(days=1), at(until), at(until))
    return next(one for one in found if one.duty is duty)


def test_an_alert_counts_for_the_duty_of_its_site_and_once_for_each_time_it_is_told(device: Device) -> None:
    rise(device, 0)
    fall(device, 5)
    rise(device, 10)
    assert position(device).burden.alarms == 2
    assert position(device, Duty.TECHNICAL).burden.alarms == 0


def test_what_people_do_with_an_alert_is_no_alarm(device: Device, nurse: User) -> None:
    alert = rise(device, 0)
    service.acknowledge(actor=nurse, alerts=[alert], now=at(1))
    service.comment(actor=nurse, alert=alert, text="a pad is dry", now=at(2))
    service.shelve(actor=nurse, alert=alert, minutes=30, reason="new pads come", now=at(3))
    found = position(device)
    assert found.burden.alarms == 1
    assert found.burden.answer_ms == 60_000


def test_chatter_is_counted_as_chatter_and_not_as_an_alarm_each(device: Device) -> None:
    for n in range(20):
        rise(device, n / 10)
        fall(device, n / 10 + 0.05)
    found = position(device).burden
    assert found.chattering == 1
    assert found.alarms <= 2


def test_an_alert_that_gets_worse_than_it_was_is_told_again(device: Device) -> None:
    rise(device, 0)
    worse = Weigh(key(device), to_ms(at(3)), Priority.HIGH, {})
    service.take([worse], at(3))
    found = position(device).burden
    assert (found.alarms, found.mix[Priority.HIGH]) == (2, 0.5)


def test_what_somebody_had_seen_eased_and_gets_worse_again_is_told_again(device: Device, nurse: User) -> None:
    alert = rise(device, 0, priority=Priority.HIGH)
    service.take([Weigh(key(device), to_ms(at(3)), Priority.MEDIUM, {})], at(3))
    service.acknowledge(actor=nurse, alerts=[alert], now=at(4))
    service.take([Weigh(key(device), to_ms(at(9)), Priority.HIGH, {})], at(9))
    alert.refresh_from_db()
    assert position(device).burden.alarms == alert.episode == 2


def test_what_chattered_and_is_over_is_not_stale_a_day_later(device: Device) -> None:
    for n in range(4):
        rise(device, n / 10, priority=Priority.HIGH)
        fall(device, n / 10 + 0.05)
    service.pass_time(at(5))
    found = burden_queries.positions([device.site], at(-60), at(26 * 60), at(26 * 60))[0].burden
    assert (found.chattering, found.stale, found.stale_now) == (1, 0, [])


def test_what_a_cause_explains_is_no_alarm_until_it_surfaces(device: Device) -> None:
    site = device.site
    cause = service.take(
        [Rise(Key("group_silent", site_id=site.pk, subject="ap-1"), to_ms(NOON), Priority.HIGH)], NOON
    ).alerts[0]
    rise(device, 0.1, cause_id=cause.pk)
    late = rise(device, 0.1, channel=2)
    explaining.explain([late.pk], cause_id=cause.pk, now=at(0.2))
    assert position(device).burden.alarms == 1  # the cause
    explaining.surface(cause.pk, now=at(20))
    assert position(device).burden.alarms == 3


def test_late_records_call_nobody(device: Device) -> None:
    rise(device, -300, late=True)
    assert position(device).burden.alarms == 0


def test_verdicts_of_people_count_and_of_time_do_not(device: Device, nurse: User) -> None:
    false, left = rise(device, 0), rise(device, 0, channel=2)
    for channel in (1, 2):
        fall(device, 1, channel)
    service.close(actor=nurse, alert=false, disposition=Disposition.FALSE_DATA, note="", now=at(2))
    service.pass_time(at(30))
    left.refresh_from_db()
    assert left.disposition == Disposition.UNDETERMINED
    found = position(device).burden
    assert (found.regard_now, found.judged, found.unjudged) == (1, 1, 1)


def test_the_servers_own_alerts_are_each_sites_technical_ones(device: Device) -> None:
    other = Site.objects.create(slug="south", name="South")
    service.take([Rise(Key("dispatch_silent"), to_ms(NOON), Priority.HIGH, Duty.TECHNICAL)], NOON)
    found = burden_queries.positions([device.site, other], NOON - timedelta(days=1), at(9), at(9))
    assert [(one.site.slug, one.duty.value, one.burden.alarms) for one in found] == [
        ("north", "care", 0),
        ("north", "technical", 1),
        ("south", "care", 0),
        ("south", "technical", 1),
    ]


def test_data_begins_where_alerts_began_to_be_judged_not_where_the_question_begins(device: Device) -> None:
    """The rules came with a migration of today: thirty quiet days before it were not quiet, but unknown."""
    site = device.site
    now = datetime.now(UTC)
    found = burden_queries.positions([site], now - timedelta(days=30), now, now)[0]
    assert found.days < 1
    assert not found.is_enough
    rise(device, (now - NOON) / timedelta(minutes=1) - 40 * 1440)
    assert burden_queries.positions([site], now - timedelta(days=30), now, now)[0].is_enough


def test_refused_tries_to_suppress_are_counted(device: Device) -> None:
    AuditEntry.objects.create(actor_name="x", action="denied.shelve", site=device.site)
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert burden_queries.positions([device.site], now - timedelta(days=1), now, now)[0].refused == 1


def test_the_api_tells_every_figure_and_null_for_what_is_not_known(device: Device) -> None:
    rise(device, 0)
    told = burden_queries.metrics([device.site], at(-9), at(1), at(1))
    care = told["items"][0]
    assert (care["site"], care["duty"], care["alarms"], care["per_day"]) == ("north", "care", 1, None)
    assert care["top"] == [
        {
            "rule": "low_current",
            "device": "EMS-0001",
            "channel": 1,
            "subject": None,
            "alarms": 1,
            "share": 1.0,
        }
    ]
    assert sum(care["bins"]) == 1
    assert care["standing"]["per_day"] == "unknown"
