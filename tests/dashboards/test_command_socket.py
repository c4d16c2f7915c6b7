"""What was asked of devices, on the live socket: the real channel layer and the real database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from devices.models import Device
from fleet.access import displays
from fleet.control import queries
from fleet.control.models import Command
from fleet.live.events import command_key, site_group
from tests.dashboards.api import ward as wards
from tests.dashboards.browser_modules import asked
from tests.dashboards.holding import Holding
from tests.dashboards.test_command_words import MODULES
from tests.dashboards.test_live import ORIGIN, PATIENT_S, Browser, cookie_of
from tests.dashboards.test_live import ward as ward  # the fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at every two seconds is looked at five times a second."""
    monkeypatch.setattr("dashboards.live.paced.TICK_S", 0.1)
    monkeypatch.setattr("dashboards.live.shared.FRESH_S", 0.1)


def write(device: Device, *, verb: str = "stop", ago_s: float = 0, **fields: Any) -> Command:
    """Write a command as it may have become; nobody is told."""
    now = timezone.now()
    begun = now - timedelta(seconds=ago_s)
    usual: dict[str, Any] = {"id": uuid4(), "args": "{}", "requested_at": begun, "actor_name": "nurse"}
    usual |= {"expires_at": begun + timedelta(seconds=10), "reason": "she asked for it"}
    if verb in ("stop", "pause", "lower", "lock", "unlock"):
        usual["proof_due_at"] = begun + timedelta(seconds=3)
    moments = {
        name: now - timedelta(seconds=value) if name.endswith("_at") and value is not None else value
        for name, value in fields.items()
    }
    return Command.objects.create(device=device, site=device.site, verb=verb, **usual | moments)


writes = sync_to_async(write)


@sync_to_async
def change(command: Command, **fields: Any) -> None:
    """Change it in the database; nobody is told."""
    command.rev += 1
    Command.objects.filter(pk=command.pk).update(rev=command.rev, **fields)


@sync_to_async
def true(device: Device) -> dict[str, dict[str, Any]]:
    rows = queries.in_sight(device.site_id, timezone.now())
    return {str(one.pk): queries.command_object(one) for one in rows}


async def tell(command: Command) -> None:
    event = await sync_to_async(lambda: queries.command_event(queries.commands().get(pk=command.pk)))()
    keyed = {command_key(str(command.pk)): event}
    group = site_group(command.site_id or 0)
    await get_channel_layer().group_send(group, {"type": "live.events", "events": keyed})


class Page(Holding):
    """A live socket, and the commands that it holds as `commands-store.js` does."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(browser, "command")

    async def until_true(self, device: Device) -> None:
        await self.until(lambda: true(device))


@pytest_asyncio.fixture
async def page(ward: wards.Ward) -> AsyncIterator[Page]:
    """The nurse's wall, which has drawn its snapshot."""
    page = await Page(Browser("site=north", await cookie_of("nurse"), ORIGIN)).open()
    yield page
    await page.browser.socket.disconnect()


async def test_the_snapshot_holds_what_is_in_sight_and_nothing_of_another_site(ward: wards.Ward) -> None:
    open_one = await writes(ward.running, state="published", published_at=0)
    unproved = await writes(ward.silent, ago_s=7_200, state="unconfirmed", unconfirmed_at=7_197)
    await writes(ward.running, ago_s=7_200, state="confirmed", confirmed_at=7_199)
    await writes(ward.foreign)
    page = await Page(Browser("site=north", await cookie_of("nurse"), ORIGIN)).open()
    assert set(page.held) == {str(open_one.pk), str(unproved.pk)}
    assert page.held == await true(ward.running)
    await page.browser.socket.disconnect()


async def test_a_command_is_told_whole_with_each_step(ward: wards.Ward, page: Page) -> None:
    command = await writes(ward.running)
    await tell(command)
    await page.draw()
    assert page.held == await true(ward.running)
    await change(command, state="confirmed", confirmed_at=timezone.now())
    await tell(command)
    await page.draw()
    assert page.held[str(command.pk)]["state"] == "confirmed"


async def test_what_was_lost_on_the_way_is_read_afresh(ward: wards.Ward, page: Page) -> None:
    command = await writes(ward.running)
    await page.until_true(ward.running)
    await change(command, state="unconfirmed", unconfirmed_at=timezone.now())
    await page.until_true(ward.running)


async def test_the_page_of_one_device_hears_of_its_own_commands(ward: wards.Ward) -> None:
    serial = ward.running.serial
    page = await Page(Browser(f"site=north&device={serial}", await cookie_of("nurse"), ORIGIN)).open()
    other, mine = await writes(ward.silent), await writes(ward.running)
    await tell(other)
    await tell(mine)
    await page.draw()
    assert set(page.held) == {str(mine.pk)}
    await page.browser.socket.disconnect()


async def test_a_screen_on_the_wall_shows_what_becomes_of_a_stop_and_names_nobody(ward: wards.Ward) -> None:
    first = await writes(ward.running)
    _, secret = await sync_to_async(displays.make_link)(
        actor=None, site=ward.north, name="Ward", now=timezone.now()
    )
    screen = await Page(Browser(f"site=north&display={secret}", ORIGIN)).open()
    second = await writes(ward.running)
    await tell(second)
    await screen.draw()
    third = await writes(ward.running)  # never told
    async with asyncio.timeout(PATIENT_S):
        while str(third.pk) not in screen.held:
            await screen.draw()
    assert set(screen.held) == {str(first.pk), str(second.pk), str(third.pk)}
    for one in screen.held.values():
        assert (one["actor"], one["reason"], one["reason_by"]) == (None, "", None)
    await screen.browser.socket.disconnect()


# --- one rule on both sides ---

LAST = ("done_at", "confirmed_at", "unconfirmed_at", "refuted_at", "refused_at", "expired_at")
DAY_S, WEEK_S = 86_400, 7 * 86_400


def _some(ward: wards.Ward) -> Iterator[Command]:
    for verb in ("stop", "pause", "lower", "identify", "rebirth"):
        for state in ("requested", "done", "confirmed", "unconfirmed", "expired"):
            for ago_s in (30, 90, DAY_S + 30, WEEK_S + 30):
                yield write(ward.running, verb=verb, state=state, ago_s=ago_s)
    for verb, ago_s in (("lock", 300), ("unlock", 200), ("lock", 100)):  # the last of them is still wanted
        yield write(ward.running, verb=verb, state="unconfirmed", ago_s=ago_s)
        yield write(
            ward.silent, state="unconfirmed", ago_s=ago_s, published_at=ago_s if ago_s == 200 else None
        )
    yield write(ward.silent, state="confirmed", ago_s=90, confirmed_at=90)  # makes good what never left
    yield write(ward.silent, state="unconfirmed", ago_s=80)
    for step in LAST:
        for step_s, ago_s in ((30, 90), (90, 120), (30, DAY_S + 30)):
            yield write(ward.running, state="confirmed", ago_s=ago_s, **{step: step_s})


@sync_to_async
def _both(ward: wards.Ward, now: datetime, folder: Any) -> tuple[set[str], set[str]]:
    every = [str(one.pk) for one in _some(ward)]
    told = [queries.command_object(one) for one in queries.commands().filter(pk__in=every)]
    with asked("asking.mjs", MODULES, folder) as ask:
        page = set(ask("sight", commands=told, now=int(now.timestamp() * 1000)))
    return {str(one.pk) for one in queries.in_sight(ward.north.pk, now)}, page


async def test_a_page_forgets_a_command_when_a_fresh_snapshot_would_not_hold_it(
    ward: wards.Ward, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server, page = await _both(ward, timezone.now(), tmp_path_factory.mktemp("sight"))
    assert server == page
    assert 30 < len(server) < 100
