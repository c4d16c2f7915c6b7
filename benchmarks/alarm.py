"""From a sample on the wire to its alert drawn on the console, in a real browser, with every process at work.

500 devices send once a second; all speak over one connection, as behind a gateway.  Some fall into over-current one by
one, and some more while 1,000 others lose an electrode within two seconds.  Each is looked for on the page.

An alert counts as drawn when the page has it in its list; the newest of the most urgent stand on top.
"""

import json
import math
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from benchmarks import bodies, console, houses, proc, sender
from benchmarks.page import CLOCKS, browser
from tests.harness import House, wait_for

SITE, USER = console.SITE, console.USER
PARTS = ("ingest", "dispatch", "worker", "courier", "beat", "web")
DEVICES, FLOOD = 500, 1_000
CALM_EVERY_S, FLOOD_EVERY_S = 0.5, 0.25
FLOOD_S, AFTER_FLOOD_S = 2.0, 4.0
BORN_S = 2.0  # until the flood's devices speak, before they are struck
READY_WITHIN_S, DRAWN_WITHIN_S = 60.0, 20.0
KEEP_S = 1.0  # whoever is in session speaks at least this often

DRAWN = """
() => ({
  drawn: window.bench.drawn,
  origin: performance.timeOrigin,
  tasks: window.bench.tasks.filter(([at]) => at > window.bench.firstLine),
})
"""

ARE_DRAWN = "(numbers) => numbers.every((number) => number in window.bench.drawn)"


@dataclass(slots=True)
class Struck:
    """Who was struck, and when the sample that shows it was handed to the socket, Unix s."""

    calm: dict[str, float] = field(default_factory=dict)
    flood: dict[str, float] = field(default_factory=dict)
    flooded: int = 0


class Speaker(threading.Thread):
    """One connection that speaks for every device; whoever was struck goes on speaking."""

    def __init__(self, plan: sender.Plan, needles: list[str], flood: list[str], *, calm_s: float) -> None:
        super().__init__(name="speaker", daemon=True)
        self.struck, self._calm_s = Struck(), calm_s
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
        self.ready, self.over, self.enough = threading.Event(), threading.Event(), threading.Event()
        """Somebody watches: strike · everybody was struck · it was all seen: fall silent."""
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
        while not self.ready.is_set():
            self._keep_on(0.1, well)
        waiting = iter(self._needles)
        self._strike(waiting, self.struck.calm, self._calm_s, CALM_EVERY_S, well)
        everybody = [*well, *self._flood]
        for serial in self._flood:
            self._be_born(serial)
        self._keep_on(BORN_S, everybody)
        self._strike_all(waiting, everybody)
        self.over.set()
        while not self.enough.is_set():  # whoever fell silent would be told of, too
            self._keep_on(0.1, everybody)

    def _strike_all(self, waiting: Iterator[str], everybody: list[str]) -> None:
        began_s = time.monotonic()
        next_s, needle_s, due = began_s, began_s, iter(self._flood)
        while (now_s := time.monotonic()) - began_s < FLOOD_S + AFTER_FLOOD_S:
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

    def _strike(
        self, waiting: Iterator[str], told: dict[str, float], for_s: float, every_s: float, all_: list[str]
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
            body = body.replace(b'"ma":[[31', b'"ma":[[61')  # one sample of forty
        elif ill == b"electrode":
            body = body.replace(b'"contact":["ok",', b'"contact":["electrode",')
        self._wire.publish(f"ems/v1/{serial}/telemetry".encode(), body)


def measure(house: House, *, seconds: float = 15.0) -> dict[str, Any]:
    """Return how long alerts took from the wire to the page, ms, in `seconds` of calm and in the flood."""
    serials = houses.enrol(house, DEVICES, site=SITE)
    in_flood = int((FLOOD_S + AFTER_FLOOD_S) / FLOOD_EVERY_S)
    needles = [f"NEEDLE-{n:03d}" for n in range(int(seconds / CALM_EVERY_S) + in_flood)]
    flood = [f"FLOOD-{n:04d}" for n in range(FLOOD)]
    _enrol(house, [*needles, *flood])
    house.start(*PARTS)
    password, boot = house.servers.vault.secret("_bench"), int(time.time())
    plan = sender.Plan(house.mqtt_port, "_bench", password, serials, boot, 1.0, seconds)
    speaker = Speaker(plan, needles, flood, calm_s=seconds)
    with browser(console.WATCH) as (page, version):
        speaker.start()
        console.log_in(page, house)
        _await_everybody(house, len(serials) + len(needles))
        since_s = time.time()
        cpu = _cpu(house)
        speaker.ready.set()
        while not speaker.over.is_set():
            page.wait_for_timeout(200)
        _await_drawn(house, page, speaker.struck)
        took_s = time.time() - since_s
        shares = {f"{name}_cores": (used - cpu[name]) / took_s for name, used in _cpu(house).items()}
        seen = _seen(page)
        speaker.enough.set()
        speaker.join(10)
    if speaker.error:
        raise RuntimeError(speaker.error)
    figures = _figures(house, speaker.struck, seen)
    return {"what": "alarm", "devices": DEVICES, "seconds": took_s, **figures, **shares, "chromium": version}


def _cpu(house: House) -> dict[str, float]:
    used = {name: proc.cpu_s(house.processes.pid(name)) for name in ("ingest", "worker", "web")}
    return used | {"postgres": proc.family_cpu_s(house.processes.pid("postgres"))}


def _await_everybody(house: House, count: int) -> None:
    """Wait until so many devices are known to be in session."""
    spoken = "SELECT count(*) FROM devices_state WHERE telemetry IS NOT NULL"
    wait_for(
        lambda: house.sql(spoken)[0][0] >= count,
        within_s=READY_WITHIN_S,
        why="not every device speaks",
        every_s=0.5,
    )


def _await_drawn(house: House, page: Page, struck: Struck) -> None:
    """Wait until all that was struck is on the page, or ought to be by now."""
    until_s = time.monotonic() + DRAWN_WITHIN_S
    wanted = len(struck.calm) + len(struck.flood) + struck.flooded
    while time.monotonic() < until_s:
        numbers = [str(alert) for _serial, alert, _rule in _raised(house)]
        if len(numbers) >= wanted and page.evaluate(ARE_DRAWN, numbers):
            return
        page.wait_for_timeout(500)


def _raised(house: House) -> list[tuple[Any, ...]]:
    """Return serial, alert and rule of whatever came of those that were struck."""
    return house.sql(
        """SELECT d.serial, a.id, a.rule FROM safety_alert a JOIN devices_device d ON d.id = a.device_id
           WHERE a.rule IN ('over_current', 'electrode_off')"""
    )


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
    rows = _raised(house)
    number = {serial: str(alert) for serial, alert, rule in rows if rule == "over_current"}
    flooded = [str(alert) for serial, alert, rule in rows if rule == "electrode_off"]
    return {
        "flooded": struck.flooded,
        "flood_alerts": len(flooded),
        "flood_never_drawn_of_all": struck.flooded - sum(one in seen["drawn"] for one in flooded),
        **_latency("calm", struck.calm, number, seen),
        **_latency("flood", struck.flood, number, seen),
        "long_tasks": len(seen["tasks"]),
        "longest_task_ms": max((ms for _at, ms in seen["tasks"]), default=0.0),
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
        raise RuntimeError(f"none of {len(struck)} alerts was drawn ({name})")
    rank = math.ceil(0.95 * len(took_ms)) - 1
    return {
        f"{name}_struck": len(struck),
        f"{name}_never_drawn": len(struck) - len(took_ms),
        f"{name}_p50_ms": statistics.median(took_ms),
        f"{name}_p95_ms": took_ms[rank],
        f"{name}_max_ms": took_ms[-1],
    }


if __name__ == "__main__":
    with houses.house(bench=True) as alone:
        print(json.dumps(measure(alone), indent=1))
