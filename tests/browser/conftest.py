"""A whole house, a real browser, and a device that speaks MQTT."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from fleet.embedded import ports
from tests.harness import House

WITHIN_MS = 10_000
FORGET_WHAT_WAS_ASKED = (
    "DELETE FROM control_command WHERE verb <> 'rebirth'",
    "DELETE FROM control_stop",
    "DELETE FROM control_lockwish",
    "UPDATE safety_alert SET state = 'closed', closed_at = now(), rev = rev + 1 WHERE rule = 'stop_unconfirmed'",
    """UPDATE devices_state SET worst_alert = NULL, rev = rev + 1
       WHERE worst_alert->>'rule' = 'stop_unconfirmed'""",
)
SCREENSHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """One house for all browser tests; a test that kills something starts it again."""
    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        var = Path(folder)
        var.chmod(0o711)
        with House(var / "house", env={"PLAIN_STATIC": "0"}) as house:
            house.start("web", "ingest", "worker", "courier", "beat")  # worker and beat see silence
            yield house


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own, logged in; what the console complains of is kept."""

    def __init__(self, page: Page, house: House, name: str) -> None:
        self.page, self.house, self.name = page, house, name
        self.complaints: list[str] = []
        page.set_default_timeout(WITHIN_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def log_in(self, path: str = "/") -> None:
        known = self.house.people["users"][self.name]
        self.open(path)
        self.page.get_by_label("User name").fill(known["username"])
        self.page.get_by_label("Password").fill(known["password"])
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(self.house.url + path)

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

    def tile(self, serial: str) -> Any:
        return self.page.locator(f'.tile[data-serial="{serial}"]')

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not re.search(r"WebSocket connection|404 \(Not Found\)", message.text):
            self.complaints.append(message.text)


@pytest.fixture
def person(
    chromium: Browser, house: House, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """A factory of people: `person("nurse", width=390, height=844, dark=True)`."""
    everybody: list[Person] = []

    def come(name: str = "nurse", *, width: int = 1440, height: int = 900, dark: bool = False) -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        one = Person(context.new_page(), house, name)
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
    machine.switch_off()
