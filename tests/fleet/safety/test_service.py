"""News become alerts in the database: one open alert a key, whoever writes."""

from datetime import UTC, datetime

import pytest

from devices.models import Device
from devices.moments import to_ms
from fleet.access.models import Site
from fleet.safety import service
from fleet.safety.models import Alert
from fleet.safety.signals import Key, Rise
from fleet.safety.words import Priority

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def device(db) -> Device:
    site = Site.objects.create(slug="ward", name="Ward")
    return Device.objects.create(serial="EMS-1", site=site, room="3")


def rise(device: Device, after_s: float = 0, *, rule: str = "electrode_off", **more) -> Rise:
    at_ms = to_ms(NOON) + round(after_s * 1000)
    fields = {"priority": Priority.MEDIUM, "in_session": True, "session": "s1"} | more
    return Rise(Key(rule, device.pk, more.pop("channel", 2)), at_ms, **fields)


def test_a_rising_is_an_alert_and_the_worst_of_its_device(device):
    applied = service.take([rise(device)], NOON)
    alert = Alert.objects.get()
    assert applied.alerts == [alert]
    assert (alert.state, alert.site, alert.raised_at) == ("raised", device.site, NOON)
    assert applied.worst[device.pk]["id"] == alert.pk
