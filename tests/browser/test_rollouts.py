"""Rollouts in a real browser: previewed, approved by somebody else, started, and paused with a double click."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, WebSocketRoute, expect

from tests.browser.axe import serious
from tests.browser.conftest import WITHIN_MS, Machine, Person
from tests.harness import House

LONGEST_RETRY_MS = 15_000  # as `live.js`: between two tries of a page to join
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def nothing_under_way(house: House) -> Iterator[None]:
    """What a test left running offers nothing to the devices of the next one."""
    yield
    house.sql(
        "UPDATE rollouts_target SET state = 'withdrawn' WHERE state NOT IN ('verified', 'already_current')"
    )
    house.sql("UPDATE rollouts_rollout SET state = 'aborted', rev = rev + 1")


class Line:
    """The live socket of a page, which can be cut and mended."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._joined: list[WebSocketRoute] = []
        page.route_web_socket(re.compile(r"/ws/v1/live\?"), self._join)

    def _join(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close(code=3000)
            return
        socket.connect_to_server()
        self._joined.append(socket)

    def cut(self) -> None:
        self._is_cut = True
        for socket in self._joined:
            socket.close(code=3000)

    def mend(self) -> None:
        self._is_cut = False
        self._joined.clear()


def write(page: Page, machine: Machine) -> None:
    """Fill the form for one device."""
    page.get_by_label("Protocol and version").select_option("knee-oa:1")
    page.get_by_label("Title", exact=True).fill("one bench device")
    page.get_by_label("These serial numbers").check()
    page.get_by_label("Serial numbers", exact=True).fill(machine.serial)


def test_a_rollout_is_written_previewed_approved_started_and_paused_once_and_seen_by_whoever_looks_on(
    person: People, machine: Machine
) -> None:
    machine.status()
    engineer = person("engineer")
    engineer.log_in("/rollouts/new/")
    page = engineer.page
    assert serious(engineer.page) == []
    write(page, machine)
    page.get_by_role("button", name="Preview").click()
    page.locator("#preview").get_by_text("1 device matches.").wait_for()
    assert serious(engineer.page) == []
    page.get_by_role("button", name="Save as a draft").click()
    page.get_by_role("button", name="Submit for approval").click()
    page.get_by_text("Submitted: a clinician who did not write it decides.").wait_for()
    path = page.url.removeprefix(engineer.house.url)

    clinician = person("clinician")
    line = Line(clinician.page)
    clinician.log_in(path)
    assert serious(clinician.page) == []
    clinician.page.locator("summary", has_text="Approve").click()
    clinician.page.get_by_label("Why").locator("visible=true").fill("one device, on the bench")
    clinician.page.get_by_role("button", name="Approve", exact=True).click()
    clinician.page.get_by_text("Approved, not started").wait_for()
    feed = clinician.page.locator("#feed")
    clinician.page.locator('#feed[data-state="live"]').wait_for()

    machine.status()  # still there: the wave waits for it
    page.locator("summary", has_text="Start").click()  # the page came to know by itself
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator(".ro-now", has_text="Running").wait_for()
    assert serious(engineer.page) == []
    clinician.page.locator(".ro-now", has_text="Running").wait_for()
    line.cut()
    expect(feed).to_contain_text("Not live: read anew every 2 s. Age of what you see:")
    page.get_by_role("button", name="Pause", exact=True).dblclick()
    page.locator(".ro-now", has_text="Paused").wait_for()
    assert page.locator(".ro-log li", has_text="Paused").count() == 1
    clinician.page.locator(".ro-now", has_text="Paused").wait_for()  # asked for, while nobody tells it
    line.mend()
    clinician.page.locator('#feed[data-state="live"]').wait_for(timeout=LONGEST_RETRY_MS + WITHIN_MS)
    page.get_by_role("button", name="Resume", exact=True).click()
    clinician.page.locator(".ro-now", has_text="Running").wait_for()
    expect(clinician.page).to_have_title(re.compile("Running"))


def test_typed_words_are_not_lost_by_accident_and_rows_of_waves_come_one_by_one(person: People) -> None:
    engineer = person("engineer")
    engineer.log_in("/rollouts/new/")
    page = engineer.page
    assert page.locator("[data-wave]:visible").count() == 3
    page.get_by_role("button", name="One more wave").click()
    assert page.locator("[data-wave]:visible").count() == 4
    page.get_by_label("Wave 1 reaches").select_option("bench")
    assert page.get_by_label("Wave 1: how many").is_hidden()
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.get_by_role("link", name="Leave it").click()
    page.wait_for_url("**/rollouts/")
    assert asked == ["beforeunload"]


def test_on_a_phone_a_wrong_number_is_told_at_its_field(person: People, machine: Machine) -> None:
    engineer = person("engineer", width=390, height=844, dark=True)
    engineer.log_in("/rollouts/new/")
    page = engineer.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    write(page, machine)
    page.get_by_label("At most, a minute").fill("many")
    page.get_by_role("button", name="Save as a draft").click()
    page.get_by_text("“many” is no number.").wait_for()
    assert page.get_by_label("At most, a minute").get_attribute("aria-invalid") == "true"
    engineer.complaints.clear()  # a form that cannot be used is answered with 422
    assert serious(engineer.page) == []
    engineer.open("/rollouts/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(engineer.page) == []


def test_rows_under_a_pointer_keep_their_places_and_say_what_is_so_now(
    person: People, machine: Machine
) -> None:
    engineer = person("engineer")
    page, api = engineer.page, f"{engineer.house.url}/api/v1/rollouts"
    token = engineer.house.people["users"]["engineer"]["token"]

    def ask(address: str, **about: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = page.request.post(address, headers=headers, data=about)
        assert answer.ok, answer.text()
        return dict(answer.json())

    def write_one(title: str) -> str:
        plan = {
            "waves": [{"percent": 100}],
            "success_threshold": 0.95,
            "failure_count": 1,
            "deadline_s": 600,
            "pace_per_minute": 60,
        }
        chosen = {"protocol": "knee-oa", "version": 1, "targets": {"serials": [machine.serial]}}
        return str(ask(api, title=title, **chosen, **plan)["id"])

    first = write_one("the first one")
    engineer.log_in("/rollouts/")
    row = page.locator("tr", has_text="the first one")
    row.hover()
    write_one("one that stands above it")
    ask(f"{api}/{first}/submit")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as every five seconds
    expect(row).to_contain_text("Waits for approval")
    newer = page.locator("tr", has_text="one that stands above it")
    assert newer.count() == 0
    page.mouse.move(0, 0)
    newer.wait_for()
