"""A record that the database refuses is refused alone: what came with it is stored, and the watermark goes on."""

from collections.abc import Callable

import pytest

from tests.flows.devices import Air
from tests.harness import House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


def test_a_record_that_the_database_refuses_is_refused_alone(make_shared_house: Callable[..., House]) -> None:
    house = make_shared_house()
    house.start("ingest", "web")
    house.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for it'; END $$"
    )
    house.sql(
        "CREATE TRIGGER refuse BEFORE INSERT ON devices_event FOR EACH ROW"
        " WHEN (NEW.kind = 'clock_set') EXECUTE FUNCTION refuse()"
    )
    with Air(house) as air:
        device = air.device()
        device.connect()
        good = [device.telemetry(), device.telemetry()]
        bad = device.event("clock_set")
        good += [device.telemetry(), device.telemetry()]
        device.wait_watermark(good[-1])
    _status, records = house.api(f"devices/{device.serial}/records")
    assert [one["seq"] for one in records["items"]] == good
    _status, ledger = house.api(f"devices/{device.serial}/ledger")
    assert ledger["items"][0]["gaps"] == [{"from": bad, "to": bad, "reason": "rejected"}]
    wait_for(
        lambda: (
            [one["reason"] for one in house.api(f"rejects?device={device.serial}")[1]["items"]]
            == ["unstorable"]
        ),
        within_s=60,
        why=lambda: f"{house.api('rejects')}",
    )
