"""One device at its full rate: over the socket of its page, on the real channel layer and the real database."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connections
from django.utils import timezone
from redis import asyncio as aioredis

from dashboards.live.watching import MOST_A_MESSAGE, Watch
from devices.batch.desk import TelemetryRow
from devices.models import Device
from fleet.embedded.servers import Servers
from fleet.live.events import device_key, site_group
from fleet.live.traces import LOOK_S, Traces, messages_of, trace_group
from tests.dashboards.api import ward as wards
from tests.dashboards.test_live import ORIGIN, PATIENT_S, Browser, change, cookie_of, tell

with_servers = pytest.mark.django_db(transaction=True)


def record(seq: int, *, late: bool = False) -> dict[str, Any]:
    body = json.dumps({"boot": 7, "seq": seq, "ma": [[31.8, 31.9]]}).encode()
    return {"boot": 7, "seq": seq, "type": "telemetry", "late": late, "body": body}


def row(device_id: int, seq: int, *, late: bool = False) -> TelemetryRow:
    return TelemetryRow(
        device_id, 7, seq, 1000 * seq, 1_763_788_000_000 + 1000 * seq, "live", late, False, "S", b"{}"
    )


@pytest_asyncio.fixture
async def ward(transactional_db: None, servers: Servers) -> AsyncIterator[wards.Ward]:
    yield await sync_to_async(wards.furnish)()
    await get_channel_layer().flush()
    await sync_to_async(connections.close_all)()


async def open_page(ward: wards.Ward, *, watch: bool = True) -> Browser:
    serial = ward.running.serial
    page = Browser(f"site=north&device={serial}", await cookie_of("nurse"), ORIGIN)
    await page.open()
    if watch:
        await page.socket.send_to(text_data=json.dumps({"watch": serial}))
        message = await page.draw()
        assert message == {"type": "events", "events": [{"kind": "watch", "serial": serial}]}
    return page


async def announce(device: Device, *records: dict[str, Any]) -> None:
    for group, message in messages_of(device.pk, records):
        await get_channel_layer().group_send(group, message)


# --- the queue ---


def test_every_record_is_told_once_and_in_order() -> None:
    watch = Watch("S", 1)
    watch.put([record(1), record(2)])
    watch.put([record(3)])
    [event] = watch.take()
    assert [one["seq"] for one in event["records"]] == [1, 2, 3]
    assert event["lost"] == 0
    assert watch.take() == []


def test_what_overflows_is_told_as_lost_and_the_newest_stay() -> None:
    watch = Watch("S", 1, most=3)
    watch.put([record(seq) for seq in range(1, 6)])
    [event] = watch.take()
    assert [one["seq"] for one in event["records"]] == [3, 4, 5]
    assert event["lost"] == 2


def test_a_long_queue_is_told_in_parts_that_can_be_drawn_in_one_go() -> None:
    watch = Watch("S", 1)
    watch.put([record(seq) for seq in range(1, MOST_A_MESSAGE + 2)])
    assert [len(watch.take()[0]["records"]) for _ in range(2)] == [MOST_A_MESSAGE, 1]


# --- ingest's side ---


def test_of_a_device_that_nobody_watches_nothing_is_kept() -> None:
    traces = Traces()
    assert not traces.put([row(1, 1)], 0)
    traces.watched = frozenset({2})
    assert not traces.put([row(1, 2)], 0)
    assert traces.take() == {}


def test_late_records_of_a_watched_device_are_told_as_late() -> None:
    traces = Traces()
    traces.watched = frozenset({1})
    assert traces.put([row(1, 1, late=True), row(3, 1)], 1_763_788_005_000)
    [[told]] = traces.take().values()
    assert told["late"] is True
    assert told["placed_at"] == "2025-11-22T05:06:41.000Z"
    assert told["received_at"] == "2025-11-22T05:06:45.000Z"
    assert traces.take() == {}


def test_unwatched_traces_cost_the_hot_path_less_than_a_microsecond_a_message() -> None:
    traces, batch, rounds = Traces(), [row(1, seq) for seq in range(500)], 200
    started = time.perf_counter()
    for _ in range(rounds):
        traces.put(batch, 0)
    assert (time.perf_counter() - started) / (rounds * len(batch)) < 1e-6


@with_servers
async def test_ingest_learns_who_is_watched_from_redis_within_a_second(ward: wards.Ward) -> None:
    assert LOOK_S < 1
    redis = aioredis.from_url(settings.REDIS_URL)
    page = await open_page(ward)
    traces = Traces()
    assert await traces.look(redis) == {ward.running.pk}
    assert traces.watched == {ward.running.pk}
    assert not await traces.look(redis), "not so soon again"
    await page.socket.disconnect()
    later = Traces()
    await later.look(redis)
    assert not later.watched
    await redis.aclose()


# --- the page's side ---


@with_servers
async def test_a_watched_device_is_told_with_the_device_s_own_bytes(ward: wards.Ward) -> None:
    page = await open_page(ward)
    await announce(ward.running, record(11), record(12, late=True))
    message = await page.draw()
    [event] = message["events"]
    assert (event["kind"], event["serial"], event["lost"]) == ("trace", ward.running.serial, 0)
    assert [(one["seq"], one["late"]) for one in event["records"]] == [(11, False), (12, True)]
    assert event["records"][0]["body"] == {"boot": 7, "seq": 11, "ma": [[31.8, 31.9]]}
    await page.socket.disconnect()


@with_servers
async def test_a_page_is_told_when_ingest_has_learned_of_it_so_that_nothing_falls_between(
    ward: wards.Ward,
) -> None:
    page = await open_page(ward)
    noticed = {"type": "trace.noticed", "device": ward.running.pk}
    await get_channel_layer().group_send(trace_group(ward.running.pk), noticed)
    assert (await page.draw())["events"] == [{"kind": "watch", "serial": ward.running.serial}]
    await page.socket.disconnect()


@with_servers
async def test_traces_wait_for_the_browser_like_everything_else(ward: wards.Ward) -> None:
    page = await open_page(ward)
    await announce(ward.running, record(1))
    await page.draw(ok=False)
    await announce(ward.running, record(2))
    await announce(ward.running, record(3))
    assert await page.socket.receive_nothing(timeout=0.3)
    await page.socket.send_to(text_data='"ok"')
    [event] = (await page.draw())["events"]
    assert [one["seq"] for one in event["records"]] == [2, 3]
    await page.socket.disconnect()


@with_servers
async def test_the_socket_of_a_device_hears_of_that_device_only(ward: wards.Ward) -> None:
    page = await open_page(ward, watch=False)
    assert set(page.devices) == {ward.running.serial}
    other = (
        await Device.objects.exclude(pk=ward.running.pk)
        .filter(site=ward.north, revoked_at=None, live__isnull=False)
        .afirst()
    )
    assert other
    await tell(ward, await change(other, state="paused"), await change(ward.running, state="paused"))
    message = await page.draw()
    assert [event["serial"] for event in message["events"]] == [ward.running.serial]
    await page.socket.disconnect()


@with_servers
async def test_watching_ends_when_asked_to(ward: wards.Ward) -> None:
    page = await open_page(ward)
    await page.socket.send_to(text_data='{"watch":null}')
    assert (await page.draw())["events"] == [{"kind": "watch", "serial": None}]
    await announce(ward.running, record(1))
    await get_channel_layer().group_send(trace_group(ward.running.pk), {"type": "trace.records", "device": 0})
    assert await page.socket.receive_nothing(timeout=0.3)
    await page.socket.disconnect()


@with_servers
@pytest.mark.parametrize("serial", ["STRANGE-1", "no such", 7, "", "x" * 400])
async def test_a_serial_that_is_not_of_the_site_is_an_error_and_changes_nothing(
    ward: wards.Ward, serial: Any
) -> None:
    page = await open_page(ward)
    await page.socket.send_to(text_data=json.dumps({"watch": serial}))
    message = await page.socket.receive_json_from(timeout=PATIENT_S)
    assert (message["type"], message["about"]) == ("error", "watch")
    await announce(ward.running, record(1))
    assert (await page.draw())["events"][0]["kind"] == "trace"
    await page.socket.disconnect()


@with_servers
async def test_a_socket_for_a_device_of_another_site_is_closed_as_not_found(ward: wards.Ward) -> None:
    foreign = await Device.objects.exclude(site=ward.north).afirst()
    assert foreign
    page = Browser(f"site=north&device={foreign.serial}", await cookie_of("nurse"), ORIGIN)
    await page.socket.connect(timeout=PATIENT_S)
    assert await page.closed() == 4404


@with_servers
async def test_a_device_that_leaves_the_site_is_watched_no_longer(ward: wards.Ward) -> None:
    serial = ward.running.serial
    page = Browser("site=north", await cookie_of("nurse"), ORIGIN)
    await page.open()
    await page.socket.send_to(text_data=json.dumps({"watch": serial}))
    await page.draw()
    await Device.objects.filter(serial=serial).aupdate(revoked_at=timezone.now())
    await page.socket.send_to(text_data='{"resync":true}')
    assert serial not in {one["serial"] for one in (await page.draw())["devices"]}
    assert {"kind": "watch", "serial": None} in (await page.draw())["events"]
    await announce(ward.running, record(1))
    assert await page.socket.receive_nothing(timeout=0.3)
    await page.socket.disconnect()


@with_servers
async def test_a_nurse_who_watches_the_wall_may_watch_a_device_as_well(ward: wards.Ward) -> None:
    page = Browser("site=north", await cookie_of("nurse"), ORIGIN)
    await page.open()
    await page.socket.send_to(text_data=json.dumps({"watch": ward.running.serial}))
    await page.draw()
    event = await change(ward.running, state="paused")
    await get_channel_layer().group_send(
        site_group(ward.north.pk), {"type": "live.events", "events": {device_key(event["serial"]): event}}
    )
    assert (await page.draw())["events"][0]["kind"] == "device"
    await page.socket.disconnect()
