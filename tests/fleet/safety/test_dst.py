"""When the clocks change, nothing of time's work moves: it is done in UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User

from devices.moments import to_ms
from fleet.access.models import Membership, Role, Site
from fleet.safety import service
from fleet.safety.models import Alert
from fleet.safety.signals import Fall, Key, Rise
from fleet.safety.words import Priority
from tests.fleet.safety.clinic import Clinic

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)  # 02:00 becomes 03:00 there
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 03:00 becomes 02:00
CHANGES = pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])


def test_the_clocks_do_change_there_and_then():
    for change, hours in ((SPRING, 1), (AUTUMN, -1)):
        before, after = (change - timedelta(seconds=1)).astimezone(BERLIN), change.astimezone(BERLIN)
        assert after.utcoffset() - before.utcoffset() == timedelta(hours=hours)  # type: ignore[operator]


@CHANGES
def test_a_device_lost_across_the_change_is_told_after_seven_seconds(db: None, change: datetime):
    clinic = Clinic(
        Site.objects.create(slug="ward", name="Ward", time_zone="Europe/Berlin"),
        noon=change - timedelta(seconds=4),
    )
    [_lost, *others] = clinic.devices(4)
    clinic.go_on(6, others)
    assert clinic.top_lines() == []
    clinic.go_on(8, others)
    [alert] = clinic.top_lines()
    assert (alert.rule, alert.raised_at) == ("link_lost", change + timedelta(seconds=3))


@CHANGES
def test_a_shelf_of_thirty_minutes_lasts_thirty_minutes_and_closing_by_itself_ten(db: None, change: datetime):
    site = Site.objects.create(slug="ward", name="Ward", time_zone="Europe/Berlin")
    nurse = User.objects.create_user("nurse")
    Membership.objects.create(user=nurse, site=site, role=Role.NURSE)
    [device] = Clinic(site, noon=change).devices(1, session=False)
    start = change - timedelta(minutes=5)
    pad, battery = Key("electrode_off", device.pk, 1), Key("battery_low", device.pk)
    service.take([Rise(pad, to_ms(start), Priority.MEDIUM), Rise(battery, to_ms(start), Priority.LOW)], start)
    service.take([Fall(battery, to_ms(start))], start)
    service.shelve(
        actor=nurse, alert=Alert.objects.get(key=str(pad)), minutes=30, reason="new pads", now=start
    )

    def after(minutes: float) -> tuple[bool, str]:
        service.pass_time(start + timedelta(minutes=minutes))
        return Alert.objects.get(key=str(pad)).shelved_until is None, Alert.objects.get(
            key=str(battery)
        ).state

    assert after(9.9) == (False, "cleared")
    assert after(10) == (False, "closed")
    assert after(29.9) == (False, "closed")
    assert after(30) == (True, "closed")
