"""A whole house, a real browser, and a device that speaks MQTT."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from fleet.embedded import ports
from fleet.embedded.options import ROOT
from tests.harness import House

WITHIN_MS = 30_000
"""Patience with a busy machine; what has to be there in time is told its own time."""
expect.set_options(timeout=WITHIN_MS)
SEEN = """(isSo) => {
  const look = () => {
    if (!isSo()) return;
    watching.disconnect();
    window.seenAtMs = Date.now();
  };
  const watching = new MutationObserver(look);
  delete window.seenAtMs;
  addEventListener("click", () => { window.pressedAtMs = Date.now(); }, { capture: true });
  watching.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
}"""
FORGET_WHAT_WAS_ASKED = (
    "DELETE FROM control_command WHERE verb <> 'rebirth'",
    "DELETE FROM control_stop",
    "DELETE FROM control_lockwish",
    "UPDATE safety_alert SET state = 'closed', closed_at = now(), rev = rev + 1 WHERE rule = 'stop_unconfirmed'",
    """UPDATE devices_state SET worst_alert = NULL, rev = rev + 1
       WHERE worst_alert->>'rule' = 'stop_unconfirmed'""",
)
LOGIN_COOKIES = ("sessionid", "csrftoken")
Logins = dict[str, list[Any]]
MANAGE = """
import contextlib, io, json, os, sys, traceback
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")
from django.core.management import execute_from_command_line
from django.db import connections
for line in sys.stdin:
    said, failed = io.StringIO(), ""
    with contextlib.redirect_stdout(said):
        try:
            execute_from_command_line(["manage.py", *json.loads(line)])
        except BaseException:
            failed = traceback.format_exc()
    connections.close_all()  # a test may stop the database before the next
    print(json.dumps([said.getvalue(), failed]), flush=True)
"""
SCREENSHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"


class Managed(House):
    """A house whose `manage.py` stays: it takes two seconds to begin, and is asked for more than a dozen times."""

    _manage: subprocess.Popen[str] | None = None

    def manage(self, *words: str) -> str:
        if self._manage is None:
            command = [sys.executable, "-c", MANAGE]
            self._manage = subprocess.Popen(
                command, env=self.env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert self._manage.stdin
        assert self._manage.stdout
        print(json.dumps(words), file=self._manage.stdin, flush=True)
        said, failed = json.loads(self._manage.stdout.readline())
        if failed:
            raise RuntimeError(f"manage.py {' '.join(words)} failed:\n{failed}")
        return str(said)

    def close(self) -> None:
        """End what stays."""
        if self._manage is not None:
            self._manage.communicate()


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """One house for all browser tests; a test that kills something starts it again."""
    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        var = Path(folder)
        var.chmod(0o711)
        with Managed(var / "house", env={"PLAIN_STATIC": "0"}) as house:
            house.start("web", "ingest", "worker", "courier", "beat")  # worker and beat see silence
            yield house
            house.close()


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def logins() -> Logins:
    """Logins to begin with, by name; a test that ends one costs the next its way through the form, and no more."""
    return {}


class Person:
    """Somebody at a browser of their own, logged in; what the console complains of is kept."""

    def __init__(self, page: Page, house: House, name: str, logins: Logins) -> None:
        self.page, self.house, self.name, self._logins = page, house, name, logins
        self.complaints: list[str] = []
        page.set_default_timeout(WITHIN_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def log_in(self, path: str = "/", *, by_hand: bool = False) -> None:
        """Open the page, with the login of an earlier test while that holds, else by the form.

        Args:
            by_hand: By the form in any case: a browser plays no sound before somebody touched it.
        """
        context = self.page.context
        if not by_hand:
            context.add_cookies(self._logins.get(self.name, []))
        self.open(path)
        if self.page.url == self.house.url + path:
            return
        known = self.house.people["users"][self.name]
        self.page.get_by_label("User name").fill(known["username"])
        self.page.get_by_label("Password").fill(known["password"])
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(self.house.url + path)
        self._logins[self.name] = [
            {"name": one["name"], "value": one["value"], "url": self.house.url}
            for one in context.cookies(self.house.url)
            if one["name"] in LOGIN_COOKIES
        ]

    def open(self, path: str) -> int:
        answer = self.page.goto(self.house.url + path)
        assert answer
        return answer.status

    def open_wall(self, slug: str) -> None:
        self.log_in(f"/sites/{slug}/")
        self.wait_live("live")

    def wait_live(self, *states: str, within_ms: float = WITHIN_MS) -> None:
        """Wait until the page says that it is in one of these states."""
        selector = ", ".join(f'body[data-live="{state}"]' for state in states)
        self.page.wait_for_selector(selector, timeout=within_ms)

    def watch(self, is_so: str) -> Callable[[], float]:
        """Note when the page first shows this, by its own clock: what drives it from here may be slow to see it.

        Args:
            is_so: A JavaScript expression, asked after each change of the page.

        Returns:
            What waits for it, and returns when it was, s since 1970.
        """
        self.page.evaluate(f"({SEEN})(() => {is_so})")

        def seen() -> float:
            self.page.wait_for_function("() => window.seenAtMs !== undefined")
            return float(self.page.evaluate("window.seenAtMs")) / 1000

        return seen

    def pressed_at(self) -> float:
        """Return when something was last pressed on a page that is watched, s since 1970, by the page's clock."""
        return float(self.page.evaluate("window.pressedAtMs")) / 1000

    def watch_tile(self, serial: str, words: str) -> Callable[[], float]:
        """Note when the tile of a device first shows these words; see `watch`."""
        tile = f"document.querySelector('.tile[data-serial=\"{serial}\"]')"
        return self.watch(f"{tile}.innerText.includes('{words}')")

    def tile(self, serial: str) -> Any:
        return self.page.locator(f'.tile[data-serial="{serial}"]')

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not re.search(r"WebSocket connection|404 \(Not Found\)", message.text):
            self.complaints.append(message.text)


@pytest.fixture
def person(
    chromium: Browser, house: House, logins: Logins, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """A factory of people: `person("nurse", width=390, height=844, dark=True)`."""
    everybody: list[Person] = []

    def come(name: str = "nurse", *, width: int = 1440, height: int = 900, dark: bool = False) -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        one = Person(context.new_page(), house, name, logins)
        everybody.append(one)
        return one

    yield come
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(everybody, start=1):
        name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))
        one.page.screenshot(path=SCREENSHOTS / f"{name}-{number}-{one.name}.png")  # what they saw last
        one.page.context.close()
        assert not one.complaints


class Machine:
    """A stimulator that says what it is told to say."""

    def __init__(self, house: House, device: dict[str, str]) -> None:
        self.serial, self.site = device["serial"], device["site"]
        self._boot, self._started, self._seq = int(time.time()), time.monotonic(), 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self.serial)
        self._client.username_pw_set(self.serial, device["mqtt_password"])
        self._client.connect(ports.HOST, house.mqtt_port)
        self._client.loop_start()

    def status(self, **other: Any) -> None:
        idle = {"state": "idle", "output": "off", "session": None, "conn": 1, "model": "RX-4"}
        idle |= {"firmware": "2.3.1", "channels": 2, "conditions": [], "seq": self._seq, "buffered": []}
        idle["battery"] = {"soc": 87.0, "mv": 3890, "charging": False}
        self._say("status", idle | other, retain=True)

    def telemetry(self, *, set_ma: float, ma: float, **other: Any) -> None:
        self._seq += 1
        said = {
            "seq": self._seq,
            "session": "S-1",
            "step": 0,
            "phase": "on",
            "cycle": 3,
            "elapsed_ms": 61_000,
        }
        said |= {"every_ms": 100, "set_ma": [set_ma, 0], "ma": [[ma] * 10, [0] * 10], "late": False}
        said |= {"ohm": [820, None], "contact": ["ok", "off"], "charge_uc": [1.0, 0], "pulses": [50, 0]}
        said |= {"soc": 86.4, "mv": 3889, "temp_c": 31.4}
        self._say("telemetry", said | other)

    def switch_off(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _say(self, kind: str, said: dict[str, Any], *, retain: bool = False) -> None:
        clocks = {"v": 1, "boot": self._boot, "t": int(time.time() * 1000)}
        clocks["up_ms"] = int((time.monotonic() - self._started) * 1000)
        sent = self._client.publish(
            f"ems/v1/{self.serial}/{kind}", json.dumps(clocks | said), qos=1, retain=retain
        )
        sent.wait_for_publish(timeout=5)


@pytest.fixture(autouse=True)
def nothing_asked(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test asked of devices is forgotten after it: an unproved stop would be the worst news of the next ones."""
    yield
    if "house" in request.fixturenames:
        house: House = request.getfixturevalue("house")
        if house.sql("SELECT 1 FROM control_command WHERE verb <> 'rebirth' LIMIT 1"):
            for forget in FORGET_WHAT_WAS_ASKED:
                house.sql(forget)


@pytest.fixture
def machine(house: House) -> Iterator[Machine]:
    """A spare device of the nurse's first site, connected."""
    slug = house.people["users"]["nurse"]["sites"][0]
    device = next(one for one in house.people["spare_devices"] if one["site"] == slug)
    machine = Machine(house, device)
    yield machine
    machine.status()  # one that fell silent while it was on would be the worst news of the tests after it
    machine.switch_off()
