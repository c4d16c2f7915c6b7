"""Every process killed with SIGKILL under load: nothing is lost or stored twice, no watermark lies."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows import scoring
from tests.flows.simulator import Simulator
from tests.harness import SERVERS, House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

DEVICES = 40
PARTS = ("ingest", "dispatch", "web", "worker", "courier", "beat")
VICTIMS = ("ingest", "broker", "redis", "postgres", "web")
OUTAGE_RECORDS = int(full_or(2, 20)) * DEVICES  # made while one of them is dead: about a second each
SETTLED_S = 150.0  # a device waits up to a minute between attempts to connect


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="killed-") as folder:
        var = Path(folder)
        var.chmod(0o711)  # the servers' own account must pass, when we are root
        with House(var / "house", devices=DEVICES) as house:
            yield house


@pytest.fixture
def house(shared: House) -> House:
    """One house for all these days: whatever the last one left dead runs again."""
    shared.start(*(name for name in (*SERVERS, *PARTS) if not shared.processes.is_running(name)))
    return shared


@pytest.fixture
def fleet(house: House) -> Iterator[Simulator]:
    """Every device in a session: each makes a record a second, and events."""
    with Simulator(house) as fleet:
        fleet.wait_connected()
        fleet.start_sessions()
        yield fleet


HOLDER = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"


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
        "courier",
        "beat",
    ):  # Redis and PostgreSQL were gone twice; these were never touched
        assert house.processes.is_running(name), house.processes.tail(name)
    end_of_the_day(house, fleet)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_any_two_killed_at_once_cost_no_record(house: House, fleet: Simulator) -> None:
    dice = random.Random(7)
    for _ in range(20):
        pair = dice.sample(VICTIMS, 2)
        house.kill9(*pair)
        fleet.wait_made(dice.randint(1, 4) * DEVICES)
        house.launch(*dice.sample(pair, 2))  # in any order, without waiting for one another
        for name in pair:
            house.processes.wait_ready(name)
        wait_until_stored_again(house)
    end_of_the_day(house, fleet)


def test_a_broker_that_lost_its_disk_costs_no_record(house: House, fleet: Simulator) -> None:
    kill_under_load(house, fleet, "broker", house.wipe_broker)
    house.kill9("ingest")  # what the broker keeps for it meanwhile is lost with the disk
    fleet.wait_made(OUTAGE_RECORDS)
    house.wipe_broker()
    house.start("ingest")
    wait_until_stored_again(house)
    end_of_the_day(house, fleet)


def test_a_cut_database_connection_costs_nothing_and_the_lock_of_the_one_ingest_is_held_again(
    house: House, fleet: Simulator
) -> None:
    for _ in range(int(full_or(6, 100))):
        fleet.wait_made(DEVICES // 2)  # never at the same moment of a batch
        held = house.sql(HOLDER)
        assert house.sql("SELECT pg_terminate_backend(%s)", *held[0]) == [(True,)]
        wait_for(lambda: house.sql(HOLDER) not in ([], held), within_s=20, why="nobody holds the lock")  # noqa: B023
    end_of_the_day(house, fleet)
