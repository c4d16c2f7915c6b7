"""From a sample on the wire to its alert drawn on the console, in a real browser, with every process at work.

500 devices send once a second; all speak over one connection, as behind a gateway.  Some fall into over-current one by
one, and some more while 1,000 others lose an electrode within two seconds.  Each is looked for on the page.
"""

import json
import statistics
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from benchmarks import bodies, console, houses, sender
from benchmarks.page import CLOCKS
from tests.harness import House

SITE, USER = console.SITE, console.USER
PARTS = ("ingest", "dispatch", "worker", "courier", "beat", "web")
DEVICES, FLOOD = 500, 1_000
CALM_EVERY_S, FLOOD_EVERY_S = 0.5, 0.25
FLOOD_S = 2.0
LEAD_S = 20.0  # until everybody speaks, and the page is open
KEEP_S = 1.0  # whoever is in session speaks at least this often

DRAWN = """
() => ({
  drawn: window.bench.drawn,
  origin: performance.timeOrigin,
  tasks: window.bench.tasks.map(([at, ms]) => [at, ms]),
})
"""


@dataclass(slots=True)
class Struck:
    """Who was struck, and when the sample that shows it was handed to the socket, Unix s."""

    calm: dict[str, float] = field(default_factory=dict)
    flood: dict[str, float] = field(default_factory=dict)
    flooded: int = 0


class Speaker(threading.Thread):
    """One connection that speaks for every device; whoever was struck goes on speaking."""

    def __init__(
        self, plan: sender.Plan, needles: list[str], flood: list[str], *, lead_s: float, calm_s: float
    ) -> None:
        super().__init__(name="speaker", daemon=True)
        self.struck, self._lead_s, self._calm_s = Struck(), lead_s, calm_s
        self._wire = sender.Wire(plan)
        self._calm, self._needles, self._flood = plan.serials, needles, flood
        self._well: dict[str, bodies.Template] = {
            serial: bodies.Lively(4, 10, plan.boot, n) for n, serial in enumerate(plan.serials)
        }
        self._well |= {
            serial: bodies.Template(2, 10, plan.boot, 1000 + n) for n, serial in enumerate([*needles, *flood])
        }
        self._seq = dict.fromkeys(self._well, 0)
        self._spoken = dict.fromkeys(self._well, 0.0)
        self._ill: dict[str, bytes] = {}
        self.over = threading.Event()
        self.error = ""

    def run(self) -> None:
        try:
            self._speak()
        except (OSError, ConnectionError) as error:
            self.error = str(error)
        self.over.set()

    def _speak(self) -> None:
        well = [*self._calm, *self._needles]
        for serial in well:
            self._be_born(serial)
        self._keep_on(self._lead_s, well)
        waiting = iter(self._needles)
        self._strike(waiting, self.struck.calm, self._calm_s, CALM_EVERY_S, well)
        everybody = [*well, *self._flood]
        for serial in self._flood:
            self._be_born(serial)
        self._keep_on(2.0, everybody)
        began_s = time.monotonic()
        next_s, needle_s, due = began_s, began_s, iter(self._flood)
        while (now_s := time.monotonic()) - began_s < FLOOD_S + 4.0:
            while next_s <= now_s and (lost := next(due, None)):
                self._ill[lost] = b"electrode"
                self._say(lost)
                self.struck.flooded += 1
                next_s += FLOOD_S / len(self._flood)
            if needle_s <= now_s and (needle := next(waiting, None)):
                needle_s += FLOOD_EVERY_S
                self.struck.flood[needle] = self._over_current(needle)
            self._keep(everybody)
            self._wire.pump(0.01)
        self._keep_on(3.0, everybody)

    def _strike(
        self, waiting: Iterable[str], told: dict[str, float], for_s: float, every_s: float, all_: list[str]
    ) -> None:
        until_s = time.monotonic() + for_s
        for serial in waiting:
            told[serial] = self._over_current(serial)
            self._keep_on(every_s, all_)
            if time.monotonic() >= until_s:
                return

    def _over_current(self, serial: str) -> float:
        self._ill[serial] = b"current"
        at_s = time.time()
        self._say(serial)
        self._wire.pump(0.0)
        return at_s

    def _keep_on(self, for_s: float, serials: list[str]) -> None:
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            self._keep(serials)
            self._wire.pump(0.01)

    def _keep(self, serials: list[str]) -> None:
        now_s, said = time.monotonic(), 0
        for serial in serials:
            if now_s - self._spoken[serial] >= KEEP_S:
                self._say(serial)
                said += 1
                if said == 25:
                    return

    def _be_born(self, serial: str) -> None:
        self._wire.publish(f"ems/v1/{serial}/status".encode(), self._well[serial].status())

    def _say(self, serial: str) -> None:
        self._seq[serial] += 1
        self._spoken[serial] = time.monotonic()
        body = self._well[serial].telemetry(self._seq[serial], int(time.time() * 1000))
        ill = self._ill.get(serial)
        if ill == b"current":
            body = body.replace(b'"set_ma":[32.0,', b'"set_ma":[12.0,')
        elif ill == b"electrode":
            body = body.replace(b'"contact":["ok",', b'"contact":["electrode",')
        self._wire.publish(f"ems/v1/{serial}/telemetry".encode(), body)


def measure(house: House, *, seconds: float = 30.0) -> dict[str, Any]:
    """Return how long alerts took from the wire to the page, ms, in calm and in the flood."""
    serials = houses.enrol(house, DEVICES, site=SITE)
    needles = [
        f"NEEDLE-{n:03d}" for n in range(int(seconds / CALM_EVERY_S) + round(FLOOD_S / FLOOD_EVERY_S) + 1)
    ]
    flood = [f"FLOOD-{n:04d}" for n in range(FLOOD)]
    _enrol(house, [*needles, *flood])
    house.start(*PARTS)
    password, boot = house.servers.vault.secret("_bench"), int(time.time())
    plan = sender.Plan(house.mqtt_port, "_bench", password, serials, boot, 1.0, seconds)
    speaker = Speaker(plan, needles, flood, lead_s=LEAD_S, calm_s=seconds)
    with console.browser() as (page, version):
        speaker.start()
        console.log_in(page, house)
        while not speaker.over.is_set():
            page.wait_for_timeout(200)
        page.wait_for_timeout(2_000)
        seen = _seen(page)
    if speaker.error:
        raise RuntimeError(speaker.error)
    return {"what": "alarm", "devices": DEVICES, **_figures(house, speaker.struck, seen), "chromium": version}


def _enrol(house: House, serials: list[str]) -> None:
    house.sql(
        """INSERT INTO devices_device (serial, site_id, name, room, uplink, model, tags, risk_class)
           SELECT s, (SELECT id FROM access_site WHERE slug = %s), s, 'Hall', 'AP of ' || s, '', '{}', ''
           FROM unnest(%s::text[]) s""",
        SITE,
        serials,
    )


def _seen(page: Page) -> dict[str, Any]:
    offset_ms = statistics.median(page.evaluate(CLOCKS)) + 0.5  # Date.now() has whole ms
    seen = page.evaluate(DRAWN)
    return {**seen, "zero_ms": seen["origin"] + offset_ms}


def _figures(house: House, struck: Struck, seen: dict[str, Any]) -> dict[str, Any]:
    rows = house.sql(
        """SELECT d.serial, a.id, a.rule FROM safety_alert a JOIN devices_device d ON d.id = a.device_id
           WHERE a.rule IN ('over_current', 'electrode_off')"""
    )
    number = {serial: str(alert) for serial, alert, rule in rows if rule == "over_current"}
    flooded = sum(serial.startswith("FLOOD") for serial, _alert, rule in rows if rule == "electrode_off")
    if flooded < struck.flooded:
        raise RuntimeError(f"{struck.flooded} devices lost an electrode, and {flooded} alerts were raised")
    return {
        "flood_alerts": flooded,
        **_latency("calm", struck.calm, number, seen),
        **_latency("flood", struck.flood, number, seen),
        "long_tasks": len(seen["tasks"]),
    }


def _latency(
    name: str, struck: dict[str, float], number: dict[str, str], seen: dict[str, Any]
) -> dict[str, Any]:
    drawn = seen["drawn"]
    took_ms = sorted(
        seen["zero_ms"] + drawn[number[serial]] - 1000 * at_s
        for serial, at_s in struck.items()
        if serial in number and number[serial] in drawn
    )
    if not took_ms:
        raise RuntimeError(f"no alert was drawn ({name})")
    rank = max(0, -int(-0.95 * len(took_ms) // 1) - 1)
    return {
        f"{name}_struck": len(struck),
        f"{name}_never_drawn": len(struck) - len(took_ms),
        f"{name}_p50_ms": statistics.median(took_ms),
        f"{name}_p95_ms": took_ms[rank],
        f"{name}_max_ms": took_ms[-1],
    }


if __name__ == "__main__":
    with houses.house(bench=True) as alone:
        print(json.dumps(measure(alone, seconds=10.0), indent=1))
