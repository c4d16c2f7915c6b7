"""Redis, PostgreSQL and ingest away for a minute each (shorter in `make test`), and back."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fleet.embedded import roles
from tests.flows import scoring
from tests.flows.simulator import QUIET, Simulator
from tests.flows.watcher import Watcher
from tests.flows.wiretap import Receipt, Wiretap
from tests.harness import SERVERS, House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

DEVICES = 12
PARTS = ("ingest", "dispatch", "web", "worker", "courier", "beat")
OUTAGE_S = full_or(8, 60)
STALE_S = 5.0  # without a pulse the page greys out
BACK_S = 30.0  # a device that lost its connection, and a worker that lost Redis, come back within this
HOLD_S = 15.0  # no device moves towards offline for so long after ingest was away
LOW_MA, RAISED_MA = 8.0, 12.5  # no patient turns a knob by half a milliampere


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="outages-") as folder:
        var = Path(folder)
        var.chmod(0o711)  # the servers' own account must pass, when we are root
        with House(var / "house", devices=DEVICES, env={"ROLLUP_SECONDS": "2"}) as house:
            yield house


@pytest.fixture
def house(shared: House) -> House:
    """One house for all outages: whatever the last one left dead runs again."""
    shared.start(*(name for name in (*SERVERS, *PARTS) if not shared.processes.is_running(name)))
    return shared


@pytest.fixture
def fleet(house: House) -> Iterator[Simulator]:
    """Every device in a session."""
    with Simulator(house, day=f"keep_alive_s = 5\n{QUIET}") as fleet:
        fleet.wait_connected()
        fleet.start_sessions()
        before = scoring.stored(house)
        wait_for(
            lambda: scoring.stored(house) > before + 2 * DEVICES,
            within_s=30,
            every_s=0.2,
            why="nothing is stored",
        )
        yield fleet


def site_of(house: House) -> str:
    return str(house.people["users"]["nurse"]["sites"][0])


def end_of_the_day(house: House, fleet: Simulator) -> None:
    """Sessions end, buffers empty, and everything is held against the truth."""
    fleet.stop_sessions()
    fleet.wait_all_forgotten(within_s=90)
    fleet.leave()
    scoring.assert_all_is_right(house, fleet.truth)


def throughout(seconds: float, holds: Callable[[], bool], why: str) -> None:
    """Look again and again, for so long, whether it still holds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert holds(), why
        time.sleep(0.2)


def readiness(house: House) -> tuple[int, Any]:
    status, body = roles.get(f"{house.url}/readyz")
    return status, json.loads(body) if status else body


def wait_ready(house: House) -> None:
    wait_for(
        lambda: readiness(house)[0] == 200,
        within_s=BACK_S,
        every_s=0.3,
        why=lambda: f"not ready again: {readiness(house)}",
    )


# --- Redis ---


def test_without_redis_ingest_goes_on_the_wall_goes_stale_and_recovers_by_itself(
    house: House, fleet: Simulator
) -> None:
    with Watcher(house, site_of(house)) as wall:
        house.kill9("redis")
        wait_for(lambda: wall.silent_s() > STALE_S, within_s=STALE_S + 5, why="the wall still has a pulse")
        before = scoring.stored(house)
        throughout(
            max(1.0, OUTAGE_S - STALE_S), lambda: wall.silent_s() > STALE_S, "a pulse came without Redis"
        )
        assert scoring.stored(house) > before, "ingest stopped with Redis"
        assert readiness(house)[0] == 503
        house.start("redis")
        wall.wait_pulse(within_s=BACK_S)
        wait_ready(house)  # worker and beat found back, too
        wait_for(
            lambda: same_as_fresh(house, wall), within_s=BACK_S, every_s=0.2, why="the wall did not catch up"
        )
    assert house.processes.is_running("ingest")
    end_of_the_day(house, fleet)


def test_a_redis_that_hangs_holds_nobody_up(house: House, fleet: Simulator) -> None:
    with Watcher(house, site_of(house)) as wall:
        house.pause("redis")
        try:
            wait_for(
                lambda: wall.silent_s() > STALE_S, within_s=STALE_S + 5, why="the wall still has a pulse"
            )
            before = scoring.stored(house)
            wait_for(
                lambda: scoring.stored(house) >= before + DEVICES, within_s=10, why="ingest hangs with Redis"
            )
        finally:
            house.resume("redis")
        wall.wait_pulse(within_s=BACK_S)
        wait_ready(house)


def same_as_fresh(house: House, wall: Watcher) -> bool:
    """Whether the wall shows for each device a revision no older than one the API gave just before."""
    status, page = house.api(f"devices?site={house.people['users']['nurse']['sites'][0]}&limit=100")
    assert status == 200
    fresh = {device["serial"]: device["rev"] for device in page["items"]}
    time.sleep(0.5)  # what was committed then has had the time to be announced
    return all(wall.devices[serial]["rev"] >= rev for serial, rev in fresh.items())


# --- the broker ---


def test_without_the_broker_the_wall_goes_stale_and_no_device_is_called_offline_for_it(
    house: House, fleet: Simulator
) -> None:
    with Watcher(house, site_of(house)) as wall:
        house.kill9("broker")
        wait_for(lambda: wall.silent_s() > STALE_S, within_s=STALE_S + 5, why="the wall still has a pulse")
        throughout(max(4.0, OUTAGE_S - STALE_S), lambda: not silenced(house, fleet), "a device was given up")
        house.start("broker")
        wall.wait_pulse(within_s=BACK_S)
        wait_ready(house)


def test_a_broker_that_hangs_makes_the_wall_stale_too(house: House, fleet: Simulator) -> None:
    with Watcher(house, site_of(house)) as wall:
        house.pause("broker")
        try:
            wait_for(
                lambda: wall.silent_s() > STALE_S, within_s=STALE_S + 10, why="the wall still has a pulse"
            )
            assert not silenced(house, fleet)
        finally:
            house.resume("broker")
        wall.wait_pulse(within_s=BACK_S)
        wait_ready(house)


def silenced(house: House, fleet: Simulator) -> bool:
    """Whether a device of this fleet, all of which are on, is shown as anything but online."""
    status, page = house.api(f"devices?site={site_of(house)}&limit=100")
    assert status == 200
    return any(one["link"] != "online" for one in page["items"] if one["serial"] in fleet.serials)


# --- PostgreSQL ---


def test_without_postgresql_no_live_record_is_acknowledged_and_nothing_is_lost(
    house: House, fleet: Simulator
) -> None:
    house.stop("ingest")
    with Wiretap(house.mqtt_port) as tap:
        address = house.mqtt_url("_ingest").replace(str(house.mqtt_port), str(tap.port))
        house.start("ingest", env={"MQTT_URL": address})
        wait_for(lambda: len(tap.receipts) > DEVICES, within_s=30, why="ingest acknowledges nothing")
        house.kill9("postgres")
        gone_ms = (time.time() + 1.0) * 1000  # what was committed a moment before may still be told
        throughout(OUTAGE_S, lambda: roles.get(f"{house.url}/healthz")[0] == 200, "the web went with it")
        assert readiness(house)[0] == 503
        back_ms = time.time() * 1000
        house.start("postgres")
        wait_for(
            lambda: tap.receipts[-1].at_ms > back_ms, within_s=60, why="ingest acknowledges nothing any more"
        )
        early = [one.topic for one in tap.receipts if gone_ms < one.at_ms < back_ms and is_live(one)]
        assert not early, f"acknowledged without a database: {early[:5]}"
        told = [
            one for one in fleet.truth.lines if one["what"] == "watermark" and gone_ms < one["wall"] < back_ms
        ]
        assert not told, f"watermarks without a database: {told[:3]}"
        assert not tap.stray, "acknowledged twice"
        wait_ready(house)
        end_of_the_day(house, fleet)
        assert not unstored_at_receipt(house, tap), "acknowledged before it was stored"
        house.stop("ingest")


def is_live(receipt: Receipt) -> bool:
    """Whether the receipt is for a record that did not come from a device's buffer."""
    return receipt.topic.endswith((b"/telemetry", b"/event")) and b'"late":true' not in receipt.payload


def unstored_at_receipt(house: House, tap: Wiretap) -> list[str]:
    """Live records that were acknowledged, and stored only later: what the device sent again, or nobody would."""
    stored_ms = {row[:3]: row[5] for row in house.sql(scoring.STORED)}
    problems = []
    for one in filter(is_live, tap.receipts):
        serial, said = one.topic.split(b"/")[2].decode(), json.loads(one.payload)
        late_ms = stored_ms.get((serial, said["boot"], said["seq"]), float("inf")) - one.at_ms
        if late_ms > scoring.EARLY_MS:
            problems.append(f"{serial} {said['seq']}: stored {late_ms:.0f} ms after it was acknowledged")
    return problems


# --- ingest ---


def test_after_ingest_was_away_a_dead_device_is_not_shown_online_and_a_raised_current_has_its_true_time(
    house: House, fleet: Simulator
) -> None:
    nurse_sites = house.people["users"]["nurse"]["sites"]
    dying, raised = [d["serial"] for d in house.people["devices"] if d["site"] in nurse_sites][:2]
    channel = a_channel(house, raised)
    fleet.ask(session="turn", serial=raised, channel=channel, to_ma=LOW_MA)
    wait_shown(house, raised, lambda device: set_ma_of(device, channel) < RAISED_MA)
    house.kill9("ingest")
    fleet.ask(fault="power_loss", serial=dying)
    died_ms = time.time() * 1000
    fleet.ask(session="turn", serial=raised, channel=channel, to_ma=RAISED_MA)
    turned_ms = time.time() * 1000
    throughout(OUTAGE_S, lambda: house.processes.is_running("worker"), "the worker ended")
    house.start("ingest")
    back_ms = time.time() * 1000

    device = wait_shown(house, dying, lambda device: device["link"] != "online", within_s=HOLD_S + 10)
    assert ms_of(device["heard_at"]) <= died_ms + 1_000, "a dead device was heard after its death"
    # The other one speaks on, so its newest value is fresh; what it did meanwhile is history, in its true place.
    wait_shown(house, raised, lambda device: set_ma_of(device, channel) >= RAISED_MA)
    [(placed_ms, late)] = house.sql(
        """SELECT (extract(epoch FROM e.placed_at) * 1000)::bigint, e.late FROM devices_event e
           JOIN devices_device d ON d.id = e.device_id WHERE d.serial = %s AND e.kind = 'intensity_changed'
           AND (convert_from(e.body, 'UTF8')::jsonb #>> '{data,to_ma}')::float = %s""",
        raised,
        RAISED_MA,
    )
    assert turned_ms - 1_000 <= placed_ms <= turned_ms + 5_000
    assert late
    assert not misplaced(house, fleet, raised, until_ms=back_ms)
    fleet.ask(clear="power_loss", serial=dying)  # what it had kept comes with its next boot
    fleet.wait_connected(dying)
    end_of_the_day(house, fleet)


def wait_shown(
    house: House, serial: str, fits: Callable[[dict[str, Any]], bool], *, within_s: float = BACK_S
) -> dict[str, Any]:
    """Return the device as soon as the API shows it so that it fits."""

    def device() -> dict[str, Any]:
        status, shown = house.api(f"devices/{serial}")
        assert status == 200
        return dict(shown)

    wait_for(lambda: fits(device()), within_s=within_s, every_s=0.3, why=lambda: f"shown is {device()}")
    return device()


def a_channel(house: House, serial: str) -> int:
    """Return a channel that is in use."""
    device = wait_shown(house, serial, lambda device: any(one["set_ma"] for one in device["channels"]))
    return next(int(one["n"]) for one in device["channels"] if one["set_ma"])


def set_ma_of(device: dict[str, Any], channel: int) -> float:
    return float(device["channels"][channel - 1]["set_ma"] or 0)


def ms_of(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp() * 1000


def misplaced(house: House, fleet: Simulator, serial: str, *, until_ms: float) -> list[str]:
    """Records of a device that are placed over a second from when they were made, or not told as late."""
    query = """SELECT r.boot, r.seq, (extract(epoch FROM r.placed_at) * 1000)::bigint, r.late,
                      (extract(epoch FROM r.received_at) * 1000)::bigint
               FROM (SELECT device_id, boot, seq, placed_at, late, received_at FROM devices_telemetry
                     UNION ALL SELECT device_id, boot, seq, placed_at, late, received_at FROM devices_event) r
               JOIN devices_device d ON d.id = r.device_id WHERE d.serial = %s"""
    made = {(line["boot"], line["seq"]): line["wall"] for line in fleet.truth.about(serial, "record")}
    problems = []
    for boot, seq, placed_ms, late, received_ms in house.sql(query, serial):
        made_ms = made.get((boot, seq))
        if made_ms is None or made_ms > until_ms:
            continue
        if abs(placed_ms - made_ms) > 1_000:
            problems.append(f"{seq} was made at {made_ms}, and is placed {placed_ms - made_ms} ms later")
        if received_ms - made_ms > 6_000 and not late:
            problems.append(f"{seq} came {received_ms - made_ms} ms after it was made, and is not late")
    return problems
