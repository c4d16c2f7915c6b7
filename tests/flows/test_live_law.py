"""The law of the live wall, end to end: snapshot + events = a fresh snapshot."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.flows.devices import Air, Device
from tests.flows.simulator import Simulator
from tests.flows.wall import Wall
from tests.harness import House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

DEVICES = 12
LAP_S = full_or(3, 30)
LAPS = int(full_or(3, 20))
STALLS_S = 1.0  # a tab whose drawing takes so long
AGES = ("age_ms",)
"""What a reader works out for itself."""
FAULTS: tuple[tuple[str, dict[str, float]], ...] = (
    ("link_flapping", {"down_s": 2.0, "up_s": 3.0}),
    ("link_loss", {}),
    ("electrode_off", {}),
    ("power_loss", {}),
    ("duplicates", {}),
    ("reordering", {}),
    ("estop", {}),
    ("clock_wrong", {}),
    ("late_flush", {}),
    ("cloned_identity", {}),
)


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(devices=DEVICES)
    house.start("ingest", "web", "worker", "beat")
    return house


@pytest.fixture
def fleet(house: House) -> Iterator[Simulator]:
    with Simulator(house) as fleet:
        fleet.wait_connected()
        yield fleet


@pytest.fixture
def walls(house: House) -> Iterator[list[Wall]]:
    """For each of the nurse's sites one who draws at once, and one more whose tab stalls."""
    first, second = house.people["users"]["nurse"]["sites"]
    with ExitStack() as stack:
        yield [
            stack.enter_context(Wall(house, site, ok_after_s=stalls_s))
            for site, stalls_s in ((first, 0.0), (second, 0.0), (first, STALLS_S))
        ]


def fresh(house: House, site: str) -> dict[str, dict[str, Any]]:
    """The devices of a site as the API tells them now."""
    status, body = house.api(f"devices?site={site}&limit=1000")
    assert status == 200, body
    return {one["serial"]: one for one in body["items"]}


def differences(shown: dict[str, Any], told: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What a page shows otherwise than the API tells it."""
    names = (shown.keys() | told.keys()) - set(AGES)
    return {
        name: (shown.get(name, "-"), told.get(name, "-"))
        for name in sorted(names)
        if shown.get(name, "-") != told.get(name, "-")
    }


def compare(house: House, wall: Wall, seen: Counter[str]) -> None:
    """Hold what the page showed at each device's `rev` against what the API told at that `rev`.

    A page that was told of several revisions at once never showed those between.
    """
    for serial, told in fresh(house, wall.site).items():
        wait_for(
            lambda serial=serial, told=told: wall.devices[serial]["rev"] >= told["rev"],  # type: ignore[misc]
            within_s=60,
            why=lambda serial=serial, told=told: (
                f"{serial}: shown is {wall.devices[serial]}, told was {told}"
            ),  # type: ignore[misc]
        )
        shown = wall.as_shown(serial, told["rev"])
        if shown is not None:
            assert differences(shown, told) == {}, f"{serial} at rev {told['rev']}"
            seen[serial] += 1


def agree_at_last(house: House, wall: Wall, *, within_s: float = 60.0) -> None:
    """Wait until the page shows every device at the revision that the API tells, with the same in it."""
    left: dict[str, Any] = {}

    def agree() -> bool:
        left.clear()
        for serial, told in fresh(house, wall.site).items():
            shown = wall.devices[serial]
            if shown["rev"] != told["rev"]:
                left[serial] = (shown["rev"], told["rev"])
            else:
                assert differences(shown, told) == {}, f"{serial} at rev {told['rev']}"
        return not left

    wait_for(agree, within_s=within_s, every_s=0.2, why=lambda: f"revisions differ: {left}")


def test_snapshot_and_events_are_a_fresh_snapshot_whatever_happens_to_the_devices(
    house: House, fleet: Simulator, walls: list[Wall]
) -> None:
    seen: dict[int, Counter[str]] = {n: Counter() for n in range(len(walls))}
    fleet.start_sessions()
    for lap in range(LAPS):
        struck = [(name, fleet.serials[(lap + n) % DEVICES], args) for n, (name, args) in enumerate(FAULTS)]
        for name, serial, args in struck:
            fleet.ask(fault=name, serial=serial, args=args)
        until = time.monotonic() + LAP_S
        while time.monotonic() < until:
            for n, wall in enumerate(walls):
                compare(house, wall, seen[n])
        for name, serial, _ in struck:
            fleet.ask(clear=name, serial=serial)
        for wall in walls:
            wall.resync()
            compare(house, wall, Counter())
    fleet.stop_sessions()
    fleet.leave()
    for n, wall in enumerate(walls):
        agree_at_last(house, wall)
        theirs = {one["serial"] for one in house.people["devices"] if one["site"] == wall.site}
        assert theirs <= seen[n].keys(), "some device was never compared"
        assert not wall.closed


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


@pytest.fixture
def device(air: Air) -> Device:
    return air.device()


@pytest.fixture
def wall(house: House, device: Device) -> Iterator[Wall]:
    """One who looks at the device's site."""
    [site] = [one["site"] for one in house.people["spare_devices"] if one["serial"] == device.serial]
    with Wall(house, site) as wall:
        yield wall


def test_a_device_that_speaks_before_it_is_born_is_shown_as_the_api_tells_it(
    house: House, device: Device, wall: Wall
) -> None:
    device.connect(birth=False)
    device.session = "S1"
    device.telemetry()
    wall.wait_shown(device.serial, link="online")
    agree_at_last(house, wall)
    device.status()
    wall.wait_shown(device.serial, state="running")
    agree_at_last(house, wall)
    device.goodbye()
    wall.wait_shown(device.serial, link="offline")
    agree_at_last(house, wall)


def test_what_was_told_into_the_void_is_made_good_without_a_new_page(
    house: House, device: Device, wall: Wall
) -> None:
    device.connect()
    wall.wait_shown(device.serial, state="idle")
    house.kill9("redis")
    device.session = "S2"
    device.event("session_started")
    device.status(temp_c=44.0)
    device.telemetry()
    device.wait_watermark(device.seq)
    house.start("redis")
    agree_at_last(house, wall)
    assert wall.devices[device.serial]["session"] == "S2"
    assert not wall.closed
    device.goodbye()
    wall.wait_shown(device.serial, link="offline")
    agree_at_last(house, wall)
