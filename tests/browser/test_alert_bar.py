"""The bar of alerts in a real browser: on every page, on the wall, with sound, and when nothing is live."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import WITHIN_MS, Machine, Person
from tests.browser.test_alerts import news, serials, take
from tests.harness import House

__all__ = ["serials"]  # a fixture of the console's tests

People = Callable[..., Person]
SOON_MS = 5_000

pytestmark = pytest.mark.timeout(300)

# Keeps what is played, from before the page's own scripts run.
EAR = """
window.heard = [];
document.addEventListener("myofleet:sounded", ({ detail }) => window.heard.push(detail.priority));
"""


def bar(one: Person, state: str = "live") -> Any:
    one.page.wait_for_selector(f'#alertbar[data-state="{state}"]')
    return one.page.locator("#alertbar")


def test_a_high_alert_is_on_any_page_within_seconds_said_aloud_and_heard(
    person: People, house: House, serials: list[str]
) -> None:
    nurse = person("nurse")
    nurse.page.add_init_script(EAR)
    nurse.log_in("/help/", by_hand=True)
    expect(bar(nurse).get_by_text("No open alert")).to_be_visible()
    first, *_ = take(house, news(serials[0], priority="high"))
    nurse.page.wait_for_selector(
        '#alertbar[data-worst="high"] [data-f="newest"]:not([hidden])', timeout=SOON_MS
    )
    expect(bar(nurse)).to_contain_text("1 high", use_inner_text=True)
    expect(bar(nurse)).to_contain_text("electrode off", ignore_case=True, use_inner_text=True)
    expect(nurse.page.locator('[data-f="said"]')).to_contain_text("New high alert")
    nurse.page.wait_for_function("() => window.heard.includes('high')", timeout=SOON_MS)
    nurse.page.get_by_role("button", name="Pause 2 min").click()
    nurse.page.wait_for_selector('[data-sound="paused"]')
    expect(nurse.page.locator('[data-f="sound-left"]')).to_have_text(re.compile(r"^\s*(2:00|1:\d\d)"))
    take(house, news(serials[1], rule="battery_low", channel=None))
    nurse.page.wait_for_selector("#alertbar [data-priority='medium']:not([hidden])", timeout=SOON_MS)
    assert nurse.page.locator('[data-sound="paused"]').count() == 1  # a pause holds against what is not high
    heard = nurse.page.evaluate("window.heard.length")
    take(house, news(serials[2], rule="over_current", priority="high", channel=1))
    nurse.page.wait_for_function(f"() => window.heard.length > {heard}", timeout=SOON_MS)
    expect(nurse.page.locator('[data-sound="paused"]')).to_have_count(0)
    assert serious(nurse.page) == []
    nurse.page.locator('[data-f="newest-link"]').click()
    nurse.page.wait_for_url(f"{house.url}/alerts/*/")
    assert first


def test_the_tile_and_the_devices_page_show_what_is_open_and_who_has_it(
    person: People, house: House, machine: Machine, serials: list[str]
) -> None:
    nurse = person("nurse")
    nurse.open_wall(machine.site)
    machine.status()
    nurse.page.wait_for_selector(f'.tile[data-serial="{machine.serial}"][data-tone="idle"]')
    take(house, news(machine.serial, rule="over_current", priority="high", channel=1))
    nurse.page.wait_for_selector(
        f'.tile[data-serial="{machine.serial}"][data-alert="high"][data-attention]', timeout=SOON_MS
    )
    expect(nurse.tile(machine.serial).locator('[data-f="next"]')).to_contain_text("mA")
    nurse.open(f"/devices/{machine.serial}/")
    panel = nurse.page.locator("#device-alerts")
    expect(panel).to_contain_text("Nobody has it yet", use_inner_text=True)
    bar(nurse)
    panel.get_by_role("button", name="Acknowledge").click()
    nurse.page.wait_for_selector('#device-alerts [data-state="acknowledged"]', timeout=SOON_MS)
    expect(panel).to_contain_text("nurse has it", use_inner_text=True)
    assert serious(nurse.page) == []
    house.sql("UPDATE safety_alert SET state = 'closed', closed_at = now(), rev = rev + 1")  # told to nobody
    panel.wait_for(state="hidden")


def test_the_bar_says_since_when_nothing_is_live_on_a_phone_too(person: People, house: House) -> None:
    nurse = person("nurse", width=390, height=844)
    nurse.log_in("/help/")
    bar(nurse)
    house.pause("ingest")
    try:
        words = bar(nurse, "stale").locator('[data-f="not-live-words"]').inner_text()
    finally:
        house.resume("ingest")
    assert "not live since" in words
    assert "Look at the devices themselves" in words
    assert nurse.page.evaluate("document.documentElement.scrollWidth") <= 390
    bar(nurse, "live")


class Pushes:
    """What the browser's push service delivers to the worker of our pages, and tells of it."""

    def __init__(self, one: Person) -> None:
        self._page, self._url = one.page, one.house.url
        self._registrations: list[str] = []
        self._done: list[dict[str, Any]] = []
        self._browser = one.page.context.new_cdp_session(one.page)
        self._browser.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        self._browser.on("BackgroundService.backgroundServiceEventReceived", self._told)
        self._browser.send("ServiceWorker.enable")
        service = {"service": "pushMessaging"}
        self._browser.send("BackgroundService.startObserving", service)
        self._browser.send("BackgroundService.setRecording", service | {"shouldRecord": True})

    def deliver(self, message: dict[str, Any]) -> None:
        """Return when the worker is through with the message.

        Until then nobody may ask which notifications there are: one that is kept and not shown yet is taken for
        one that somebody closed, and the browser forgets it.
        """
        target = {"origin": self._url, "registrationId": self._registrations[-1]}
        self._browser.send("ServiceWorker.deliverPushMessage", target | {"data": json.dumps(message)})
        deadline = time.monotonic() + WITHIN_MS / 1000
        while not self._done:
            assert time.monotonic() < deadline, "the worker is not through with what was pushed"
            self._page.wait_for_timeout(20)  # the browser tells it in between
        outcome = {one["key"]: one["value"] for one in self._done.pop()["eventMetadata"]}
        assert outcome == {"Status": "Success"}

    def _registered(self, told: dict[str, Any]) -> None:
        self._registrations.extend(one["registrationId"] for one in told["registrations"])

    def _told(self, told: dict[str, Any]) -> None:
        event = told["backgroundServiceEvent"]
        if event["eventName"] == "Push event completed":
            self._done.append(event)


def test_what_is_pushed_is_shown_and_names_its_alert(person: People) -> None:
    nurse = person("nurse")
    nurse.page.context.grant_permissions(["notifications"])
    nurse.log_in("/help/")
    pushes = Pushes(nurse)
    nurse.page.evaluate(
        "navigator.serviceWorker.register('/push-worker.js').then(() => navigator.serviceWorker.ready)"
    )
    message = {"type": "alert", "id": 7, "priority": "high", "title": "High: Bed 3", "body": "Channel 2"}
    pushes.deliver(message | {"url": "https://evil.example/"})
    shown = nurse.page.evaluate(
        """async () => {
          const worker = await navigator.serviceWorker.ready;
          const all = await worker.getNotifications();
          return all.map((one) => ({ title: one.title, body: one.body, tag: one.tag, url: one.data.url }));
        }"""
    )
    assert shown == [{"title": "High: Bed 3", "body": "Channel 2", "tag": "alert-7", "url": "/alerts/"}]
