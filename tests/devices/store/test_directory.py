"""Who is enrolled, as ingest knows it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import BrokerAccount, Device
from devices.store.directory import Directory
from fleet.access.models import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    """One that was read just now."""
    made = Directory()
    made.refresh()
    return made


def test_an_account_made_a_moment_ago_is_known_at_its_first_word(directory: Directory) -> None:
    BrokerAccount.objects.create(username="EARLY-1", password_hash="x")
    assert directory.device_of("EARLY-1") is None
    assert directory.is_account("EARLY-1")


def test_a_device_enrolled_a_moment_ago_is_taken_for_no_account_without_a_device(
    directory: Directory,
) -> None:
    site = Site.objects.create(slug="here", name="Here")
    device = Device.objects.create(serial="NEW-1", site=site)
    assert directory.device_of("NEW-1") == device.pk
    assert directory.site_of(device.pk) == site.pk


def test_a_flood_of_made_up_names_costs_a_bounded_number_of_queries(directory: Directory) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for number in range(1_000):
            assert directory.device_of(f"FLOOD-{number}") is None
    assert len(queries) <= 110
