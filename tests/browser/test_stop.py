"""Stopping from a wall, in a real browser: a tile by one press, a site by a second; then proof, or “go there”."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Person
from tests.browser.test_commands import Obedient, asked
from tests.flows.stops import frozen_database
from tests.harness import House, wait_for

PROVED_S = 4.5  # three seconds, on a machine that does much else
SILENT = 48
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)

HIDDEN_LINES_OF_24 = """(step) => {
  document.body.dataset.fit = "24";
  return (step.scrollHeight - step.clientHeight) / parseFloat(getComputedStyle(step).lineHeight);
}"""
FIFTY = f"""
from django.contrib.auth.models import User
from django.utils import timezone
from devices.models import Device, State
from fleet.access.models import Membership, Role, Site
site = Site.objects.create(slug="fifty", name="Fifty Beds", time_zone="Europe/Berlin")
Membership.objects.create(user=User.objects.get(username="nurse"), site=site, role=Role.NURSE)
beds = [Device(serial=f"FIFTY-{{n}}", name=f"Bed {{n}}", room=f"Room {{n % 4}}", site=site) for n in range({SILENT})]
for bed in Device.objects.bulk_create(beds):
    State.objects.create(device=bed, rev=1, link="offline", heard_at=timezone.now(), boot=1, conn=1, up_ms=1,
                         state="running", output="on", session="S-1")
"""


@pytest.fixture(scope="module", autouse=True)
def dispatching(house: House) -> None:
    if not house.processes.is_running("dispatch"):
        house.start("dispatch")


@pytest.fixture
def beds(house: House) -> Iterator[list[Obedient]]:
    """Two spare devices of the nurse's first site, in sessions, in a room of their own."""
    slug = house.people["users"]["nurse"]["sites"][0]
    devices = [one for one in house.people["spare_devices"] if one["site"] == slug][-3:-1]
    serials = [one["serial"] for one in devices]
    move = "UPDATE devices_device SET room = %s WHERE serial = ANY(%s)"
    house.sql(move, "Annex", serials)
    machines = [Obedient(house, device) for device in devices]
    for machine in machines:
        machine.tell()
    yield machines
    for machine in machines:
        machine.now |= {"state": "idle", "output": "off", "session": None}
        machine.tell()
        machine.switch_off()
    house.sql(move, "Store", serials)


@pytest.fixture
def fifty(house: House, beds: list[Obedient]) -> Iterator[list[Obedient]]:
    """A site of fifty that are on, or were when last heard; two of them are here."""
    house.manage("shell", "-c", FIFTY)
    serials = [one.serial for one in beds]
    [(home,)] = house.sql("SELECT DISTINCT site_id FROM devices_device WHERE serial = ANY(%s)", serials)
    place = "UPDATE devices_device SET site_id = %s WHERE serial = ANY(%s)"
    [(away,)] = house.sql("SELECT id FROM access_site WHERE slug = 'fifty'")
    house.sql(place, away, serials)
    yield beds
    house.sql(place, home, serials)


def shown_on(nurse: Person, *beds: Obedient) -> Any:
    """Return the tile of the first, once all of them are shown to be on; they say so again, to be still heard."""
    for bed in beds:
        bed.tell()
    for bed in beds:
        nurse.tile(bed.serial).get_by_text("On", exact=True).wait_for()
    return nurse.tile(beds[0].serial)


def hold(page: Any, button: Any, seconds: float) -> None:
    box = button.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(seconds * 1000)
    page.mouse.up()


def test_one_press_on_a_tile_ends_in_confirmed_and_its_stop_stays_under_the_finger(
    person: People, beds: list[Obedient]
) -> None:
    nurse = person("nurse")
    nurse.open_wall(beds[0].site)
    tile = shown_on(nurse, beds[0])
    stop = tile.get_by_role("button", name=re.compile("^Stop "))
    stop.scroll_into_view_if_needed()
    stood = stop.bounding_box()
    assert min(stood["width"], stood["height"]) >= 44
    seen = nurse.watch_tile(beds[0].serial, "Stop confirmed")
    stop.click()
    assert seen() - nurse.pressed_at() < PROVED_S
    expect(tile.get_by_text("Stop confirmed")).to_be_visible()
    assert stop.bounding_box() == stood
    assert asked(beds[0]) == ["stop"]
    assert beds[1].heard == []
    assert serious(nurse.page) == []


def test_where_a_device_does_not_answer_its_tile_says_go_there_and_the_strip_too(
    person: People, beds: list[Obedient]
) -> None:
    beds[1].is_deaf = True
    nurse = person("nurse", width=1920, height=1080)
    nurse.log_in(f"/sites/{beds[1].site}/?kiosk=1")
    nurse.wait_live("live")
    tile = shown_on(nurse, beds[1])
    tile.locator("h2 a").focus()
    nurse.page.keyboard.press("Tab")
    seen = nurse.watch_tile(beds[1].serial, "Go there: stop not confirmed")
    nurse.page.keyboard.press("Enter")
    assert seen() - nurse.pressed_at() < PROVED_S
    expect(tile.get_by_text("Go there: stop not confirmed")).to_be_visible()
    assert "confirmed" not in tile.inner_text().replace("not confirmed", "")
    assert tile.locator(".next").evaluate(HIDDEN_LINES_OF_24) < 0.5, "what to do is cut off"
    nurse.page.get_by_text("No device needs attention").wait_for(state="hidden")
    nurse.page.keyboard.press("Escape")  # while a hand is on the wall, its strip stands still
    nurse.page.locator("#strip").get_by_text("Go there: stop not confirmed").first.wait_for()
    beds[1].now |= {"state": "idle", "output": "off", "session": None}
    beds[1].tell()
    tile.get_by_text("Stop confirmed").wait_for()


def test_a_site_is_held_for_a_second_and_its_fifty_are_counted_by_room(
    person: People, fifty: list[Obedient]
) -> None:
    nurse = person("nurse")
    nurse.open_wall("fifty")
    page = nurse.page
    shown_on(nurse, *fifty)
    button = page.get_by_role("button", name="Stop site")
    hold(page, button, 0.5)
    page.get_by_text("Not stopped: hold for one second").wait_for()
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Press Enter again within 3 seconds").wait_for()
    page.keyboard.press("Escape")
    assert fifty[0].heard == []
    counted = f"2 of {SILENT + 2} confirmed, {SILENT} to go to"
    seen = nurse.watch(f"document.getElementById('stops').innerText.includes('{counted}')")
    hold(page, button, 1.3)
    released = time.time()
    stops = page.locator("#stops")
    assert seen() - released < PROVED_S + 1.5
    expect(stops.get_by_text(counted)).to_be_visible()
    assert stops.get_by_text("Stop not confirmed: go there").count() == SILENT
    assert [asked(one) for one in fifty] == [["stop"], ["stop"]]
    stops.get_by_label("Why?").fill("Fire alarm")
    stops.get_by_role("button", name="Add").click()
    stops.get_by_text("Reason: Fire alarm").wait_for()
    assert serious(page) == []
    stops.get_by_role("link", name="List to print").click()
    page.get_by_text("Go to each device below").wait_for()
    assert page.locator(".go-to li").count() == SILENT
    assert serious(page) == []
    nurse.open("/sites/fifty/stop/")
    page.get_by_role("button", name="Stop the whole site now").wait_for()
    assert serious(page) == []


def test_a_room_is_stopped_by_enter_twice_and_no_other_room(person: People, beds: list[Obedient]) -> None:
    nurse = person("nurse", width=390, height=844, dark=True)
    nurse.open_wall(beds[0].site)
    page = nurse.page
    shown_on(nurse, *beds)
    page.get_by_role("button", name="Rooms").click()
    rooms = page.get_by_role("dialog", name="Rooms")
    row = rooms.locator("li", has_text="Annex")
    assert serious(page) == []
    row.get_by_role("button", name="Stop room").focus()
    page.keyboard.press("Enter")
    rooms.get_by_text("Press Enter again within 3 seconds to stop: Annex").wait_for()
    assert beds[0].heard == []
    page.keyboard.press("Enter")
    page.locator("#stops").get_by_text("Stop of Annex").wait_for()
    for bed in beds:
        wait_for(bed.heard.__len__, within_s=5, why=f"{bed.serial} was not asked")
    page.locator("#stops").get_by_text("2 of 2 confirmed").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_while_the_database_hangs_a_press_still_stops_and_the_wall_says_that_nobody_can_confirm_it(
    person: People, beds: list[Obedient], house: House
) -> None:
    nurse = person("nurse")
    nurse.open_wall(beds[0].site)
    tile = shown_on(nurse, beds[0])
    seen = nurse.watch_tile(beds[0].serial, "Go there")
    with frozen_database(house):
        tile.locator(".stop").click()
        wait_for(lambda: bool(beds[0].heard), within_s=2.5, every_s=0.02, why="the device was not asked")
        assert seen() - nurse.pressed_at() < PROVED_S + 1
        expect(tile.get_by_text("Go there").first).to_be_visible()
        assert "Stop confirmed" not in tile.inner_text()
    tile.get_by_text("Stop confirmed").wait_for()
    assert asked(beds[0]) == ["stop"]
    nurse.complaints = [
        one for one in nurse.complaints if "503" not in one
    ]  # the house says that it cannot, if asked
