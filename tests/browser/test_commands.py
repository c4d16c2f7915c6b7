"""Asking a device for something on its page, in a real browser: what is shown is what the device proved."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.axe import serious
from tests.browser.conftest import WITHIN_MS, Machine, Person
from tests.harness import House, wait_for

People = Callable[..., Person]

pytestmark = pytest.mark.timeout(300)


class Obedient(Machine):
    """A stimulator in a session that does what it is asked, unless it is deaf."""

    def __init__(self, house: House, device: dict[str, str]) -> None:
        super().__init__(house, device)
        self.heard: list[dict[str, Any]] = []
        self.is_deaf = False
        self.now: dict[str, Any] = {"state": "running", "output": "on", "session": f"S-{self._boot}"}
        self._client.on_message = lambda _client, _userdata, message: self._obey(json.loads(message.payload))
        self._client.subscribe(f"ems/v1/{self.serial}/command", qos=1)

    def tell(self) -> None:
        self.status(**self.now)

    def _obey(self, command: dict[str, Any]) -> None:
        if self.is_deaf or command["verb"] == "rebirth":
            return
        self.heard.append(command)
        verb, args = command["verb"], command["args"]
        if verb == "stop":
            self.now |= {"state": "idle", "output": "off", "session": None}
        elif verb in ("lock", "unlock"):
            self.now["locked"] = args["reason"] if verb == "lock" else None
        # Out of paho's own thread nothing may be waited for.
        self._publish(
            "ack", {"id": command["id"], "outcome": "done", "reason": None, "output": self.now["output"]}
        )
        self._publish("status", self._full() | self.now)
        if verb == "lower":
            self._publish("telemetry", self._measured(args["to_ma"]))

    def _publish(self, kind: str, said: dict[str, Any]) -> None:
        self._client.publish(f"ems/v1/{self.serial}/{kind}", json.dumps(self._clocks() | said), qos=1)

    def _clocks(self) -> dict[str, Any]:
        up_ms = int((time.monotonic() - self._started) * 1000)
        return {"v": 1, "boot": self._boot, "up_ms": up_ms, "t": int(time.time() * 1000)}

    def _full(self) -> dict[str, Any]:
        return {
            "conn": 1, "model": "RX-4", "firmware": "2.3.1", "channels": 2, "conditions": [], "seq": self._seq,
            "buffered": [],
        }  # fmt: skip

    def _measured(self, set_ma: float) -> dict[str, Any]:
        self._seq += 1
        return {
            "seq": self._seq, "session": self.now["session"], "step": 0, "phase": "on", "cycle": 3,
            "elapsed_ms": 61_000, "every_ms": 100, "set_ma": [set_ma, 0], "ma": [[set_ma] * 10, [0] * 10],
            "late": False,
            "ohm": [820, None], "contact": ["ok", "off"], "charge_uc": [1.0, 0], "pulses": [50, 0],
            "soc": 86.4, "mv": 3889, "temp_c": 31.4,
        }  # fmt: skip


def asked(machine: Obedient) -> list[str]:
    """Return the verb of each command that a device had; one that came by two ways is one."""
    return list({one["id"]: one["verb"] for one in machine.heard}.values())


@pytest.fixture(scope="module", autouse=True)
def dispatching(house: House) -> None:
    if not house.processes.is_running("dispatch"):
        house.start("dispatch")


@pytest.fixture(scope="module")
def unused(house: House) -> Iterator[dict[str, str]]:
    """Spare devices of the nurse's first site, from the end: other tests take the first."""
    slug = house.people["users"]["nurse"]["sites"][0]
    return reversed([one for one in house.people["spare_devices"] if one["site"] == slug])


@pytest.fixture
def treating(house: House, unused: Iterator[dict[str, str]]) -> Iterator[Obedient]:
    """A device of its own for each test, in a session."""
    machine = Obedient(house, next(unused))
    machine.tell()
    yield machine
    machine.status()  # one that fell silent while it was on would be the worst news of the tests after it
    machine.switch_off()


def look_at(person: Person, machine: Machine, tab: str = "") -> Any:
    person.log_in(f"/devices/{machine.serial}/{tab}")
    person.wait_live("live")
    return person.page


def expect(page: Any, words: str, within_ms: float = WITHIN_MS) -> None:
    page.locator("#asked").get_by_text(words).first.wait_for(timeout=within_ms)


def test_a_stop_is_one_press_and_its_proof_can_be_read_step_by_step(
    person: People, treating: Obedient
) -> None:
    nurse = person("nurse")
    page = look_at(nurse, treating)
    page.keyboard.press("Tab")
    page.locator(".stop-now").focus()
    page.keyboard.press("Enter")
    expect(page, "Stop confirmed: output off")
    assert asked(treating) == ["stop"]
    assert serious(page) == []
    page.locator("#asked").get_by_role("link", name="Step by step").first.click()
    page.get_by_text("Confirmed: the device's own status says that its output is off").wait_for()
    page.get_by_role("textbox", name="Why").fill("Patient felt dizzy")
    page.get_by_role("button", name="Write it down").click()
    page.get_by_text("Patient felt dizzy").first.wait_for()
    assert serious(page) == []
    nurse.open("/commands/")
    page.get_by_text("Patient felt dizzy").first.wait_for()
    assert serious(page) == []


def test_where_nothing_proves_a_stop_somebody_is_sent_there_until_something_does(
    person: People, treating: Obedient
) -> None:
    page = look_at(person("nurse", width=390, height=844, dark=True), treating, "events/")
    treating.is_deaf = True
    page.locator(".stop-now").click()
    expect(page, "Go there and stop it at the device.", within_ms=4_500)
    assert "Stop confirmed" not in page.locator("#asked").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.reload()
    expect(page, "Stop not confirmed")  # it is not this page's memory that says so
    treating.now |= {"state": "idle", "output": "off", "session": None}
    treating.tell()
    expect(page, "It was not confirmed in time.")


def test_a_step_down_follows_what_is_set_and_is_sent_as_at_most(person: People, treating: Obedient) -> None:
    page = look_at(person("nurse"), treating)
    row = page.locator('#lower [data-channel="1"]')
    step = row.locator('[data-step="-5"]')
    for set_ma in (30, 24):
        treating._publish("telemetry", treating._measured(set_ma))
        step.get_by_text(f"{set_ma - 5} mA").wait_for()
    assert not page.locator('#lower [data-channel="2"]').is_visible()  # set to nothing: nothing to lower
    step.click()
    expect(page, "Lower channel 1 to at most 19 mA: confirmed by the device")
    assert treating.heard[-1]["args"] == {"channel": 1, "to_ma": 19}
    row.get_by_label("to at most").fill("40")
    row.get_by_role("button", name="Lower", exact=True).click()
    page.get_by_text("at most 40 mA would change nothing, so nothing was sent").wait_for()
    assert len(treating.heard) == 1


def test_a_lock_is_held_when_the_device_says_so(person: People, treating: Obedient) -> None:
    page = look_at(person("nurse"), treating)
    page.locator("#lock").get_by_label("Why").select_option("recall")
    page.locator("#lock").get_by_label("Note").fill("lead 2 broken")
    page.get_by_role("button", name="Lock", exact=True).click()
    lock = page.locator("#lock")
    lock.get_by_text("The device has said so since").wait_for()
    lock.get_by_text("It says that it is locked (recall)").wait_for()
    lock.get_by_text(re.compile(r"asked for the lock \(recall\).*“lead 2 broken”")).first.wait_for()
    lock.get_by_role("button", name="Unlock").click()
    lock.get_by_text("It says that it is not locked").wait_for()
    wait_for(lambda: len(treating.heard) == 2, within_s=5, why="not unlocked")
