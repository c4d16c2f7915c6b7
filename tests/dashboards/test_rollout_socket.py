"""Rollouts on the live socket: the real channel layer and the real database."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from fleet.access import displays
from fleet.access.models import Site
from fleet.live.events import rollout_key, site_group
from fleet.rollouts import queries
from fleet.rollouts.models import Rollout
from tests.dashboards import rolled
from tests.dashboards.api import ward as wards
from tests.dashboards.browser_modules import asked
from tests.dashboards.holding import Holding
from tests.dashboards.test_live import ORIGIN, Browser, cookie_of
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
    """A live socket, and the rollouts that it holds as `rollouts-store.js` does."""

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


# --- one rule on both sides ---


@sync_to_async
def _both(ward: wards.Ward, now: datetime, folder: Any) -> tuple[set[str], set[str], int]:
    ended = now - timedelta(minutes=5), now - timedelta(minutes=15), None
    for state in (*queries.RolloutState,):
        for at in ended:
            rolled.write([(ward.running, "verified", "")], state=state, ended_at=at)
    for ago_at in ended:
        rolled.write([(ward.fresh, "planned", "")], state="aborted", ended_at=ago_at)
    rolled.write([(ward.fresh, "held", "session")], state="aborted", ended_at=ended[1])
    rolled.write([(ward.silent, "claimed", "")], state="completed", ended_at=ended[1])
    told = queries.objects(queries.rollouts(), (ward.north.pk,))
    with asked("rollouts.mjs", ("rollouts-store",), folder) as ask:
        page = set(ask("sight", rollouts=told, now=int(now.timestamp() * 1000)))
    return {str(one.pk) for one in queries.in_sight(ward.north.pk, now)}, page, len(told)


async def test_a_page_forgets_a_rollout_when_a_fresh_snapshot_would_not_hold_it(
    ward: wards.Ward, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server, page, every = await _both(ward, timezone.now(), tmp_path_factory.mktemp("sight"))
    assert server == page
    assert 10 < len(server) < every


def test_a_late_event_never_overtakes_a_newer_one_on_a_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    def at(rev: int) -> dict[str, Any]:
        return {"id": "a", "rev": rev, "state": "running", "counts": {}, "ended_at": None}

    messages = [
        {
            "type": "events",
            "events": [{"kind": "rollout", **at(3)}, {"kind": "device", "serial": "x", "rev": 9}],
        },
        {"type": "snapshot", "rollouts": [at(2)]},
        {"type": "events", "events": [{"kind": "rollout", **at(1)}]},
    ]
    with asked("rollouts.mjs", ("rollouts-store",), tmp_path_factory.mktemp("late")) as ask:
        assert ask("held", messages=messages) == [at(3)]
