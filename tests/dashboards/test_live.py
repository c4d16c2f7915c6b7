"""The live socket on the real channel layer and the real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from dashboards.live.sockets import Doorkeeper
from dashboards.routing import websocket_urlpatterns
from devices.models import Device, Pulse, State
from devices.queries import device_objects
from fleet.access.models import Membership, Site, Token
from fleet.access.queries import ear_of
from fleet.embedded.servers import Servers
from fleet.live.events import PULSE_GROUP, device_key, site_group
from tests.dashboards.api import ward as wards

pytestmark = pytest.mark.django_db(transaction=True)
application = Doorkeeper(URLRouter(websocket_urlpatterns))
PATIENT_S = 60.0  # of a machine that does much else
ENDS_S = 5.0  # access that was withdrawn ends within this
ORIGIN = (b"origin", b"http://localhost")


class Browser:
    """A WebSocket of the wall, and what it holds after merging as `store.js` does."""

    def __init__(self, address: str, *headers: tuple[bytes, bytes]) -> None:
        self.socket = WebsocketCommunicator(
            application, f"/ws/v1/live?{address}", headers=[(b"host", b"localhost"), *headers]
        )
        self.devices: dict[str, dict[str, Any]] = {}
        self.pulse: dict[str, Any] = {}

    async def open(self) -> dict[str, Any]:
        accepted, _ = await self.socket.connect(timeout=PATIENT_S)
        assert accepted
        return await self.draw()

    async def draw(self, *, ok: bool = True) -> dict[str, Any]:
        """Take the next message in, and answer that it is drawn."""
        message: dict[str, Any] = await self.socket.receive_json_from(timeout=PATIENT_S)
        if message["type"] == "snapshot":
            self.devices = {one["serial"]: one for one in message["devices"]}
            self.pulse = message["pulse"]
        for event in message.get("events", ()):
            if event["kind"] == "pulse":
                self.pulse = event
            elif event["kind"] == "device" and event["rev"] >= self.devices[event["serial"]]["rev"]:
                self.devices[event["serial"]] |= {k: v for k, v in event.items() if k != "kind"}
        if ok and message["type"] != "error":
            await self.socket.send_to(text_data='"ok"')
        return message

    async def closed(self) -> int:
        """Return the code with which the server closes, passing over what it still says."""
        while True:
            said = await self.socket.receive_output(timeout=PATIENT_S)
            if said["type"] == "websocket.close":
                return int(said["code"])


@pytest_asyncio.fixture
async def ward(transactional_db: None, servers: Servers) -> AsyncIterator[wards.Ward]:
    yield await sync_to_async(wards.furnish)()
    await get_channel_layer().flush()
    await sync_to_async(connections.close_all)()


@pytest_asyncio.fixture
async def browser(ward: wards.Ward) -> AsyncIterator[Browser]:
    """The nurse's browser, which has drawn its snapshot."""
    browser = Browser("site=north", await cookie_of("nurse"), ORIGIN)
    await browser.open()
    yield browser
    await browser.socket.disconnect()


@sync_to_async
def cookie_of(name: str) -> tuple[bytes, bytes]:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return (
        b"cookie",
        f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode(),
    )


@sync_to_async
def change(device: Device, **fields: Any) -> dict[str, Any]:
    """Change the live state in the database as ingest does; return the event that tells it."""
    live = State.objects.get(device=device)
    live.rev += 1
    for name, value in fields.items():
        setattr(live, name, value)
    live.save()
    return {"kind": "device", "serial": device.serial, "since": live.rev - 1, "rev": live.rev, **fields}


async def tell(ward: wards.Ward, *events: dict[str, Any]) -> None:
    keyed = {device_key(event["serial"]): event for event in events}
    await get_channel_layer().group_send(site_group(ward.north.pk), {"type": "live.events", "events": keyed})


@sync_to_async
def fresh(site: Site) -> dict[str, dict[str, Any]]:
    """What a snapshot would say now, ages left out: they are the reader's."""
    every = device_objects(Device.objects.filter(site=site, revoked_at=None), timezone.now())
    return {one["serial"]: timeless(one) for one in every}


def timeless(device: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in device.items() if name != "age_ms"}


async def test_the_snapshot_holds_the_devices_of_the_site_as_the_api_shows_them(ward: wards.Ward) -> None:
    await Pulse.objects.acreate(part="ingest", at=ward.now)
    browser = Browser("site=north", await cookie_of("nurse"), ORIGIN)
    message = await browser.open()
    assert (message["type"], message["rev"], message["alerts"]) == ("snapshot", 1, [])
    assert {serial: timeless(one) for serial, one in browser.devices.items()} == await fresh(ward.north)
    assert message["pulse"]["ingest_at"] == ward.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert message["pulse"]["dispatch_at"] is None
    assert message["pulse"]["sends"] is False
    await browser.socket.disconnect()


async def test_what_changes_is_told_by_its_changed_fields(ward: wards.Ward, browser: Browser) -> None:
    event = await change(ward.running, state="paused", temp_c=36.5)
    await tell(ward, event)
    message = await browser.draw()
    told = {name: value for name, value in event.items() if name != "since"}
    assert message == {"type": "events", "events": [told]}
    assert timeless(browser.devices["EMS-0001"]) == (await fresh(ward.north))["EMS-0001"]


async def test_the_next_message_waits_for_ok_and_holds_the_newest_of_each_field(
    ward: wards.Ward, browser: Browser
) -> None:
    await tell(ward, await change(ward.running, temp_c=30.0))
    await browser.draw(ok=False)
    await tell(ward, await change(ward.running, temp_c=31.0, state="paused"))
    await tell(ward, await change(ward.running, temp_c=32.0))
    assert await browser.socket.receive_nothing(timeout=0.3)
    await browser.socket.send_to(text_data="ok")  # bare, as a stranger's client may well say it
    (event,) = (await browser.draw())["events"]
    assert (event["temp_c"], event["state"]) == (32.0, "paused")


async def test_an_event_that_was_lost_on_the_way_is_mended_within_seconds(
    ward: wards.Ward, browser: Browser
) -> None:
    await change(ward.running, state="paused")  # never told
    await tell(ward, await change(ward.running, temp_c=30.0))
    async with asyncio.timeout(PATIENT_S):
        while timeless(browser.devices["EMS-0001"]) != (await fresh(ward.north))["EMS-0001"]:
            await browser.draw()


async def test_a_last_event_that_was_lost_is_mended_too(ward: wards.Ward, browser: Browser) -> None:
    await change(ward.running, state="fault")  # never told, and nothing follows
    async with asyncio.timeout(2 * PATIENT_S):
        while browser.devices["EMS-0001"]["state"] != "fault":
            await browser.draw()
    assert timeless(browser.devices["EMS-0001"]) == (await fresh(ward.north))["EMS-0001"]


async def test_snapshot_and_events_equal_a_fresh_snapshot_under_change(
    ward: wards.Ward, browser: Browser
) -> None:
    for n in range(40):
        event = await change(ward.running, temp_c=float(n), state=("paused", "running")[n % 2])
        if n % 7:
            await tell(ward, event)
        if n % 5 == 0:
            await tell(ward, event)  # once more
    async with asyncio.timeout(2 * PATIENT_S):
        while timeless(browser.devices["EMS-0001"]) != (await fresh(ward.north))["EMS-0001"]:
            await browser.draw()


async def test_the_pulse_is_passed_on(ward: wards.Ward, browser: Browser) -> None:
    pulse = {"kind": "pulse", "ingest_at": "2026-01-01T00:00:00.000Z", "now": "2026-01-01T00:00:00.000Z"}
    await get_channel_layer().group_send(PULSE_GROUP, {"type": "live.events", "events": {"pulse": pulse}})
    await browser.draw()
    assert browser.pulse == pulse


async def test_a_device_enrolled_meanwhile_comes_with_a_new_snapshot(
    ward: wards.Ward, browser: Browser
) -> None:
    await Device.objects.acreate(serial="EMS-NEW", site=ward.north)
    message = await browser.draw()
    assert (message["type"], message["rev"]) == ("snapshot", 2)
    assert "EMS-NEW" in browser.devices


async def test_a_browser_that_lost_its_way_asks_for_a_snapshot(ward: wards.Ward, browser: Browser) -> None:
    await tell(ward, await change(ward.running, temp_c=30.0))
    await browser.draw(ok=False)  # it will never answer this one
    await browser.socket.send_to(text_data='{"resync":true}')
    assert (await browser.draw())["rev"] == 2


@pytest.mark.parametrize(
    "said, about",
    [('{"watch":"EMS-0100"}', "watch"), ("{", "message"), ("[" * 3000, "message"), ("1", "message")],
)
async def test_what_is_not_understood_is_answered_in_words(browser: Browser, said: str, about: str) -> None:
    await browser.socket.send_to(text_data=said)
    answer = await browser.draw()
    assert (answer["type"], answer["about"]) == ("error", about)


async def test_an_overlong_message_ends_the_connection(browser: Browser) -> None:
    await browser.socket.send_to(text_data="x" * 5000)
    assert await browser.closed() == 1009


# --- who may look ---


async def turned_away(address: str, *headers: tuple[bytes, bytes]) -> int:
    browser = Browser(address, *headers)
    await browser.socket.connect(timeout=PATIENT_S)
    code = await browser.closed()
    assert not browser.devices
    return code


async def test_a_stranger_is_told_that_there_is_no_such_site(ward: wards.Ward) -> None:
    assert await turned_away("site=north", await cookie_of("stranger"), ORIGIN) == 4404
    assert await turned_away("site=nowhere", await cookie_of("stranger"), ORIGIN) == 4404
    assert await turned_away("", await cookie_of("stranger"), ORIGIN) == 4404


async def test_who_is_nobody_is_turned_away(ward: wards.Ward) -> None:
    assert await turned_away("site=north", ORIGIN) == 4403
    assert await turned_away("site=north&token=guessed") == 4403


async def test_a_page_of_another_origin_cannot_use_the_cookie(ward: wards.Ward) -> None:
    browser = Browser("site=north", await cookie_of("nurse"), (b"origin", b"http://evil.example"))
    accepted, _ = await browser.socket.connect(timeout=PATIENT_S)
    assert not accepted


async def test_any_other_address_is_refused() -> None:
    socket = WebsocketCommunicator(application, "/ws/v2/live", headers=[(b"host", b"localhost")])
    accepted, code = await socket.connect(timeout=PATIENT_S)
    assert (accepted, code) == (False, 4404)


async def test_a_token_opens_the_wall_for_programs(ward: wards.Ward) -> None:
    browser = Browser("site=north&token=token of nurse".replace(" ", "%20"))
    assert (await browser.open())["type"] == "snapshot"
    await browser.socket.disconnect()


async def test_a_withdrawn_membership_closes_at_once_when_told(
    ward: wards.Ward, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.live.paced.LOOK_EVERY", 10**9)  # nobody looks by themselves
    await Membership.objects.filter(user__username="nurse").adelete()
    nurse = await User.objects.aget(username="nurse")
    await get_channel_layer().group_send(ear_of(nurse), {"type": "access.changed"})
    assert await browser.closed() == 4404


@sync_to_async
def withdraw(how: str) -> None:
    nurse = User.objects.get(username="nurse")
    if how == "membership":
        Membership.objects.filter(user=nurse).delete()
    elif how == "inactive":
        User.objects.filter(pk=nurse.pk).update(is_active=False)
    elif how == "password":
        nurse.set_password("another-one")
        nurse.save()
    else:
        from django.contrib.sessions.models import Session

        Session.objects.all().delete()


@pytest.mark.in_time
@pytest.mark.parametrize(
    "how, code", [("membership", 4404), ("inactive", 4403), ("password", 4403), ("logout", 4403)]
)
async def test_withdrawn_access_closes_within_five_seconds_without_being_told(
    ward: wards.Ward, browser: Browser, how: str, code: int
) -> None:
    await withdraw(how)
    async with asyncio.timeout(ENDS_S):
        assert await browser.closed() == code


@pytest.mark.in_time
async def test_a_token_that_ran_out_closes_within_five_seconds(ward: wards.Ward) -> None:
    browser = Browser("site=north&token=token%20of%20nurse")
    await browser.open()
    await Token.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
    async with asyncio.timeout(ENDS_S):
        assert await browser.closed() == 4403


async def test_events_of_another_site_are_not_heard(ward: wards.Ward, browser: Browser) -> None:
    event = await change(ward.foreign, state="fault")
    keyed = {device_key(event["serial"]): event}
    await get_channel_layer().group_send(site_group(ward.far.pk), {"type": "live.events", "events": keyed})
    assert await browser.socket.receive_nothing(timeout=0.5)
