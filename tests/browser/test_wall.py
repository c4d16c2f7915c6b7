"""The wall in a real browser, fed by real processes."""

import re
import time
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import WebSocket, expect

from tests.browser.axe import serious
from tests.browser.conftest import Machine, Person
from tests.harness import House

LIVES = """() => !document.querySelector('meta[http-equiv="refresh"]')"""  # which is there until it is loaded
AS_MANY_AS = """(count) => Number(document.getElementById(count).textContent)
  === document.querySelectorAll(".tile:not([hidden])").length"""
PULSE = re.compile(r'"ingest_at": ?"([^"]+)"')
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


def test_a_nurse_sees_a_tile_move_while_a_device_treats(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    tile = nurse.tile(machine.serial)
    machine.status()
    tile.get_by_text("Idle", exact=True).wait_for()
    machine.status(state="running", output="on", session="S-1")
    machine.telemetry(set_ma=32, ma=31.4)
    tile.get_by_text("On", exact=True).wait_for()
    tile.get_by_text("31.4").wait_for()
    machine.telemetry(set_ma=34.5, ma=33.1, elapsed_ms=62_000)
    tile.get_by_text("33.1").wait_for()
    words = tile.inner_text()
    for expected in ("34.5", "for 1:02", "cycle 3", "ok", "not in use", "86 %", "online"):
        assert expected in words, f"{expected} is not in {words!r}"
    machine.status(state="fault", conditions=["estop"])
    tile.get_by_text("Fault", exact=True).wait_for()
    tile.get_by_text("Emergency stop pressed").wait_for()
    expect(nurse.page.locator("#count-attention")).to_have_text(re.compile("[1-9]"))


def test_the_page_tells_what_it_has_drawn(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    nurse.page.evaluate(
        "() => { window.drawn = [];"
        " document.addEventListener('myofleet:drawn', (event) => drawn.push(...event.detail)); }"
    )
    machine.status(state="ready")
    found = nurse.page.wait_for_function(f"() => drawn.find((one) => one.serial === '{machine.serial}')")
    drawn = found.json_value()
    assert drawn["rev"] > 0
    assert 0 < drawn["t"] <= nurse.page.evaluate("performance.now()")


def test_a_device_that_falls_silent_in_session_is_never_shown_as_off(
    person: People, machine: Machine
) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    machine.status(state="running", output="on", session="S-1")
    tile = nurse.tile(machine.serial)
    tile.get_by_text("On", exact=True).wait_for()
    tile.get_by_text("Was on, now unknown").wait_for(timeout=30_000)  # ingest may have just started
    assert "s ago" in tile.locator("[data-f=timing]").inner_text()


def hear(socket: WebSocket, pulses: list[str]) -> None:
    """Keep when ingest lived, as the page is told."""
    socket.on("framereceived", lambda frame: pulses.extend(PULSE.findall(str(frame))))


def test_the_page_greys_out_when_the_pulse_stops_and_recovers_by_itself(person: People, house: House) -> None:
    nurse = person("nurse")
    pulses: list[str] = []
    nurse.page.on("websocket", lambda socket: hear(socket, pulses))
    nurse.open_wall("north-rehab")
    seen = nurse.watch("document.body.dataset.live === 'stale'")
    stopped = time.time()
    house.pause("ingest")
    try:
        stale = seen()
        assert stale - stopped < 8
        assert stale - datetime.fromisoformat(pulses[-1]).timestamp() > 4
        nurse.page.get_by_role("alert").get_by_text("Look at the devices themselves").wait_for()
        veil = nurse.page.evaluate("getComputedStyle(document.body, '::after').backdropFilter")
        assert veil == "grayscale(1)"
    finally:
        house.resume("ingest")
    nurse.wait_live("live", within_ms=15_000)
    expect(nurse.page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize("part", ["web", "redis"])
def test_the_wall_says_that_it_lost_the_server_and_finds_it_again(
    person: People, house: House, machine: Machine, part: str
) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    machine.status(state="idle")
    nurse.tile(machine.serial).get_by_text("Idle", exact=True).wait_for()
    house.kill9(part)
    nurse.wait_live("down", "stale", "fault")
    machine.status(state="ready")  # said while nobody could hear
    house.start(part)
    nurse.wait_live("live", within_ms=40_000)
    nurse.tile(machine.serial).get_by_text("Ready", exact=True).wait_for(timeout=20_000)


def test_a_hidden_tab_keeps_up(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.page.add_init_script(
        "Object.defineProperty(document, 'hidden', { get: () => true });"
        "window.requestAnimationFrame = () => 1;"  # no frame comes to a hidden tab
    )
    nurse.open_wall(machine.site)
    for state, word in (("ready", "Ready"), ("charging", "Charging"), ("idle", "Idle")):
        machine.status(state=state)
        nurse.tile(machine.serial).get_by_text(word, exact=True).wait_for()


def test_a_device_enrolled_while_the_wall_is_open_appears_on_it(person: People, house: House) -> None:
    nurse = person("nurse")
    nurse.log_in("/sites/north-rehab/?order=place")
    nurse.wait_live("live")
    before = nurse.page.locator(".tile").count()
    house.manage("enrol", "NEW-1", "--site", "north-rehab", "--room", "Annex 1", "--name", "Newcomer")
    nurse.tile("NEW-1").get_by_text("Never heard", exact=True).wait_for()
    expect(nurse.page.locator(".tile")).to_have_count(before + 1)
    expect(nurse.page.locator("#count-all")).to_have_text(str(before + 1))
    expect(nurse.page.locator(".tile").first).to_have_attribute("data-serial", "NEW-1")  # by room


def test_the_counts_choose_which_tiles_are_shown(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    machine.status(state="fault", conditions=["fault:hv"])
    nurse.tile(machine.serial).get_by_text("Fault of the high-voltage supply").wait_for()
    nurse.page.get_by_role("button", name="need attention").click()
    expect(nurse.tile(machine.serial)).to_be_visible()
    nurse.page.wait_for_function(AS_MANY_AS, arg="count-attention")
    nurse.page.get_by_role("button", name="devices").first.click()
    nurse.page.wait_for_function(AS_MANY_AS, arg="count-all")


def test_logging_out_in_another_tab_takes_the_wall_away(person: People) -> None:
    nurse = person("nurse")
    nurse.open_wall("north-rehab")
    other = nurse.page.context.new_page()
    other.goto(nurse.house.url)
    other.locator("summary.who").click()
    other.get_by_role("button", name="Log out").click()
    nurse.page.wait_for_url("**/login/?next=/sites/north-rehab/")


def test_a_stranger_finds_no_wall(person: People) -> None:
    stranger = person("stranger")
    stranger.log_in()
    assert stranger.open("/sites/north-rehab/") == 404
    stranger.page.get_by_text("not yours").wait_for()
    assert not stranger.page.locator(".tile").count()


@pytest.mark.parametrize("path", ["/login/", "/", "/sites/north-rehab/", "/sites/nowhere/"])
def test_a_phone_never_scrolls_sideways(person: People, path: str) -> None:
    nurse = person("nurse", width=360, height=740)
    if path != "/login/":
        nurse.log_in()
    nurse.open(path)
    assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        "/",
        "/sites/north-rehab/",
        "/sites/north-rehab/?order=place&q=1",
        "/sites/north-rehab/?kiosk=1",
    ],
)
def test_nothing_keeps_a_person_from_using_the_page(person: People, path: str, dark: bool) -> None:
    nurse = person("nurse", dark=dark)
    if path != "/login/":
        nurse.log_in()
    nurse.open(path)
    if "sites" in path:
        nurse.wait_live("live")
        nurse.page.wait_for_function(LIVES)
    assert serious(nurse.page) == []


def test_tiles_can_be_walked_with_the_keyboard(person: People) -> None:
    nurse = person("nurse")
    nurse.open_wall("north-rehab")
    nurse.page.keyboard.press("Tab")
    nurse.page.keyboard.press("Enter")  # skip to the content
    nurse.page.wait_for_url("**/#content")
    nurse.page.keyboard.press("Tab")
    focused = "document.activeElement.closest('.tile')?.dataset.serial ?? null"
    first = nurse.page.evaluate(focused)
    assert first == nurse.page.locator(".tile").first.get_attribute("data-serial")
    nurse.page.keyboard.press("Tab")
    assert nurse.page.evaluate("document.activeElement.dataset.does") == "stop"  # its stop, and on
    assert nurse.page.evaluate(focused) == first
    nurse.page.keyboard.press("Tab")
    assert nurse.page.evaluate(focused) not in (None, first)
