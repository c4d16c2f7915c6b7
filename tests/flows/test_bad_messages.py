"""Ten thousand bad messages amid good ones, and a device that speaks for its neighbour."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devices.simulator.garbage import GARBAGE
from devices.wire.errors import REASONS
from tests.flows.devices import Air, Device
from tests.harness import House, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

BAD = 10_000
BAD_PER_S = 2_500
GOOD_DEVICES = 20
GOOD_EVERY_S = 0.2
MOST_DELAY_MS = 1_000
MOST_ROWS_A_DEVICE = 100 + len(Counter(reason for reason, _, _ in GARBAGE))  # and one more of each reason
MOST_LEDGERS_A_DEVICE = 10

Bad = tuple[bytes, bytes, str]  # topic, payload, reason


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    house = make_shared_house(devices=GOOD_DEVICES, bench=True)
    house.start("ingest", "web")
    return house


@pytest.fixture(scope="module")
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


@pytest.fixture(scope="module")
def devices(house: House, air: Air) -> list[Device]:
    devices = [air.device(account) for account in house.people["devices"]]
    for device in devices:
        device.connect()
        device.session = "S1"
        device.status()
    return devices


def bad_messages(devices: list[Device], dice: random.Random) -> Iterator[Bad]:
    """All kinds of garbage, on topics of devices and of nobody."""
    body = devices[0].event_body(1, 1_000, "other")
    for n in range(BAD):
        serial = dice.choice(devices).serial
        if n % 10 == 0:  # well-formed, of nobody we know
            yield f"ems/v1/GHOST-{n}/event".encode(), body, "unknown_serial"
        elif n % 10 == 1:  # a serial that cannot be
            yield f"ems/v1/no serial {n}/event".encode(), body, "topic"
        elif n % 10 == 2:  # a number that can be read, of a boot that never was
            boot, seq = dice.randrange(2**53), dice.randrange(1, 2**53)
            garbled = body.replace(b'"boot":1,"seq":1,', b'"boot":%d,"seq":%d,' % (boot, seq))
            yield f"ems/v1/{serial}/event".encode(), garbled.replace(b'"other"', b"7"), "schema"
        elif n % 100 == 3:
            yield f"ems/v1/{serial}/telemetry".encode(), b"\xff" * 200_000, "size"
        else:
            reason, kind, payload = GARBAGE[n % len(GARBAGE)]
            yield f"ems/v1/{serial}/{kind}".encode(), payload, reason


async def speak_on(device: Device) -> None:
    """Send good records, one after the other, whatever happens beside them."""
    while True:
        device.seq += 1
        body = device.telemetry_body(device.seq, device.up_ms())
        device.put(f"ems/v1/{device.serial}/telemetry".encode(), body)
        await asyncio.sleep(GOOD_EVERY_S)


async def flood(bench: Device, bad: list[Bad]) -> None:
    """Publish the bad ones, evenly."""
    began = time.monotonic()
    for n, (topic, payload, _) in enumerate(bad):
        bench.put(topic, payload)
        if n % 50 == 0:
            await asyncio.sleep(max(0.0, began + n / BAD_PER_S - time.monotonic()))


def refused(house: House) -> Counter[str]:
    return Counter(dict(house.sql("SELECT reason, sum(count)::bigint FROM devices_reject GROUP BY 1")))


def looked_up(house: House, reason: str) -> int:
    """How many the API tells of, to one who may see them all."""
    count, cursor = 0, ""
    while True:
        status, body = house.api(f"rejects?reason={reason}&limit=1000{cursor}", user="admin")
        assert status == 200, body
        count += sum(one["count"] for one in body["items"])
        if body["next"] is None:
            return count
        cursor = f"&cursor={body['next']}"


def hidden_from_admin(house: House, reason: str) -> int:
    """How many are of devices at the stranger's site."""
    strangers = house.people["users"]["stranger"]["sites"]
    theirs = [one["serial"] for one in house.people["devices"] if one["site"] in strangers]
    query = (
        "SELECT coalesce(sum(count), 0)::bigint FROM devices_reject WHERE reason = %s AND serial = ANY(%s)"
    )
    return int(one(house, query, reason, theirs))


def delays_ms(house: House) -> list[float]:
    """Between each good record and its storing, by the clock of this machine."""
    query = """SELECT extract(epoch FROM received_at) * 1000 - (convert_from(body, 'UTF8')::json->>'t')::float8
               FROM devices_telemetry"""
    return sorted(float(row[0]) for row in house.sql(query))


def one(house: House, query: str, *values: Any) -> Any:
    return house.sql(query, *values)[0][0]


def test_bad_messages_cost_no_good_one_and_each_is_counted_and_can_be_looked_up(
    house: House, air: Air, devices: list[Device]
) -> None:
    bench = air.bench()
    bench.connect(birth=False)
    bad = list(bad_messages(devices, random.Random(2)))
    expected = Counter(reason for _, _, reason in bad)
    speaking = [asyncio.run_coroutine_threadsafe(speak_on(device), air.loop) for device in devices]
    air.run(flood(bench, bad), within_s=90)
    bench.wait_acknowledged()
    for speaker in speaking:
        speaker.cancel()
    wait_for(lambda: refused(house).total() >= BAD, within_s=60, why=lambda: f"refused: {refused(house)}")
    assert refused(house) == expected
    assert expected.keys() <= REASONS.keys()  # those that docs/wire.md explains
    counted = "SELECT detail->'rejects' FROM devices_pulse WHERE part = 'ingest'"
    wait_for(lambda: one(house, counted) == expected, within_s=10, why="the metrics say something else")

    for device in devices:
        device.wait_watermark(device.seq)
    assert one(house, "SELECT count(*) FROM devices_telemetry") == sum(device.seq for device in devices)
    delays = delays_ms(house)
    assert delays[-1] <= MOST_DELAY_MS, f"the median is {delays[len(delays) // 2]:.0f} ms"

    for reason, count in expected.items():
        assert looked_up(house, reason) == count - hidden_from_admin(house, reason), reason

    rows = house.sql("SELECT serial, hour, count(*) FROM devices_reject GROUP BY 1, 2")
    assert max(row[2] for row in rows) <= MOST_ROWS_A_DEVICE
    assert len({row[0] for row in rows}) <= GOOD_DEVICES + 1  # all that is nobody's is one
    ledgers = house.sql("SELECT device_id, count(*) FROM devices_ledger GROUP BY 1")
    assert max(row[1] for row in ledgers) <= MOST_LEDGERS_A_DEVICE
    assert one(house, "SELECT count(*) FROM devices_unknownrecord") == 0


def test_a_device_that_speaks_for_its_neighbour_is_not_heard(
    house: House, air: Air, devices: list[Device]
) -> None:
    liar, neighbour = air.device(), air.device()
    for device in (liar, neighbour):
        device.connect()
    before = refused(house)
    for _, kind, payload in GARBAGE:
        liar.say_as(neighbour.serial, kind, payload)
    liar.say_as(neighbour.serial, "status", Device.will(1, 99), retain=True)
    liar.say_as(neighbour.serial, "telemetry", neighbour.telemetry_body(1, 1_000, set_ma=[99.0, 99.0]))
    liar.say_as(neighbour.serial, "watermark", b'{"v":1,"boot":1,"seq":9,"window":1,"t":1}')
    liar.wait_acknowledged()  # the broker answers, and drops them
    for device in (liar, neighbour):
        device.telemetry()
        device.wait_watermark(device.seq)
    assert refused(house) == before
    assert all(one.seq <= neighbour.seq for one in neighbour.watermarks)
    _, records = house.api(f"devices/{neighbour.serial}/records", user="admin")
    assert [(one["seq"], one["body"]["set_ma"]) for one in records["items"]] == [(1, [30.0, 30.0])]
    _, shown = house.api(f"devices/{neighbour.serial}", user="admin")
    assert shown["link"] == "online"
