"""Every process killed with SIGKILL under load: nothing is lost or stored twice, no watermark lies."""

from collections.abc import Callable, Iterator

import pytest

from tests.flows import scoring
from tests.flows.simulator import Simulator
from tests.harness import House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

DEVICES = 40
VICTIMS = ("ingest", "broker", "redis", "postgres", "web")
OUTAGE_RECORDS = int(full_or(2, 20)) * DEVICES  # made while one of them is dead: about a second each
SETTLED_S = 150.0  # a device waits up to a minute between attempts to connect


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    house = make_house(devices=DEVICES)
    house.start("ingest", "dispatch", "web", "worker", "beat")
    return house


@pytest.fixture
def fleet(house: House) -> Iterator[Simulator]:
    """Every device in a session: each makes a record a second, and events."""
    with Simulator(house) as fleet:
        fleet.wait_connected()
        fleet.start_sessions()
        yield fleet


def kill_under_load(house: House, fleet: Simulator, victim: str, revive: Callable[[], None]) -> None:
    """Kill one, let the others live with it for a while, and bring it back."""
    house.kill9(victim)
    fleet.wait_made(OUTAGE_RECORDS)
    revive()
    wait_until_stored_again(house)


def wait_until_stored_again(house: House) -> None:
    before = scoring.stored(house)
    wait_for(
        lambda: scoring.stored(house) >= before + DEVICES,
        within_s=60,
        every_s=0.2,
        why=lambda: f"nothing more is stored:\n{house.processes.tail('ingest')}",
    )


def end_of_the_day(house: House, fleet: Simulator) -> None:
    """Sessions end, buffers empty, and everything is held against the truth."""
    fleet.stop_sessions()
    fleet.wait_all_forgotten(within_s=SETTLED_S)
    fleet.leave()
    house.stop("ingest")  # its last roll-ups are written
    scoring.assert_all_is_right(house, fleet.truth)


def test_whoever_is_killed_under_load_each_record_is_stored_once_and_no_watermark_lies(
    house: House, fleet: Simulator
) -> None:
    for _ in range(2):
        for victim in VICTIMS:
            kill_under_load(house, fleet, victim, lambda victim=victim: house.start(victim))
    for name in (
        "dispatch",
        "worker",
        "beat",
    ):  # Redis and PostgreSQL were gone twice; these were never touched
        assert house.processes.is_running(name), house.processes.tail(name)
    end_of_the_day(house, fleet)


def test_a_broker_that_lost_its_disk_costs_no_record(house: House, fleet: Simulator) -> None:
    kill_under_load(house, fleet, "broker", house.wipe_broker)
    house.kill9("ingest")  # what the broker keeps for it meanwhile is lost with the disk
    fleet.wait_made(OUTAGE_RECORDS)
    house.wipe_broker()
    house.start("ingest")
    wait_until_stored_again(house)
    end_of_the_day(house, fleet)
