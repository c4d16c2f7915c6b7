"""Sixty devices send the last half hour from their buffers at once, while they speak on."""

import asyncio
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from devices.wire.messages import Watermark
from tests.flows.devices import Air, Device
from tests.flows.wall import Wall
from tests.harness import House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

DEVICES = 60
BUFFERED = 1800
"""Records, one a second: half an hour."""
TWICE = 0.05
LIVE_S = 2.0
"""The most between a live message's sending and its being shown."""
PLACED_MS = 1_000
OLD_MA, LIVE_MA = 11.0, 30.0


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    house = make_house(devices=DEVICES, env={"WATERMARK_STUCK_SECONDS": "3", "ROLLUP_SECONDS": "2"})
    house.start("ingest", "web")
    return house


@pytest.fixture
def air(house: House) -> Iterator[Air]:
    with Air(house) as air:
        yield air


class Flush:
    """One device's buffer on its way: shuffled, some of it twice, as much at once as the server lets through."""

    def __init__(self, device: Device, dice: random.Random) -> None:
        self.device, self.dice, self.boot = device, dice, device.boot
        self.kept = set(range(1, BUFFERED + 1))
        self.flying: set[int] = set()
        self.sent = 0
        began_ms = device.up_ms() - BUFFERED * 1000
        old = {"late": True, "set_ma": [OLD_MA, OLD_MA], "soc": 20.0}
        self._topic = f"ems/v1/{device.serial}/telemetry".encode()
        self._bodies = {seq: device.telemetry_body(seq, began_ms + seq * 1000, **old) for seq in self.kept}
        device.on_watermark = self.heard

    def heard(self, watermark: Watermark) -> None:
        """Forget what is covered, and send on (on the loop)."""
        if watermark.boot != self.boot:
            return
        self.kept = {seq for seq in self.kept if seq > watermark.seq}
        self.flying = {seq for seq in self.flying if seq > watermark.seq}
        asked = {seq for first, last in watermark.missing for seq in range(first, last + 1)}
        again = [seq for seq in self.kept & asked & self.flying if watermark.seq < seq]
        room = max(0, watermark.window - len(self.flying))
        fresh = list(itertools.islice(sorted(self.kept - self.flying), room))
        self.flying.update(fresh)
        chosen = fresh + again
        chosen += self.dice.sample(chosen, round(TWICE * len(chosen)))
        self.dice.shuffle(chosen)
        for seq in chosen:
            self.device.put(self._topic, self._bodies[seq])
        self.sent += len(chosen)


class Live:
    """What devices say live meanwhile, and when."""

    def __init__(self, devices: list[Device]) -> None:
        self.devices = devices
        self.said: dict[str, list[tuple[float, int]]] = defaultdict(list)
        """serial → (monotonic s, elapsed_ms), which rises."""
        self.over = False

    async def speak(self) -> None:
        """Each device once a second, spread over the second."""
        for device in itertools.cycle(self.devices):
            if self.over:
                return
            device.seq += 1
            up_ms = device.up_ms()
            body = device.telemetry_body(device.seq, up_ms, set_ma=[LIVE_MA, LIVE_MA])
            self.said[device.serial].append((time.monotonic(), up_ms))
            for _ in range(1 + (device.seq % round(1 / TWICE) == 0)):
                device.put(f"ems/v1/{device.serial}/telemetry".encode(), body)
            if device.seq % 4 == 0:
                device.status()
            await asyncio.sleep(1 / len(self.devices))


def steps_back(told: list[tuple[float, dict[str, Any]]]) -> list[str]:
    """Events in which something live moved backwards, or came from a buffer."""
    newest: dict[tuple[str, str], Any] = {}
    problems = []
    for _, event in told:
        serial = event["serial"]
        for name in ("rev", "elapsed_ms", "heard_at", "telemetry_at", "status_at"):
            value = event.get(name)
            if value is None:
                continue
            if value < newest.get((serial, name), value):
                problems.append(f"{serial}: {name} fell from {newest[serial, name]} to {value}")
            newest[serial, name] = value
        if any(channel["set_ma"] == OLD_MA for channel in event.get("channels", ())):
            problems.append(f"{serial}: shown at rev {event['rev']} is what is half an hour old")
    return problems


def delays_s(live: Live, told: list[tuple[float, dict[str, Any]]]) -> list[float]:
    """How long each live message took to be shown, itself or a newer one."""
    shown: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for at, event in told:
        if event.get("elapsed_ms") is not None:
            shown[event["serial"]].append((at, event["elapsed_ms"]))
    found = []
    for serial, said in live.said.items():
        later = iter(shown[serial])
        at, elapsed_ms = next(later, (float("inf"), 0))
        for said_s, wanted_ms in said:
            while elapsed_ms < wanted_ms and at < float("inf"):
                at, elapsed_ms = next(later, (float("inf"), 0))
            found.append(at - said_s)
    return sorted(found)


def stored(house: House) -> dict[tuple[str, int], int]:
    """How many records there are of each device and boot."""
    query = """SELECT d.serial, t.boot, count(*), count(DISTINCT t.seq) FROM devices_telemetry t
               JOIN devices_device d ON d.id = t.device_id GROUP BY 1, 2"""
    rows = house.sql(query)
    assert all(count == distinct for *_, count, distinct in rows), "something is stored twice"
    return {(serial, boot): count for serial, boot, count, _ in rows}


def misplaced(house: House) -> list[tuple[Any, ...]]:
    """Records of the half hour that lie elsewhere than they were made, or are not marked late although they were."""
    query = """SELECT * FROM (
                   SELECT device_id, boot, seq, placed_by, late, extract(epoch FROM placed_at) * 1000
                       - (convert_from(body, 'UTF8')::json->>'t')::float8 AS off_ms
                   FROM devices_telemetry WHERE convert_from(body, 'UTF8')::json->>'soc' = '20.0') t
               WHERE NOT late OR abs(off_ms) > %s LIMIT 10"""
    return house.sql(query, PLACED_MS)


def after_half_an_hour(house: House, air: Air) -> tuple[list[Device], list[Flush]]:
    """Devices that lost the link, or (each third one) the power, and what is in their buffers."""
    dice = random.Random(60)
    devices = [air.device(one, seq=BUFFERED, on_for_ms=BUFFERED * 1000) for one in house.people["devices"]]
    for device in devices:
        device.session = "S1"
        device.conn = 1
    flushes = [Flush(device, dice) for device in devices]
    for device in devices[::3]:
        device.restart(2)
        device.buffered = [{"boot": 1, "from": 1, "to": BUFFERED}]
    return devices, flushes


def test_half_an_hour_flushed_by_sixty_devices_at_once_completes_history_and_holds_nothing_live_up(
    house: House, air: Air
) -> None:
    devices, flushes = after_half_an_hour(house, air)
    live = Live(devices)
    with ExitStack() as walls:
        watched = [
            walls.enter_context(Wall(house, site, user=user))
            for user in ("nurse", "stranger")
            for site in house.people["users"][user]["sites"]
        ]
        for device in devices:
            device.connect()
        wait_for(  # what is old comes first, and must not be shown for want of anything newer
            lambda: all(flush.sent for flush in flushes), within_s=10, why="some device was told no watermark"
        )
        speaking = asyncio.run_coroutine_threadsafe(live.speak(), air.loop)
        wait_for(
            lambda: not any(flush.kept for flush in flushes),
            within_s=full_or(90, 240),
            every_s=0.2,
            why=lambda: f"still kept: {[len(flush.kept) for flush in flushes]}",
        )
        live.over = True
        speaking.result(5)
        last = {(device.serial, flush.boot): BUFFERED for device, flush in zip(devices, flushes, strict=True)}
        last |= {(device.serial, device.boot): device.seq for device in devices}
        for device in devices:
            device.wait_watermark(device.seq)
        told = [one for wall in watched for one in wall.told]

    assert stored(house) == last
    assert misplaced(house) == []
    assert steps_back(told) == []
    delays = delays_s(live, told)
    assert delays[-1] < LIVE_S, f"{delays[-5:]}; the median is {delays[len(delays) // 2]:.2f} s"
    query = "SELECT stored::text, awaited_since IS NULL FROM devices_ledger ORDER BY device_id"
    books = sorted(house.sql(query))
    assert books == sorted((f"{{[1,{seq + 1})}}", True) for seq in last.values())
