"""The page of one session in a real browser: read, printed on one page, renewed while it is open."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import SCREENSHOTS, Machine, Person
from tests.harness import House, wait_for

People = Callable[..., Person]
CYCLE = ("ramp_up", "on", "on", "on", "on", "ramp_down", "rest", "rest")
CYCLES = 5
AGO_S = 120  # how long the device has been on

pytestmark = pytest.mark.timeout(300)


class Treating(Machine):
    """A stimulator that gives 5 cycles of 8 s at 40 mA by a protocol."""

    def __init__(self, house: House, device: dict[str, str], protocol: dict[str, Any]) -> None:
        super().__init__(house, device)
        self.protocol = protocol
        self._started -= AGO_S
        self.session = f"S-{self._boot}"
        self.path = f"/sessions/{self.serial}/{self.session}/"

    def begin(self) -> None:
        self.event(
            "session_started", 10, {"subject": "p-7f3a", "protocol": self.protocol, "planned_ms": 40_000}
        )

    def second(self, n: int) -> None:
        """Tell second n of the session, from 1, out of the buffer."""
        phase, cycle = CYCLE[(n - 1) % len(CYCLE)], (n - 1) // len(CYCLE) + 1
        ma = 0.0 if phase == "rest" else 39.5
        self._seq += 1
        said = {
            "seq": self._seq,
            "session": self.session,
            "step": 0,
            "phase": phase,
            "cycle": cycle,
            "late": True,
        }
        said |= {"elapsed_ms": 1000 * n, "every_ms": 100, "set_ma": [40.0, 0], "ma": [[ma] * 10, [0] * 10]}
        said |= {
            "ohm": [820, None],
            "contact": ["ok", "off"],
            "charge_uc": [400.0 * n, 0],
            "pulses": [40 * n, 0],
        }
        self._say("telemetry", said | self._at(10 + n))

    def event(self, kind: str, at_s: float, data: dict[str, Any]) -> None:
        self._seq += 1
        said = {"seq": self._seq, "session": self.session, "kind": kind, "data": data, "late": True}
        self._say("event", said | self._at(at_s))

    def end(self) -> None:
        totals = {
            "elapsed_ms": 40_000,
            "charge_uc": [16_000.0, 0],
            "pulses": [1_600, 0],
            "contractions": CYCLES,
        }
        self.event("session_ended", 50.2, {"reason": "completed", **totals})

    def _at(self, up_s: float) -> dict[str, int]:
        ago_ms = int((time.monotonic() - self._started - up_s) * 1000)
        return {"up_ms": int(1000 * up_s), "t": int(time.time() * 1000) - ago_ms}


@pytest.fixture(scope="module")
def protocol(house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the session is prescribed, kept on the server as an engineer would."""
    step = {
        "name": "work", "kind": "work", "repeat": CYCLES, "frequency_hz": 50, "phase_us": 250, "ramp_up_s": 1,
        "on_s": 4, "ramp_down_s": 1, "off_s": 2, "target_ma": [40], "max_ma": [60],
    }  # fmt: skip
    document = {
        "id": "quads", "version": 1, "title": "Quadriceps, short", "indication": "tka", "channels_used": [1],
        "waveform": "symmetric_biphasic", "steps": [step],
        "limits": {"max_session_s": 600, "max_sessions_per_day": 1, "min_rest_h": 0},
    }  # fmt: skip
    path = tmp_path_factory.mktemp("protocol") / "quads.json"
    path.write_text(json.dumps(document))
    told = house.manage("protocols", "keep", str(path))
    return {"id": "quads", "version": 1, "sha256": told.split()[-1]}


@pytest.fixture
def treating(house: House, protocol: dict[str, Any]) -> Iterator[Treating]:
    slug = house.people["users"]["nurse"]["sites"][0]
    device = [one for one in house.people["spare_devices"] if one["site"] == slug][-1]
    treating = Treating(house, device, protocol)
    treating.status()
    yield treating
    treating.switch_off()


def arrived(house: House, one: Treating, messages: int) -> None:
    query = "SELECT count(*) FROM devices_telemetry WHERE session = %s"
    wait_for(lambda: house.sql(query, one.session)[0][0] == messages, within_s=60, why="telemetry is stored")


def assert_clean(person: Person) -> None:
    """Nothing serious for axe, and nothing wider than the screen, with every list opened."""
    person.page.evaluate("document.querySelectorAll('.every, .rule').forEach((one) => { one.open = true; })")
    assert serious(person.page) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert person.page.evaluate(wide) <= 0


def test_a_nurse_reads_the_verdict_and_prints_one_page(
    person: People, house: House, treating: Treating
) -> None:
    treating.begin()
    for n in range(1, 41):
        treating.second(n)
    treating.end()
    arrived(house, treating, 40)
    nurse = person("nurse")
    nurse.log_in(treating.path)
    nurse.page.get_by_role("heading", name="Valid").wait_for()
    words = nurse.page.locator("#session").inner_text()
    assert "5 of 5 planned contractions were at target (100 %)" in words
    assert "Quadriceps, short" in words
    nurse.page.wait_for_selector("#session[data-drawn]")
    assert nurse.page.locator(".plot canvas").count() == 1
    assert nurse.page.get_by_role("img", name="Channel 1").count() == 1
    assert_clean(nurse)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    paper = nurse.page.pdf(path=SCREENSHOTS / "session.pdf", format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b[^s]", paper)) == 1
    nurse.page.emulate_media(media="print")
    assert nurse.page.get_by_text("Printed by Nora Lindqvist").is_visible()
    assert nurse.page.get_by_text("The device's own alarm and stop come first").is_visible()
    with nurse.page.expect_download() as waiting:
        nurse.page.emulate_media(media="screen")
        nurse.page.get_by_role("link", name="Samples as CSV").click()
    lines = waiting.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("time_utc,time_local,elapsed_ms,channel,set_ma,ma,ohm")
    assert len(lines) == 1 + 40 * 10 * 2


def test_an_open_session_renews_itself_until_it_is_over(
    person: People, house: House, treating: Treating
) -> None:
    treating.begin()
    treating.status(state="running", output="on", session=treating.session)
    for n in range(1, 9):
        treating.second(n)
    arrived(house, treating, 8)
    nurse = person("nurse", width=390, height=844, dark=True)
    nurse.page.clock.install()
    nurse.log_in(treating.path)
    nurse.page.get_by_text("1 of 5 planned contractions were at target so far").wait_for()
    nurse.page.wait_for_selector("#session[data-drawn]")
    assert_clean(nurse)
    for n in range(9, 41):
        treating.second(n)
    treating.end()
    treating.status()
    arrived(house, treating, 40)
    is_over = "SELECT 1 FROM devices_session WHERE session = %s AND ended_at IS NOT NULL"
    wait_for(lambda: house.sql(is_over, treating.session), within_s=60, why="the end is not known")
    nurse.page.clock.run_for(11_000)
    nurse.page.get_by_role("heading", name="Valid").wait_for()
    expect(nurse.page.locator("#session")).to_have_attribute("data-open", "no")


def test_a_stranger_finds_no_session(person: People, house: House, treating: Treating) -> None:
    treating.begin()
    query = "SELECT count(*) FROM devices_session WHERE session = %s"
    wait_for(lambda: house.sql(query, treating.session)[0][0] == 1, within_s=60, why="the session is known")
    stranger = person("stranger")
    stranger.log_in()
    assert stranger.open(treating.path) == 404
