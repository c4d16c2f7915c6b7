"""Wills and goodbyes against the real broker, and devices whose clocks are wrong."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.flows.devices import Air, Device
from tests.harness import House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

YEAR_MS = 31_556_952_000
STEP_MS = 2_400_000
SESSION_S = full_or(6, 300)
GRACE_S = 5.0  # a will counts after this
SWEEP_S = 3.0  # the worker looks once a second, on a machine that has other things to do
DURATION_S = 1.0
STARTED_S = 20.0  # silence does not count for a while after ingest has started


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(bench=True, env={"ROLLUP_SECONDS": "1", "WATERMARK_STUCK_SECONDS": "2"})
    house.start("ingest", "web", "worker", "beat")
    return house


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


def shown(house: House, device: Device) -> dict[str, Any]:
    status, body = house.api(f"devices/{device.serial}", user="admin")
    assert status == 200, body
    return dict(body)


def wait_link(house: House, device: Device, link: str, *, within_s: float) -> float:
    """Wait until the API shows the link; return how long that took, s."""
    began = time.monotonic()
    wait_for(
        lambda: shown(house, device)["link"] == link,
        within_s=within_s,
        why=lambda: f"{device.serial} is {shown(house, device)['link']}, not {link}",
    )
    return time.monotonic() - began


def links_of(house: House, device: Device) -> list[str]:
    """Every link the device had, in order."""
    query = """SELECT c.link FROM devices_change c JOIN devices_device d ON d.id = c.device_id
               WHERE d.serial = %s ORDER BY c.rev, c.id"""
    links = [row[0] for row in house.sql(query, device.serial)]
    return [link for n, link in enumerate(links) if n == 0 or links[n - 1] != link]


def wait_silence_counts(house: House) -> None:
    """Wait until ingest has run for long enough that silence means something."""
    query = """SELECT 1 FROM devices_pulse WHERE part = 'ingest'
               AND (detail->>'silence_counts_from_ms')::bigint < extract(epoch FROM now()) * 1000"""
    wait_for(lambda: house.sql(query), within_s=STARTED_S, why="silence does not count yet")


# --- clocks ---


def live_session(device: Device, name: str, *, seconds: float, halfway: Callable[[], None]) -> float:
    """Run a session with a record a second; return how long it really lasted, s."""
    device.session = name
    device.event("session_started", {"planned_ms": round(seconds * 1000)})
    device.status()
    began_ms, began = device.up_ms(), time.monotonic()
    next_s, is_second_half = began + 1, False
    while time.monotonic() - began < seconds:
        time.sleep(max(0.0, next_s - time.monotonic()))
        next_s += 1
        if not is_second_half and time.monotonic() - began >= seconds / 2:
            is_second_half = True
            halfway()
        device.telemetry(elapsed_ms=device.up_ms() - began_ms)
    lasted_ms = device.up_ms() - began_ms
    device.event("session_ended", {"reason": "completed", "elapsed_ms": lasted_ms})
    device.session = None
    device.status()
    return lasted_ms / 1000


def put_back(device: Device) -> None:
    """Set the clock back, while everything goes on."""
    device.clock_error_ms -= STEP_MS


def buffered_session(device: Device, name: str, *, seconds: int) -> list[tuple[str, bytes]]:
    """Return (kind, body) of a session that was never sent live, one record a second."""
    device.session = name
    start_ms = device.up_ms() - (seconds + 10) * 1000
    last = seconds + 2
    bodies = [
        (
            "event",
            device.event_body(1, start_ms, "session_started", {"planned_ms": seconds * 1000}, late=True),
        )
    ]
    bodies += [
        ("telemetry", device.telemetry_body(n + 1, start_ms + n * 1000, late=True))
        for n in range(1, seconds + 1)
    ]
    bodies.append(
        (
            "event",
            device.event_body(
                last,
                start_ms + seconds * 1000,
                "session_ended",
                {"reason": "completed", "elapsed_ms": seconds * 1000},
                late=True,
            ),
        )
    )
    device.session = None
    return bodies


def session_of(house: House, device: Device, name: str) -> dict[str, Any]:
    """The session as the API tells it, once it has ended and its roll-ups are there."""

    def ended() -> dict[str, Any] | None:
        status, body = house.api(f"sessions?device={device.serial}", user="admin")
        assert status == 200, body
        return next((one for one in body["items"] if one["id"] == name and one["ended_at"]), None)

    return wait_for(ended, within_s=15, why=lambda: f"{device.serial}: session {name} has not ended")


def lasted_s(session: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(session[name]) for name in ("started_at", "ended_at"))
    return (ended - began).total_seconds()


def test_whatever_the_clock_shows_sessions_last_as_long_as_they_did_and_the_skew_is_shown(
    house: House, air: Air
) -> None:
    wall_ms = time.time_ns() // 1_000_000
    errors = {"right": 0, "+10 years": 10 * YEAR_MS, "1970": -wall_ms, "-40 min": -STEP_MS, "steps back": 0}
    devices = {name: air.device(clock_error_ms=error) for name, error in errors.items()}
    for device in devices.values():
        device.connect()
    stepper = devices["steps back"]

    def live(device: Device) -> float:
        halfway = (lambda: put_back(stepper)) if device is stepper else (lambda: None)
        return live_session(device, f"clock-{device.serial}", seconds=SESSION_S, halfway=halfway)

    with ThreadPoolExecutor(len(devices)) as pool:
        really = dict(zip(devices, pool.map(live, devices.values()), strict=True))
    errors["steps back"] = -STEP_MS
    for name, device in devices.items():
        device.wait_watermark(device.seq)
        session = session_of(house, device, f"clock-{device.serial}")
        assert lasted_s(session) == pytest.approx(really[name], abs=DURATION_S), name
        assert session["elapsed_ms"] / 1000 == pytest.approx(really[name], abs=DURATION_S), name
        began = datetime.fromisoformat(session["started_at"]).timestamp()
        assert began == pytest.approx(time.time() - SESSION_S, abs=60), name  # now, not in ten years
        assert shown(house, device)["clock_skew_ms"] == pytest.approx(errors[name], abs=1_000), name
        _, records = house.api(f"devices/{device.serial}/records?limit=1000", user="admin")
        assert not any(one["late"] for one in records["items"]), name  # a wrong clock makes nothing late


def test_a_session_told_after_a_restart_is_placed_where_it_was_although_the_clock_is_wrong(
    house: House, air: Air
) -> None:
    for error_ms in (10 * YEAR_MS, -STEP_MS, 2_000_000_000_000 - time.time_ns() // 1_000_000):
        device = air.device(clock_error_ms=error_ms, on_for_ms=120_000)
        name, seconds = f"before-{device.serial}", 60
        bodies = buffered_session(device, name, seconds=seconds)
        really_began = time.time() - seconds - 10
        device.restart(2)
        device.buffered = [{"boot": 1, "from": 1, "to": len(bodies)}]
        device.connect()
        for kind, body in random.Random(error_ms).sample(bodies, len(bodies)):
            device.say(kind, body)
        device.wait_watermark(len(bodies), boot=1)
        session = session_of(house, device, name)
        assert lasted_s(session) == pytest.approx(seconds, abs=DURATION_S)
        began = datetime.fromisoformat(session["started_at"]).timestamp()
        assert began == pytest.approx(really_began, abs=5)
        assert shown(house, device)["session"] is None  # history moves no live value


# --- wills ---


def test_a_will_counts_after_its_grace_a_goodbye_at_once_and_an_old_ones_never(
    house: House, air: Air
) -> None:
    dies, leaves, returns, restarts, haunted = (air.device() for _ in range(5))
    ghost = air.bench()
    ghost.connect(birth=False)
    for device in (dies, leaves, returns, restarts, haunted):
        device.connect()
        wait_link(house, device, "online", within_s=10)
    wait_silence_counts(house)

    leaves.goodbye()
    assert wait_link(house, leaves, "offline", within_s=SWEEP_S) < GRACE_S

    returns.connect()  # the broker throws the first connection out, and publishes its will
    restarts.restart(2)
    restarts.connect()  # the same, and the will is of an earlier boot
    haunted.drop()
    haunted.connect()
    ghost.say_as(haunted.serial, "status", Device.will(haunted.boot, haunted.conn - 1), retain=True)
    for device in (returns, restarts, haunted):
        device.telemetry()
    ghost.wait_acknowledged()

    dies.drop()
    began = time.monotonic()
    assert shown(house, dies)["link"] == "online"
    wait_link(house, dies, "offline", within_s=GRACE_S + SWEEP_S)
    assert time.monotonic() - began > GRACE_S - 1  # so the grace of the ghosts is over, too

    for device in (returns, restarts, haunted):
        device.status()
        device.wait_watermark(device.seq)
        assert shown(house, device)["link"] == "online"
        assert "offline" not in links_of(house, device)


def test_a_will_of_the_newest_connection_is_outlived_by_the_next_birth(house: House, air: Air) -> None:
    device = air.device()
    device.connect()
    device.telemetry()
    device.wait_watermark(1)
    wait_silence_counts(house)
    device.drop()
    wait_for(
        lambda: house.sql(
            "SELECT 1 FROM devices_state s JOIN devices_device d ON d.id = s.device_id"
            " WHERE d.serial = %s AND s.will_at IS NOT NULL",
            device.serial,
        ),
        within_s=5,
        why="the will did not arrive",
    )
    device.connect()
    device.telemetry()
    device.wait_watermark(2)
    time.sleep(GRACE_S + 1)  # nothing tells that a grace has passed in vain
    device.status()
    assert shown(house, device)["link"] == "online"
    assert "offline" not in links_of(house, device)
