"""An account that speaks before its device is enrolled: kept apart, and taken in when it is claimed."""

from collections.abc import Callable

import pytest

from tests.flows.devices import Air
from tests.harness import House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

SERIAL = "EARLY-1"
_ADD = "from devices import accounts; print('password', accounts.add_account('EARLY-1')); accounts.sync()"


def test_what_an_account_said_before_its_enrolment_is_shown_nowhere_until_it_is_claimed(
    make_shared_house: Callable[..., House],
) -> None:
    house = make_shared_house()
    house.start("ingest", "web")
    password = house.manage("shell", "-v", "0", "-c", _ADD).split()[-1]
    with Air(house) as air:
        device = air.device({"serial": SERIAL, "mqtt_password": password})
        wait_for(lambda: _connects(device), within_s=60, why="the broker does not know the account")
        sent = [device.telemetry() for _ in range(5)]
        device.wait_acknowledged()
        wait_for(lambda: _kept(house) >= 6, within_s=60, why=lambda: f"{_kept(house)} messages kept")
        assert house.api(f"devices/{SERIAL}", user="admin")[0] == 404
        assert device.watermarks == []  # it may forget nothing yet

        told = house.manage("enrol", SERIAL, "--site", "north-rehab")
        assert f"manage.py enrol --claim {SERIAL}" in told
        assert house.api(f"devices/{SERIAL}/records")[1]["items"] == []
        house.manage("enrol", "--claim", SERIAL)
        wait_for(lambda: _kept(house) == 0, within_s=60, why="what was claimed is not taken in")
    _status, records = house.api(f"devices/{SERIAL}/records")
    assert [one["seq"] for one in records["items"]] == sent
    assert all(one["placed_at"] <= one["received_at"] for one in records["items"])


def _connects(device: object) -> bool:
    try:
        device.connect()  # type: ignore[attr-defined]
    except ConnectionError:
        return False
    return True


def _kept(house: House) -> int:
    return int(house.sql("SELECT count(*) FROM devices_unknownrecord WHERE serial = %s", SERIAL)[0][0])
