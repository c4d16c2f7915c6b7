"""The console with thousands of open alerts, in a real browser: opened, read to its end, searched, and kept up to date.

No task of the page may take over 50 ms, from its first paint on.  20 alerts a second change meanwhile, and each
second a high one rises; the broker, ingest, PostgreSQL, Redis and daphne are the real ones.
"""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from playwright.sync_api import Page

from benchmarks import houses, stirring
from benchmarks.page import CLOCKS, browser
from tests.harness import ROOT, House

SITE, USER = "harbour-clinic", "stranger"  # a site that the demo's data leaves empty, and its nurse
DEVICES = 500

WATCH = """
(() => {
  const seen = window.bench = { tasks: [], drawn: {}, firstLine: null };
  const note = (list) => seen.tasks.push(...list.getEntries().map((task) => [task.startTime, task.duration]));
  new PerformanceObserver(note).observe({ type: "longtask", buffered: true });
  document.addEventListener("myofleet:alerts-drawn", ({ detail }) => {
    seen.firstLine ??= detail.t;
    for (const id of detail.ids) seen.drawn[id] ??= detail.t;
  });
})();
"""

READ = """
async () => {
  const frames = (n) => new Promise((resolve) => {
    const step = () => (n-- > 0 ? requestAnimationFrame(step) : resolve());
    step();
  });
  const height = () => document.documentElement.scrollHeight;
  let most = 0;
  for (let at = 0; at < height(); at += 4 * innerHeight) {
    scrollTo(0, at);
    await frames(2);
    most = Math.max(most, document.querySelectorAll("#lines .alert").length);
  }
  scrollTo(0, 0);
  await frames(5);
  return most;
}
"""

HOLDS = """
(alerts) => ["medium", "low"].reduce(
  (sum, name) => sum + Number(document.getElementById(`count-${name}`).textContent), 0) === alerts
"""

TELL = """
() => ({
  tasks: [...window.bench.tasks],
  drawn: window.bench.drawn,
  firstLine: window.bench.firstLine,
  origin: performance.timeOrigin,
  firstPaint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
})
"""


def measure(house: House, *, alerts: int = 5000, seconds: float = 20.0) -> dict[str, Any]:
    """Return what the page's tasks took, ms, and how long a high alert took from its commit to the page."""
    houses.enrol(house, DEVICES, site=SITE)
    house.start("ingest", "web")
    opened = _ran(house, stirring.Plan(alerts, SITE, 0))["open"]
    if opened != alerts:
        raise RuntimeError(f"{opened} alerts were opened, and {alerts} were meant")
    with browser(WATCH) as (page, version):
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        _open(page, house, alerts)
        stir = _start(house, stirring.Plan(alerts, SITE, seconds))
        most_drawn = _read(page)
        raised = houses.answer(stir, within_s=seconds + 60)["raised"]
        page.wait_for_timeout(2_000)
        offset_ms = statistics.median(page.evaluate(CLOCKS)) + 0.5  # Date.now() has whole ms
        seen = page.evaluate(TELL)
    if complaints:
        raise RuntimeError(f"the page complained: {complaints[0]}")
    return {
        "what": "console",
        "alerts": alerts,
        "seconds": seconds,
        "most_lines_drawn": most_drawn,
        "first_line_ms": seen["firstLine"],
        **_tasks(seen),
        **_latency(seen, raised, seen["origin"] + offset_ms),
        "chromium": version,
    }


def _tasks(seen: dict[str, Any]) -> dict[str, Any]:
    first_paint = seen["firstPaint"]
    long = [(start - first_paint, ms) for start, ms in seen["tasks"] if start + ms > first_paint]
    return {
        "first_paint_ms": first_paint,
        "long_tasks": len(long),
        "longest_task_ms": max((ms for _, ms in long), default=0.0),
        "long_tasks_at_ms": [[round(at), round(ms)] for at, ms in long][:20],
    }


def _latency(seen: dict[str, Any], raised: list[list[float]], zero_ms: float) -> dict[str, Any]:
    took = [
        zero_ms + seen["drawn"][str(int(number))] - 1000 * at
        for number, at in raised
        if str(int(number)) in seen["drawn"]
    ]
    if not took:
        raise RuntimeError("no high alert was drawn")
    return {
        "raised": len(raised),
        "never_drawn": len(raised) - len(took),
        "p50_ms": statistics.median(took),
        "max_ms": max(took),
    }


def log_in(page: Page, house: House) -> None:
    """Log in, open the console, and wait until it is live."""
    known = house.people["users"][USER]
    page.goto(house.url)
    page.get_by_label("User name").fill(known["username"])
    page.get_by_label("Password").fill(known["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{house.url}/**", wait_until="load")
    page.goto(f"{house.url}/alerts/")
    page.wait_for_selector('[data-alerts-live="live"]')


def _open(page: Page, house: House, alerts: int) -> None:
    """Open the console, and wait until it holds everything."""
    log_in(page, house)
    page.wait_for_function(HOLDS, arg=alerts)


def _read(page: Page) -> int:
    """Go through the list as somebody would; return how many lines existed at most."""
    most = page.evaluate(READ)
    for key in "jjjkjj":
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.keyboard.press("/")
    page.keyboard.type("stimulator 12", delay=60)
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator('.chip[data-priority="medium"]').click()
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")
    return int(most)


def _start(house: House, plan: stirring.Plan) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.stirring", json.dumps(asdict(plan))]
    env = {**os.environ, **house.env, "DJANGO_SETTINGS_MODULE": "fleet.settings"}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


def _ran(house: House, plan: stirring.Plan) -> dict[str, Any]:
    return houses.answer(_start(house, plan), within_s=120)


if __name__ == "__main__":
    with houses.house(bench=True) as alone:
        print(json.dumps(measure(alone, seconds=10), indent=1))
