"""The sockets of alerts on the real channel layer and the real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import OperationalError, connections
from django.utils import timezone

from devices.models import Device, Pulse
from fleet.access import displays
from fleet.access.models import Membership, Role, Site
from fleet.access.queries import ear_of
from fleet.embedded.servers import Servers
from fleet.live.events import PULSE_GROUP, alert_group, alert_key
from fleet.paging.models import Turn
from fleet.safety.models import Alert
from fleet.safety.queries import alert_event, alert_object, open_alerts
from tests.dashboards.api import ward as wards
from tests.dashboards.test_live import ORIGIN, PATIENT_S, application, cookie_of

pytestmark = pytest.mark.django_db(transaction=True)
Said = dict[str, Any]


class Listener:
    """A WebSocket, and the alerts it holds after merging as `alerts-store.js` does."""

    def __init__(self, address: str, *headers: tuple[bytes, bytes]) -> None:
        self.socket = WebsocketCommunicator(
            application, f"/ws/v1/{address}", headers=[(b"host", b"localhost"), *headers]
        )
        self.alerts: dict[int, Said] = {}
        self.others: dict[str, Said] = {}

    async def open(self) -> Said:
        accepted, _ = await self.socket.connect(timeout=PATIENT_S)
        assert accepted
        return await self.draw()

    async def draw(self, *, ok: bool = True) -> Said:
        """Take the next message in, and answer that it is drawn."""
        message: Said = await self.socket.receive_json_from(timeout=PATIENT_S)
        if message["type"] == "snapshot":
            if message.get("part", 1) == 1:
                self.alerts = {}
            self.alerts |= {one["id"]: one for one in message["alerts"]}
        for event in message.get("events", ()):
            if event["kind"] == "alert":
                self._take({name: value for name, value in event.items() if name != "kind"})
            else:
                self.others[event["kind"]] = event
        if ok and message["type"] != "error":
            await self.socket.send_to(text_data='"ok"')
        return message

    async def until_true(self, site: Site, *, within_s: float = 2 * PATIENT_S) -> None:
        """Listen until it holds what is open in the database."""
        async with asyncio.timeout(within_s):
            while self.alerts != await true_alerts(site):
                await self.draw()

    async def closed(self) -> int:
        while True:
            said = await self.socket.receive_output(timeout=PATIENT_S)
            if said["type"] == "websocket.close":
                return int(said["code"])

    def _take(self, alert: Said) -> None:
        if alert["rev"] < self.alerts.get(alert["id"], alert)["rev"]:
            return
        self.alerts[alert["id"]] = alert
        if alert["state"] == "closed":
            del self.alerts[alert["id"]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at every two seconds is looked at five times a second."""
    monkeypatch.setattr("dashboards.live.paced.TICK_S", 0.1)


@pytest_asyncio.fixture
async def ward(transactional_db: None, servers: Servers) -> AsyncIterator[wards.Ward]:
    yield await sync_to_async(wards.furnish)()
    await get_channel_layer().flush()
    await sync_to_async(connections.close_all)()


@pytest_asyncio.fixture
async def bar(ward: wards.Ward) -> AsyncIterator[Listener]:
    """The bar of the nurse's page, which has drawn its snapshot."""
    bar = Listener("alerts", await cookie_of("nurse"), ORIGIN)
    await bar.open()
    yield bar
    await bar.socket.disconnect()


def rise(site: Site | None, device: Device | None = None, **fields: Any) -> Alert:
    """Write an alert as the service does; nobody is told."""
    now = timezone.now()
    about: Said = {"rule": "electrode_off", "channel": 2, "priority": "high", "state": "raised"}
    about |= {"raised_at": now, "risen_at": now, "noted_at": now, "key": f"test:{now.timestamp()}"}
    return Alert.objects.create(site=site, device=device, **about | fields)


raises = sync_to_async(rise)


@sync_to_async
def change(alert: Alert, **fields: Any) -> Alert:
    """Change it in the database; nobody is told."""
    Alert.objects.filter(pk=alert.pk).update(rev=alert.rev + 1, **fields)
    alert.refresh_from_db()
    return alert


async def tell(alert: Alert) -> None:
    event = await sync_to_async(lambda: alert_event(Alert.objects.get(pk=alert.pk)))()
    keyed = {alert_key(alert.pk): event}
    group = alert_group(alert.site_id)
    await get_channel_layer().group_send(group, {"type": "live.events", "events": keyed})


@sync_to_async
def true_alerts(site: Site) -> dict[int, Said]:
    return {one.pk: alert_object(one) for one in open_alerts([site])}


# --- the law ---


async def test_the_snapshot_holds_what_is_open_at_the_readers_sites_and_of_the_server_itself(
    ward: wards.Ward,
) -> None:
    mine, part = await raises(ward.north, ward.running), await raises(None, rule="ingest_silent")
    await raises(ward.far, ward.foreign)
    await raises(ward.north, ward.running, state="closed", key="over")
    await Pulse.objects.acreate(part="ingest", at=ward.now)
    bar = Listener("alerts", await cookie_of("nurse"), ORIGIN)
    message = await bar.open()
    assert {key: message[key] for key in ("type", "rev", "part", "parts")} == {
        "type": "snapshot",
        "rev": 1,
        "part": 1,
        "parts": 1,
    }
    assert [one["id"] for one in message["alerts"]] == [part.pk, mine.pk]
    assert bar.alerts == await true_alerts(ward.north)
    assert message["pulse"]["ingest_at"]
    assert message["database"] == {"ok": True, "since": None}
    assert message["away"] == []
    assert message["duty"] == [{"site": "north", "name": "North", "care": [], "technical": []}]
    await bar.socket.disconnect()


async def test_an_alert_is_told_whole_with_each_change_and_a_last_time_when_it_closes(
    ward: wards.Ward, bar: Listener
) -> None:
    alert = await raises(ward.north, ward.running)
    await tell(alert)
    await bar.draw()
    assert bar.alerts == await true_alerts(ward.north)
    await tell(await change(alert, state="acknowledged", acknowledged_at=ward.now))
    await bar.draw()
    assert bar.alerts == await true_alerts(ward.north)
    await tell(await change(alert, state="closed", closed_at=ward.now))
    message = await bar.draw()
    assert message["events"][0]["state"] == "closed"
    assert bar.alerts == {}


async def test_alerts_whose_events_were_lost_are_mended_within_seconds(
    ward: wards.Ward, bar: Listener
) -> None:
    known = await raises(ward.north, ward.running)
    await tell(known)
    await bar.draw()
    await change(known, state="cleared", cleared_at=ward.now)
    await raises(ward.north, ward.silent, key="another")
    await bar.until_true(ward.north)
    await change(known, state="closed", closed_at=ward.now)
    await bar.until_true(ward.north)


async def test_thousands_of_open_alerts_come_in_parts_the_worst_first(
    ward: wards.Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.live.alertwatch.MOST_A_MESSAGE", 3)
    for number in range(7):
        await raises(ward.north, key=f"k{number}", priority="low" if number % 2 else "high")
    bar = Listener("alerts", await cookie_of("nurse"), ORIGIN)
    seen = [await bar.open(), await bar.draw(), await bar.draw()]
    assert [(one["part"], one["parts"], len(one["alerts"])) for one in seen] == [
        (1, 3, 3),
        (2, 3, 3),
        (3, 3, 1),
    ]
    assert [one["priority"] for part in seen for one in part["alerts"]] == ["high"] * 4 + ["low"] * 3
    assert bar.alerts == await true_alerts(ward.north)
    await bar.socket.disconnect()


async def test_what_rises_while_a_snapshot_is_on_its_way_comes_after_it(
    ward: wards.Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.live.alertwatch.MOST_A_MESSAGE", 2)
    first = await raises(ward.north, key="k0")
    for number in range(1, 4):
        await raises(ward.north, key=f"k{number}")
    bar = Listener("alerts", await cookie_of("nurse"), ORIGIN)
    await bar.socket.connect(timeout=PATIENT_S)
    await bar.draw(ok=False)
    await tell(await raises(ward.north, key="new"))
    await tell(await change(first, state="acknowledged", acknowledged_at=ward.now))
    await bar.socket.send_to(text_data='"ok"')
    await bar.until_true(ward.north)
    await bar.socket.disconnect()


# --- who hears what ---


async def test_nobody_hears_of_another_site(ward: wards.Ward, bar: Listener) -> None:
    await tell(await raises(ward.far, ward.foreign))
    await tell(await raises(ward.north, ward.running, key="mine"))
    await bar.draw()
    assert bar.alerts == await true_alerts(ward.north)


async def test_who_is_let_in_at_another_site_hears_its_alerts_without_a_new_login(
    ward: wards.Ward, bar: Listener
) -> None:
    alert = await raises(ward.far, ward.foreign)
    nurse = await User.objects.aget(username="nurse")
    await Membership.objects.acreate(user=nurse, site=ward.far, role=Role.NURSE)
    await get_channel_layer().group_send(ear_of(nurse), {"type": "access.changed"})
    assert (await bar.draw())["type"] == "snapshot"
    assert set(bar.alerts) == {alert.pk}
    await tell(await change(alert, state="acknowledged", acknowledged_at=ward.now))
    await bar.until_true(ward.far)  # a look of the upkeep may tell of the state before, first
    assert bar.alerts[alert.pk]["state"] == "acknowledged"


async def test_who_has_no_site_hears_nothing_not_even_of_the_server(ward: wards.Ward) -> None:
    await raises(None, rule="ingest_silent")
    await Membership.objects.filter(user__username="stranger").adelete()
    bar = Listener("alerts", await cookie_of("stranger"), ORIGIN)
    message = await bar.open()
    assert (message["alerts"], message["duty"]) == ([], [])
    await bar.socket.disconnect()


async def test_a_screen_on_the_wall_hears_its_one_site(ward: wards.Ward) -> None:
    mine = await raises(ward.north, ward.running)
    await raises(ward.far, ward.foreign, key="theirs")
    link, secret = await sync_to_async(displays.make_link)(
        actor=None, site=ward.north, name="Ward", now=timezone.now()
    )
    nurse = await User.objects.aget(username="nurse")
    await Turn.objects.acreate(site=ward.north, duty="care", user=nurse, since=ward.now)
    screen = Listener(f"alerts?display={secret}", ORIGIN)
    hello = await screen.open()
    assert set(screen.alerts) == {mine.pk}
    wall = Listener(f"live?site=north&display={secret}", ORIGIN)
    hellos = [hello, await wall.open()]
    mine = await change(
        mine, state="acknowledged", acknowledged_at=ward.now, acknowledged_by=nurse, assignee=nurse,
        shelved_by=nurse, shelf_reason="nurse asked", note="says nurse",
    )  # fmt: skip
    await tell(mine)
    hellos += [await screen.draw(), await wall.draw()]
    again = Listener(f"alerts?display={secret}", ORIGIN)
    hellos.append(await again.open())
    assert {one.alerts[mine.pk]["state"] for one in (screen, wall, again)} == {"acknowledged"}
    assert "nurse" not in json.dumps(hellos), "a screen on the wall names nobody"
    assert hellos[-1]["duty"][0]["care"] == ["somebody"]
    await sync_to_async(displays.revoke_link)(actor=None, link=link, now=timezone.now())
    assert await screen.closed() == 4403


async def test_who_is_nobody_hears_nothing(ward: wards.Ward) -> None:
    bar = Listener("alerts", ORIGIN)
    await bar.socket.connect(timeout=PATIENT_S)
    assert await bar.closed() == 4403


# --- what else the bar says ---


async def test_who_takes_over_is_told_within_seconds(ward: wards.Ward, bar: Listener) -> None:
    nurse = await User.objects.aget(username="nurse")
    await Turn.objects.acreate(
        site=ward.north, duty="care", user=nurse, since=timezone.now() - timedelta(seconds=1)
    )
    async with asyncio.timeout(PATIENT_S):
        while "duty" not in bar.others:
            await bar.draw()
    assert bar.others["duty"]["sites"][0]["care"] == ["nurse"]


async def test_the_pulse_is_passed_on_to_the_bar(ward: wards.Ward, bar: Listener) -> None:
    pulse = {"kind": "pulse", "ingest_at": "2026-01-01T00:00:00.000Z", "now": "2026-01-01T00:00:00.000Z"}
    await get_channel_layer().group_send(PULSE_GROUP, {"type": "live.events", "events": {"pulse": pulse}})
    await bar.draw()
    assert bar.others["pulse"] == pulse


async def test_a_database_that_goes_is_told_and_so_is_its_return(
    ward: wards.Ward, bar: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as away:
        away.setattr("dashboards.live.alertreads.revs", gone)
        async with asyncio.timeout(PATIENT_S):
            await bar.draw()
    assert bar.others["database"]["ok"] is False
    assert bar.others["database"]["since"]
    async with asyncio.timeout(PATIENT_S):
        await bar.draw()
    assert bar.others["database"] == {"kind": "database", "ok": True, "since": None}


# --- the socket of a site's wall ---


async def test_the_walls_socket_tells_the_alerts_of_its_site_by_the_same_law(ward: wards.Ward) -> None:
    first = await raises(ward.north, ward.running)
    await raises(ward.far, ward.foreign, key="theirs")
    wall = Listener("live?site=north", await cookie_of("nurse"), ORIGIN)
    await wall.open()
    assert wall.alerts == await true_alerts(ward.north)
    await tell(await change(first, state="acknowledged", acknowledged_at=ward.now))
    await wall.until_true(ward.north)
    await raises(ward.north, ward.silent, key="lost")
    await change(first, state="closed", closed_at=ward.now)  # neither is told
    await wall.until_true(ward.north)
    await wall.socket.disconnect()


async def test_the_socket_of_one_device_tells_its_alerts_and_no_others(ward: wards.Ward) -> None:
    mine = await raises(ward.north, ward.running)
    other = await raises(ward.north, ward.silent, key="other")
    page = Listener("live?site=north&device=EMS-0001", await cookie_of("nurse"), ORIGIN)
    await page.open()
    assert set(page.alerts) == {mine.pk}
    await tell(await change(other, state="acknowledged", acknowledged_at=ward.now))
    await tell(await change(mine, state="acknowledged", acknowledged_at=ward.now))
    message = await page.draw()
    assert [event["id"] for event in message["events"]] == [mine.pk]
    await page.socket.disconnect()


async def test_a_page_that_hears_alerts_elsewhere_is_told_none(ward: wards.Ward) -> None:
    alert = await raises(ward.north, ward.running)
    wall = Listener("live?site=north&alerts=none", await cookie_of("nurse"), ORIGIN)
    assert (await wall.open())["alerts"] == []
    await tell(await change(alert, state="acknowledged", acknowledged_at=ward.now))
    assert await wall.socket.receive_nothing(timeout=0.3)
    await wall.socket.disconnect()
