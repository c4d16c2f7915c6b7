import pytest

from devices.models import Device
from fleet.access.models import Site
from tests.devices.store.tables import Ingest


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(slug="north", name="North")


@pytest.fixture
def device(site: Site) -> Device:
    return Device.objects.create(serial="EMS-0001", site=site)


@pytest.fixture
def other(site: Site) -> Device:
    return Device.objects.create(serial="EMS-0002", site=site)


@pytest.fixture
def ingest(device: Device, other: Device) -> Ingest:
    """Ingest over two enrolled devices, with nothing heard yet."""
    return Ingest()
