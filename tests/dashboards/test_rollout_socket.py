"""Rollouts on the live socket: the real channel layer and the real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from dashboards.live.sockets import NOT_FOUND
from fleet.access import displays
from fleet.access.models import Site
from fleet.live.events import rollout_key, site_group
from fleet.rollouts import queries
from fleet.rollouts.models import Rollout
from tests.dashboards import rolled
from tests.dashboards.api import ward as wards
from tests.dashboards.browser_modules import asked
from tests.dashboards.holding import Holding
from tests.dashboards.test_live import ORIGIN, PATIENT_S, Browser, cookie_of
from tests.dashboards.test_live import ward as ward  # the fixture

pytestmark = pytest.mark.django_db(transaction=True)

writes = sync_to_async(rolled.write)
turns = sync_to_async(rolled.turn)
turns_target = sync_to_async(rolled.turn_target)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at every two seconds is looked at five times a second."""
    monkeypatch.setattr("dashboards.live.paced.TICK_S", 0.1)
    monkeypatch.setattr("dashboards.live.shared.FRESH_S", 0.1)


@sync_to_async
def true(site: Site) -> dict[str, dict[str, Any]]:
    rows = queries.in_sight(site.pk, timezone.now())
    return {one["id"]: one for one in queries.objects(rows, (site.pk,))}


@sync_to_async
def _told(rollout: Rollout) -> list[tuple[int, dict[str, Any]]]:
    return queries.told(queries.again([rollout.pk]))


async def tell(rollout: Rollout) -> None:
    for site_id, event in await _told(rollout):
        keyed = {rollout_key(event["id"]): event}
        await get_channel_layer().group_send(site_group(site_id), {"type": "live.events", "events": keyed})


class Page(Holding):
    """A live socket, and the rollouts that it holds as `few.js` does."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(browser, "rollout")

    async def until_true(self, site: Site) -> None:
        await self.until(lambda: true(site))


@pytest_asyncio.fixture
async def page(ward: wards.Ward) -> AsyncIterator[Page]:
    """The nurse's wall, which has drawn its snapshot."""
    page = await Page(Browser("site=north", await cookie_of("nurse"), ORIGIN)).open()
    yield page
    await page.leave()


async def test_the_snapshot_holds_what_is_at_work_or_just_over_and_nothing_of_another_site(
    ward: wards.Ward,
) -> None:
    now = timezone.now()
    here, there = [(ward.running, "offered", "")], [(ward.foreign, "planned", "")]
    running = await writes(here)
    ended = await writes(
        [(ward.silent, "verified", "")], state="completed", ended_at=now - timedelta(minutes=5)
    )
    await writes([(ward.silent, "verified", "")], state="completed", ended_at=now - timedelta(hours=1))
    await writes([(ward.silent, "planned", "")], state="draft")
    await writes(there)
    page = await Page(Browser("site=north", await cookie_of("nurse"), ORIGIN)).open()
    assert set(page.held) == {str(running.pk), str(ended.pk)}
    assert page.held == await true(ward.north)
    await page.leave()


async def test_a_rollout_is_told_whole_with_each_change(ward: wards.Ward, page: Page) -> None:
    rollout = await writes([(ward.running, "planned", ""), (ward.silent, "planned", "unreachable")])
    await tell(rollout)
    await page.draw()
    (shown,) = page.held.values()
    assert shown["counts"] == {"planned": 2}
    assert shown["progress"][0]["reasons"] == {"planned": {"unreachable": 1}}
    await turns_target(rollout, ward.running, state="verified")
    await tell(rollout)
    await page.draw()
    (shown,) = page.held.values()
    assert shown["counts"] == {"planned": 1, "verified": 1}
    assert (shown["progress"][0]["succeeded"], shown["progress"][0]["unreachable"]) == (1, 1)
    assert page.held == await true(ward.north)


async def test_what_was_lost_on_the_way_is_read_afresh(ward: wards.Ward, page: Page) -> None:
    rollout = await writes([(ward.running, "offered", "")])
    await page.until_true(ward.north)
    await turns(rollout, state="paused", reason="failure_share")
    await page.until_true(ward.north)
    await turns(rollout, state="aborted", ended_at=timezone.now())
    await page.until_true(ward.north)
    assert page.held[str(rollout.pk)]["state"] == "aborted"


async def test_of_another_site_a_page_hears_only_that_there_is_one(ward: wards.Ward, page: Page) -> None:
    rollout = await writes([(ward.running, "offered", ""), (ward.foreign, "planned", "")])
    await tell(rollout)
    await page.draw()
    (shown,) = page.held.values()
    assert (shown["sites"], shown["other_sites"], shown["devices"]) == (["north"], 1, 2)
    assert ward.foreign.serial not in repr(shown)
    assert ward.far.slug not in repr(shown)


async def test_a_screen_on_the_wall_names_nobody(ward: wards.Ward) -> None:
    await writes([(ward.running, "offered", "")], decided_by="clinician", decision_reason="as discussed")
    _, secret = await sync_to_async(displays.make_link)(
        actor=None, site=ward.north, name="Ward", now=timezone.now()
    )
    screen = await Page(Browser(f"site=north&display={secret}", ORIGIN)).open()
    second = await writes([(ward.silent, "offered", "")])
    await tell(second)
    await screen.draw()
    assert len(screen.held) == 2
    for name in ("engineer", "clinician", "as discussed"):
        assert name not in repr(screen.held)
    await screen.leave()


# --- the socket of one rollout's page ---


async def page_of(rollout: Rollout, site: str = "north") -> Page:
    return await Page(Browser(f"site={site}&rollout={rollout.pk}", await cookie_of("nurse"), ORIGIN)).open()


@sync_to_async
def whole(rollout: Rollout, site: Site) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in queries.objects(queries.again([rollout.pk]), (site.pk,))}


@pytest.mark.parametrize("state", ["draft", "rolled_back"])
async def test_the_page_of_a_rollout_hears_of_it_before_and_long_after_it_runs_and_of_nothing_else(
    ward: wards.Ward, state: str
) -> None:
    long_ago = timezone.now() - timedelta(days=90)
    mine = await writes([(ward.running, "planned", "")], state=state, ended_at=long_ago)
    other = await writes([(ward.silent, "offered", "")])
    page = await page_of(mine)
    assert page.held == await whole(mine, ward.north)
    assert page.browser.devices == {}
    await turns(other, reason="by_hand")
    await tell(other)
    await turns(mine, reason="by_hand")
    await tell(mine)
    while page.held != await whole(mine, ward.north):
        await page.draw()
    assert set(page.held) == {str(mine.pk)}
    await page.leave()


async def test_the_page_of_a_rollout_misses_no_step_that_was_lost_on_the_way(ward: wards.Ward) -> None:
    draft = await writes([(ward.running, "planned", "")], state="draft")
    page = await page_of(draft)
    await turns(draft, state="submitted")
    await page.until(lambda: whole(draft, ward.north))
    assert page.held[str(draft.pk)]["state"] == "submitted"
    await page.leave()


async def test_a_rollout_that_is_none_of_the_sites_has_no_socket_there(ward: wards.Ward) -> None:
    foreign = await writes([(ward.foreign, "planned", "")])
    mine = await writes([(ward.running, "planned", "")])
    for number in (str(foreign.pk), "0f5b1a9e-60a4-4f6a-8f06-0a4a4c5e2b11", "nonsense"):
        browser = Browser(f"site=north&rollout={number}", await cookie_of("nurse"), ORIGIN)
        assert (await browser.socket.connect(timeout=PATIENT_S))[0]
        assert await browser.closed() == NOT_FOUND
    page = await page_of(mine)
    await sync_to_async(mine.sites.set)([ward.far])  # somebody wrote the draft anew, for another site
    assert await page.browser.closed() == NOT_FOUND


# --- what a page makes of it ---


def test_a_late_event_never_overtakes_a_newer_one_on_a_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    def at(rev: int) -> dict[str, Any]:
        return {"id": "a", "rev": rev, "state": "running"}

    messages = [
        {
            "type": "events",
            "events": [{"kind": "rollout", **at(3)}, {"kind": "device", "serial": "x", "rev": 9}],
        },
        {"type": "snapshot", "rollouts": [at(2)]},
        {"type": "events", "events": [{"kind": "rollout", **at(1)}]},
    ]
    with asked("few.mjs", ("few",), tmp_path_factory.mktemp("late")) as ask:
        told = ask("held", kind="rollout", messages=messages)
    assert told == {"held": [at(3)], "changed": [[False, ["a"]], [True, ["a"]], [False, []]]}


def test_what_a_snapshot_does_not_hold_a_page_forgets(tmp_path_factory: pytest.TempPathFactory) -> None:
    messages = [
        {"type": "snapshot", "rollouts": [{"id": "a", "rev": 1}, {"id": "b", "rev": 1}]},
        {"type": "snapshot", "rollouts": [{"id": "b", "rev": 2}]},
    ]
    with asked("few.mjs", ("few",), tmp_path_factory.mktemp("gone")) as ask:
        assert ask("held", kind="rollout", messages=messages)["held"] == [{"id": "b", "rev": 2}]
