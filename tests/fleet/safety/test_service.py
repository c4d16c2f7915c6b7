"""News become alerts in the database: one open alert a key, whoever writes."""

from datetime import UTC, datetime

import pytest

from devices.models import Device, State
from devices.moments import to_ms
from fleet.access.models import Membership, Role, Site
from fleet.safety import service
from fleet.safety.models import Alert, Entry
from fleet.safety.signals import Fall, Key, Rise
from fleet.safety.words import Disposition, Priority

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def device(db) -> Device:
    site = Site.objects.create(slug="ward", name="Ward")
    device = Device.objects.create(serial="EMS-1", site=site, room="3")
    State.objects.create(device=device)
    return device


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


def test_what_is_true_is_acknowledged_cleared_and_closed_by_a_person(device, django_user_model):
    nurse = django_user_model.objects.create_user("nurse")
    Membership.objects.create(user=nurse, site=device.site, role=Role.NURSE)
    [alert] = service.take([rise(device)], NOON).alerts
    [alert] = service.acknowledge(actor=nurse, alerts=[alert], now=NOON)
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", nurse)
    service.take([Fall(Key("electrode_off", device.pk, 2), to_ms(NOON) + 5000)], NOON)
    alert = service.close(actor=nurse, alert=alert, disposition=Disposition.ACTIONABLE, note="", now=NOON)
    assert alert.state == "closed"
    assert list(Entry.objects.order_by("pk").values_list("kind", flat=True)) == [
        "raised",
        "acknowledged",
        "cleared",
        "closed",
    ]
    assert State.objects.get(device=device).worst_alert is None
