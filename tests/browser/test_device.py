"""A device's page in a real browser, fed by real processes."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Machine, Person
from tests.harness import House, wait_for

TABS = ("", "history/", "sessions/", "events/", "commands/", "contact/", "evidence/", "credentials/")
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


class Page:
    """Somebody at the page of the machine."""

    def __init__(self, person: Person, machine: Machine) -> None:
        self.person, self.machine, self.page = person, machine, person.page

    def open(self, tab: str = "") -> None:
        self.person.log_in(f"/devices/{self.machine.serial}/{tab}")
        self.person.wait_live("live")

    def wait_traced(self, seq: int) -> float:
        """Wait until this record is taken into the trace; return how long that took, s."""
        said = time.time()
        return self.person.watch(f"document.getElementById('trace')?.dataset.last === '{seq}'")() - said

    def columns(self) -> dict[str, list[Any]]:
        """Return what the first plot draws: times, planned, set, delivered."""
        return self.page.evaluate(  # type: ignore[no-any-return]
            "async () => { const { shown } = await import(document.querySelector('script[src*=devicelive]').src);"
            " const [t, planned, set, ma] = shown()[0].ma.data; return { t, planned, set, ma }; }"
        )


@pytest.fixture
def nurse(person: People, machine: Machine) -> Page:
    return Page(person("nurse"), machine)


def treat(machine: Machine, **other: Any) -> int:
    machine.telemetry(set_ma=32, ma=31.4, session="S-live", **other)
    return machine._seq


def test_the_live_trace_moves_within_two_seconds_and_a_gap_is_drawn_as_a_gap(nurse: Page) -> None:
    machine = nurse.machine
    machine.status(state="running", output="on", session="S-live")
    treat(machine)
    nurse.open()
    nurse.page.get_by_text("Channel 1", exact=False).first.wait_for()
    machine.status(state="running", output="on", session="S-live")
    for _ in range(5):  # until ingest has learned that somebody watches
        if nurse.wait_traced(treat(machine)) < 1.0:
            break
    assert nurse.wait_traced(treat(machine)) < 2.0
    machine._seq += 3  # given out, and lost on the way
    time.sleep(1.5)  # the device's own time passes: a gap is one of time
    assert nurse.wait_traced(treat(machine)) < 2.0
    wait_for(lambda: None in nurse.columns()["ma"], within_s=30, why="the gap is drawn over")
    assert nurse.columns()["ma"][-1] == 31.4
    row = nurse.page.locator("#channels tr").first
    expect(row).to_contain_text("31.4", use_inner_text=True)
    expect(row).to_contain_text("820", use_inner_text=True)


def test_late_data_is_marked_where_it_belongs(nurse: Page) -> None:
    machine = nurse.machine
    machine.status(state="running", output="on", session="S-live")
    nurse.open()
    nurse.wait_traced(treat(machine))
    treat(machine, late=True)
    seq = treat(machine)
    nurse.wait_traced(seq)
    kinds = nurse.page.evaluate(
        "async () => { const { kept } = await import(document.querySelector('script[src*=devicelive]').src);"
        " return kept().bands(0, null).map((band) => band.kind); }"
    )
    assert "late" in kinds


def test_history_zooms_by_buttons_keys_and_address(nurse: Page) -> None:
    machine = nurse.machine
    machine.status(state="running", output="on", session="S-live")
    treat(machine)
    nurse.open("history/?last=6h")
    page = nurse.page
    page.wait_for_selector("#history[data-shown]", state="attached")
    page.get_by_role("link", name="1 d", exact=True).click()
    page.wait_for_url("**/history/?last=1d")
    page.keyboard.press("+")
    page.wait_for_url(re.compile(r"from=.*&to="))
    zoomed = page.url
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("(before) => location.href !== before", arg=zoomed)
    page.go_back()
    page.wait_for_url(zoomed)
    page.reload()
    page.wait_for_selector("#history[data-shown]", state="attached")
    assert page.url == zoomed
    page.goto(page.url.split("?")[0] + "?last=1h")
    page.wait_for_selector("#history[data-shown]", state="attached")
    box = page.locator(".u-over").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40, steps=3)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=.*&to="))
    page.go_back()
    page.wait_for_url("**/history/?last=1h")


def test_the_page_greys_out_when_the_pulse_stops(nurse: Page, house: House) -> None:
    nurse.open()
    house.pause("ingest")
    try:
        nurse.person.wait_live("stale")
        nurse.page.get_by_role("alert").get_by_text("Look at the devices themselves").wait_for()
        assert "grayscale" in nurse.page.locator("#head").evaluate("(head) => getComputedStyle(head).filter")
    finally:
        house.resume("ingest")
    nurse.person.wait_live("live")


@pytest.mark.parametrize("width, dark", [(1440, False), (390, True)])
def test_every_tab_is_free_of_serious_accessibility_faults(
    person: People, machine: Machine, width: int, dark: bool
) -> None:
    engineer = Page(person("engineer", width=width, dark=dark), machine)
    machine.status(state="fault", conditions=["fault:hv", "electrode_off:2"], locked="recall")
    treat(machine)
    engineer.open()
    for tab in (*TABS, "credentials/revoke/") if width > 1000 else ("", "history/", "evidence/"):
        assert engineer.person.open(f"/devices/{machine.serial}/{tab}") == 200
        engineer.person.wait_live("live")
        assert serious(engineer.page) == [], tab
        assert engineer.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab


def test_a_stranger_finds_no_such_page(person: People, machine: Machine) -> None:
    stranger = person("stranger")
    stranger.log_in()
    for tab in TABS:
        assert stranger.open(f"/devices/{machine.serial}/{tab}") == 404
