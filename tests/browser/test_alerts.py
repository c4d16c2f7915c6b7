"""The console in a real browser: by keyboard, by hand, on a phone; what is new comes by itself."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import Person
from tests.harness import House

LIVE = '[data-alerts-live="live"]'
People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)

TAKE = """
import json, sys
from django.utils import timezone
from devices.models import Device
from fleet.safety import service
from fleet.safety.signals import Key, Rise
from fleet.safety.words import Priority
now = timezone.now()
ms = int(1000 * now.timestamp())
news, made = json.loads(%r), []
for one in news:
    device = Device.objects.get(serial=one["serial"])
    key = Key(one["rule"], device.pk, one.get("channel"))
    at_ms, facts = ms - one.get("ago", 0) * 1000, {"ma": 34, "set_ma": 34}
    made += service.take([Rise(key, at_ms, Priority(one["priority"]), facts=facts)], now).alerts
print("made", json.dumps([alert.pk for alert in made]))
"""


def take(house: House, *news: dict[str, Any]) -> list[int]:
    """Bring news of devices about as a rule would; return the alerts."""
    told = house.manage("shell", "-c", TAKE % json.dumps(news))
    return list(json.loads(told.rpartition("made ")[2]))


@pytest.fixture
def serials(house: House) -> Iterator[list[str]]:
    """Spare devices of the nurse's first site, where nothing is open; whatever rises is closed afterwards."""
    close_all(house)  # what the devices of other tests brought about
    slug = house.people["users"]["nurse"]["sites"][0]
    yield [one["serial"] for one in house.people["spare_devices"] if one["site"] == slug][3:]
    close_all(house)


def close_all(house: House) -> None:
    house.sql("UPDATE safety_alert SET state = 'closed', closed_at = now(), cause_id = NULL, rev = rev + 1")
    house.sql("UPDATE devices_state SET worst_alert = NULL, rev = rev + 1 WHERE worst_alert IS NOT NULL")


def news(serial: str, rule: str = "electrode_off", priority: str = "medium", **other: Any) -> dict[str, Any]:
    return {"serial": serial, "rule": rule, "priority": priority, "channel": 2, **other}


def line(nurse: Person, number: int) -> Any:
    return nurse.page.locator(f'#lines .alert[data-id="{number}"]')


def assert_clean(nurse: Person) -> None:
    """Nothing serious for axe, and nothing wider than the screen."""
    assert serious(nurse.page) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert nurse.page.evaluate(wide) <= 0


def test_one_key_acknowledges_and_a_new_high_alert_comes_on_top_by_itself(
    person: People, house: House, serials: list[str]
) -> None:
    first, second = take(house, news(serials[0], ago=9), news(serials[1], "low_current", "low"))
    nurse = person("nurse")
    nurse.log_in("/alerts/")
    nurse.page.wait_for_selector(LIVE)
    line(nurse, second).get_by_text("nobody has it").wait_for()
    line(nurse, first).locator(".where").click()
    nurse.page.locator("#pane").get_by_role("heading", name="electrode off at 34 mA").wait_for()
    nurse.page.locator("#pane .evidence[data-drawn]").wait_for()
    nurse.page.keyboard.press("a")
    line(nurse, first).get_by_text("Nora Lindqvist has it").wait_for()
    nurse.page.wait_for_selector(f'#lines .alert[data-selected][data-id="{second}"]')  # on to the next
    [high] = take(house, news(serials[2], "over_current", "high"))
    line(nurse, high).wait_for()
    expect(nurse.page.locator("#lines .alert").first).to_have_attribute("data-id", str(high))
    nurse.page.wait_for_selector(f'#lines .alert[data-selected][data-id="{second}"]')  # the choice stays
    assert_clean(nurse)


def test_shelving_asks_why_and_closing_asks_what_it_was(
    person: People, house: House, serials: list[str]
) -> None:
    shelved, closed = take(house, news(serials[0], ago=5), news(serials[1]))
    nurse = person("nurse")
    nurse.log_in("/alerts/?duty=care")
    nurse.page.wait_for_selector(LIVE)
    line(nurse, shelved).locator(".where").click()
    nurse.page.keyboard.press("s")
    dialog = nurse.page.locator("#deed[open]")
    dialog.get_by_label("Why").wait_for()
    assert_clean(nurse)
    dialog.get_by_label("15 minutes").check()
    dialog.get_by_label("Why").fill("patient is changing")
    dialog.get_by_role("button", name="Shelve", exact=True).click()
    line(nurse, shelved).wait_for(state="detached")
    nurse.page.locator("#show").select_option("shelved")
    line(nurse, shelved).get_by_text(re.compile(r"shelved for 1[45] min more")).wait_for()
    nurse.page.wait_for_url("**show=shelved**")
    nurse.page.locator("#show").select_option("open")
    line(nurse, closed).locator(".where").click()
    nurse.page.keyboard.press("c")
    dialog.get_by_label("It was real, and something was done").check()
    dialog.get_by_role("button", name="Close", exact=True).click()
    line(nurse, closed).wait_for(state="detached")
    nurse.page.locator("#pane").get_by_text("It was real, and something was done").first.wait_for()


def test_one_press_acknowledges_what_was_on_screen_and_no_high_alert(
    person: People, house: House, serials: list[str]
) -> None:
    raised = [news(serial, ago=n) for n, serial in enumerate(serials[:3])]
    high, *others = take(house, news(serials[3], "over_current", "high"), *raised)
    nurse = person("nurse")
    nurse.log_in("/alerts/")
    nurse.page.wait_for_selector(LIVE)
    nurse.page.get_by_role("button", name=re.compile(r"Acknowledge the \d+ on screen below high")).click()
    for number in others:
        line(nurse, number).get_by_text("Nora Lindqvist has it").wait_for()
    expect(line(nurse, high)).to_contain_text("nobody has it", use_inner_text=True)
    line(nurse, high).get_by_role("button", name=re.compile("Acknowledge")).click()
    line(nurse, high).get_by_text("Nora Lindqvist has it").wait_for()


def test_on_a_phone_an_alert_opens_its_page_with_what_to_do_first(
    person: People, house: House, serials: list[str]
) -> None:
    [number] = take(house, news(serials[0]))
    nurse = person("nurse", width=390, height=844, dark=True)
    nurse.log_in("/alerts/")
    nurse.page.wait_for_selector(LIVE)
    line(nurse, number).wait_for()
    assert_clean(nurse)
    line(nurse, number).get_by_role("link").click()
    nurse.page.wait_for_url(f"**/alerts/{number}/")
    nurse.page.get_by_role("heading", name="What to do").wait_for()
    nurse.page.locator(".evidence[data-drawn]").wait_for()
    assert_clean(nurse)
    nurse.page.get_by_role("button", name="Acknowledge").click()
    nurse.page.get_by_text("Nora Lindqvist has it").wait_for()
    nurse.open("/alerts/?q=no+such+thing")
    nurse.page.get_by_text("No open alert matches this filter").wait_for()
    nurse.page.get_by_role("button", name="Show all open alerts").click()
    line(nurse, number).wait_for()
