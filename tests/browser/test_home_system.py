"""Home and System in a real browser: a dead pipeline looks dead at once, and comes back by itself."""

import re
import time
from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Machine, Person
from tests.harness import House, wait_for

People = Callable[..., Person]
# The page says so, or its script has seen it by itself.
DEAF = """document.querySelector('.feed[data-feed="deaf"], .feed[data-mute]') !== null"""
LOST = """Array.from(document.querySelectorAll('[role="alert"]')).some(
  (one) => one.checkVisibility() && one.innerText.includes("No answer from the server"))"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def _every_part_runs(house: House) -> None:
    if not house.processes.is_running("dispatch"):
        house.start("dispatch")


def wait_until_fed(person: Person) -> None:
    """Wait until the page says so, and its script has seen it by itself."""
    person.page.wait_for_selector('.feed[data-feed="live"]:not([data-mute])')


def test_a_site_card_follows_its_devices_without_a_reload(person: People, machine: Machine) -> None:
    nurse = person("nurse")
    nurse.log_in()
    card = nurse.page.locator(f'.site[data-key="{machine.site}"]')
    machine.status(state="fault", conditions=["fault:hv"])
    card.get_by_text("Fault of the high-voltage supply").wait_for()
    way = card.get_by_role("link", name="Open the wall")
    way.focus()
    machine.status()
    card.get_by_text("Fault of the high-voltage supply").wait_for(state="hidden")
    expect(way).to_be_focused()
    nurse.page.keyboard.press("Enter")
    nurse.page.wait_for_url(f"**/sites/{machine.site}/")


def test_home_and_system_say_within_six_seconds_that_ingest_died(person: People, house: House) -> None:
    nurse, engineer = person("nurse"), person("engineer")
    nurse.log_in()
    engineer.log_in("/system/")
    for one in (nurse, engineer):
        wait_until_fed(one)
    seen = [one.watch(DEAF) for one in (nurse, engineer)]
    killed = time.time()
    house.kill9("ingest")
    try:
        assert max(moment() for moment in seen) - killed < 6
        nurse.page.get_by_text("The server hears nothing from the devices").first.wait_for()
        engineer.page.locator(".tasks").get_by_text("Ingest: silent").wait_for()
    finally:
        house.start("ingest")
    for one in (nurse, engineer):
        wait_until_fed(one)


def test_home_says_that_it_lost_the_server_and_finds_it_again(person: People, house: House) -> None:
    nurse = person("nurse")
    nurse.log_in()
    lost = nurse.page.get_by_role("alert").get_by_text("No answer from the server")
    expect(lost).to_be_hidden()
    seen = nurse.watch(LOST)
    gone = time.time()
    house.kill9("web")
    assert seen() - gone < 6
    expect(lost).to_be_visible()
    house.start("web")
    expect(lost).to_be_hidden()
    nurse.complaints = [
        one for one in nurse.complaints if "ERR_" not in one
    ]  # the failed requests themselves


def test_a_slow_spell_appears_on_the_open_system_page(person: People, house: House, machine: Machine) -> None:
    engineer = person("engineer")
    engineer.log_in("/system/")
    machine.status()
    heard = "SELECT 1 FROM devices_state s JOIN devices_device d ON d.id = s.device_id WHERE serial = %s AND boot > 0"
    wait_for(lambda: house.sql(heard, machine.serial), within_s=60, why="ingest does not know the device yet")
    slow = "SELECT 1 FROM devices_slowspell WHERE last_at > now() - interval '6 s'"
    wait_for(
        lambda: not house.sql(slow), within_s=120, why="a spell of before lasts, and would take this one in"
    )
    with psycopg.connect(house.servers.database_url()) as blocker:
        # One row, not the table: the look for silent devices would wait for that one too, and take the blame.
        row = (
            "SELECT 1 FROM devices_state WHERE device_id = (SELECT id FROM devices_device WHERE serial = %s)"
        )
        blocker.execute(f"{row} FOR UPDATE", [machine.serial])
        machine.status(state="ready")
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE '%%devices_state%%'"
        wait_for(lambda: house.sql(waits), within_s=60, why="ingest does not wait for the row")
        time.sleep(2.2)  # the spell itself: longer than what a busy machine does to a batch
    largest = engineer.page.locator(".spells .steps span:first-child")
    largest.filter(has_text=re.compile(r"write states ([2-9]|\d\d)(\.\d)? s")).first.wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_keeps_an_engineer_from_using_the_system_page(person: People, dark: bool) -> None:
    engineer = person("engineer", width=390, height=844, dark=dark)
    engineer.log_in("/system/")
    assert serious(engineer.page) == []
    assert engineer.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_part_says_which_process_it_is_and_of_which_version(person: People, house: House) -> None:
    engineer = person("engineer")
    engineer.log_in("/system/")
    for part in ("ingest", "dispatch", "worker", "courier", "beat", "web"):
        row = engineer.page.locator(f'tr[data-part="{part}"]')
        row.get_by_text(str(house.processes.pid(part))).wait_for()
        expect(row.locator("td").nth(2)).to_contain_text("0.")


def test_a_nurse_finds_no_system_page(person: People) -> None:
    nurse = person("nurse")
    nurse.log_in()
    assert nurse.open("/system/") == 404
    assert not nurse.page.get_by_role("link", name="System").count()
