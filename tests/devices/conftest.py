"""A site, and a folder for the broker's files."""

import pytest

from fleet.access.models import Site


@pytest.fixture
def folder(tmp_path, settings):
    """The broker's folder, with no broker running."""
    settings.MQTT_ACCOUNTS_DIR = str(tmp_path / "mqtt")
    settings.MQTT_PID_FILE = str(tmp_path / "mqtt" / "mosquitto.pid")
    settings.MQTT_SERVER_ACCOUNTS = "_ingest:ingest-password,_dispatch:dispatch-password"
    settings.MQTT_BENCH_ACCOUNT = ""
    (tmp_path / "mqtt").mkdir()
    return tmp_path / "mqtt"


@pytest.fixture
def north(db):
    return Site.objects.create(slug="north", name="North clinic")
