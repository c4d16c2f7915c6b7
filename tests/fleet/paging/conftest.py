"""A clinic with people on duty, alerts to tell of, and the other side of each channel, on loopback."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from devices.models import Device
from fleet.access.models import Membership, Role, Site
from fleet.paging.models import Turn
from fleet.safety.models import Alert
from tests.fleet.paging.others import Mailbox, Receiver

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def site(db):
    return Site.objects.create(slug="north", name="North clinic", time_zone="Europe/Berlin")


@pytest.fixture
def person(db):
    def make(username, site, role=Role.NURSE, email=True):
        user = User.objects.create_user(username, email=f"{username}@example.org" if email else "")
        Membership.objects.create(user=user, site=site, role=role)
        return user

    return make


@pytest.fixture
def nurse(person, site):
    return person("nora", site)


@pytest.fixture
def engineer(person, site):
    return person("egon", site, Role.ENGINEER)


@pytest.fixture
def on_duty(nurse, site, now):
    """The nurse, who took over an hour ago."""
    Turn.objects.create(site=site, duty="care", user=nurse, since=now - timedelta(hours=1))
    return nurse


@pytest.fixture
def device(site):
    return Device.objects.create(serial="EMS-0001", site=site, name="Bed 3", room="Room 3")


@pytest.fixture
def alert(device, now):
    """A factory of alerts as they are when they were raised a moment ago."""

    def make(rule="electrode_off", priority="high", device=device, key=None, **fields):
        return Alert.objects.create(
            key=key or f"{rule}|{Alert.objects.count()}",
            device=device,
            site=fields.pop("site", device.site if device else None),
            rule=rule,
            priority=priority,
            peak=priority,
            channel=fields.pop("channel", 2),
            facts=fields.pop("facts", {"ma": 34.0}),
            raised_at=now,
            risen_at=now,
            noted_at=now,
            in_session=fields.pop("in_session", True),
            **fields,
        )

    return make


@pytest.fixture
def mailbox(settings):
    """A mail server on loopback; the settings lead there."""
    with Mailbox() as box:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{box.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield box


@pytest.fixture
def receiver(settings):
    """A web server on loopback that takes whatever is posted; the settings allow loopback."""
    settings.TELL_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    with Receiver() as one:
        yield one
