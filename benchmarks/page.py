"""The Chromium that is measured: what the wall's page drew, when, and how long its tasks took."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.harness import House, chromium

VIEW: ViewportSize = {"width": 1920, "height": 1080}
WITHIN_MS = 60_000

# Runs before the page's own scripts.  It keeps what arrives and looks at it only when all is over, so that it costs
# the page next to nothing.  A message posted from within a frame is delivered when that frame has been rendered.
WATCH = """
(() => {
  const seen = window.bench = { raw: [], drawn: [], rendered: [], tasks: [], live: [], largest: null };
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...words) {
      super(...words);
      this.addEventListener("message", ({ data }) => seen.raw.push(data));
    }
  };
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => { seen.rendered[data] = performance.now(); };
  document.addEventListener("myofleet:drawn", ({ detail }) => port2.postMessage(seen.drawn.push(detail) - 1));
  const note = (list) => seen.tasks.push(...list.getEntries().map((task) => [task.startTime, task.duration]));
  new PerformanceObserver(note).observe({ type: "longtask", buffered: true });
  const largest = (list) => { seen.largest = list.getEntries().at(-1).startTime; };
  new PerformanceObserver(largest).observe({ type: "largest-contentful-paint", buffered: true });
  const say = () => seen.live.push([performance.now(), document.body.dataset.live]);
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(say).observe(document.body, { attributeFilter: ["data-live"] });
  });
})();
"""

TELL = """
() => {
  const { raw, drawn, rendered, tasks, live, largest } = window.bench;
  const known = [];
  for (const text of raw) {
    const message = JSON.parse(text);
    for (const one of message.devices ?? message.events ?? []) {
      if (one.serial) known.push([one.serial, one.rev, one.elapsed_ms ?? null]);
    }
  }
  const navigation = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    known,
    drawn: drawn.map((tiles, n) => [rendered[n] ?? null, tiles.map(({ serial, rev, t }) => [serial, rev, t])]),
    tasks: [...tasks],
    messages: raw.length,
    origin: performance.timeOrigin,
    first_paint: paint?.startTime ?? null,
    largest_paint: largest,
    html: navigation.responseEnd,
    tiles: document.querySelectorAll("#content .tile").length,
    live: [...live, [performance.now(), "end"]],
  };
}
"""

CLOCKS = "() => Array.from({ length: 50 }, () => Date.now() - performance.timeOrigin - performance.now())"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page drew and how it felt; times are Unix s, durations ms."""

    drawn: dict[str, list[tuple[int, float]]]
    """By serial: the `elapsed_ms` that each draw showed and when it was rendered."""
    draws: int
    messages: int
    tasks_ms: list[tuple[float, float]]
    """Tasks over 50 ms since the first paint: when after it, and how long."""
    first_paint_ms: float
    largest_paint_ms: float | None
    """When the largest thing in the window stood there; None if the browser does not say."""
    html_ms: float
    tiles: int
    not_live_ms: float
    """How long the page said so, after it was live for the first time."""
    script_ms: list[float]
    """Of each frame that drew: from its first tile to when it was rendered."""


class Wall:
    """A page that shows a wall."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, house: House, user: str, slug: str) -> None:
        """Log in, open the wall afresh, and wait until it says that it is live."""
        known, path = house.people["users"][user], f"/sites/{slug}/"
        self._page.goto(house.url)
        self._page.get_by_label("User name").fill(known["username"])
        self._page.get_by_label("Password").fill(known["password"])
        self._page.get_by_role("button", name="Log in").click()
        self._page.wait_for_url(f"{house.url}/**", wait_until="load")
        self._page.goto(house.url + path)
        self._page.wait_for_selector('body[data-live="live"]')

    def seen(self) -> Seen:
        """Return all since the page was opened; this itself keeps the page busy, so it comes last."""
        offset_ms = statistics.median(self._page.evaluate(CLOCKS)) + 0.5  # Date.now() has whole ms
        told = self._page.evaluate(TELL)
        zero_ms = told["origin"] + offset_ms
        first_paint = told["first_paint"]
        frames = [(at, tiles) for at, tiles in told["drawn"] if at is not None]
        tasks = [(start - first_paint, ms) for start, ms in told["tasks"] if start + ms > first_paint]
        return Seen(
            drawn=_draws(told["known"], frames, zero_ms),
            draws=sum(len(tiles) for _, tiles in frames),
            messages=told["messages"],
            tasks_ms=tasks,
            first_paint_ms=first_paint,
            largest_paint_ms=told["largest_paint"],
            html_ms=told["html"],
            tiles=told["tiles"],
            not_live_ms=_not_live_ms(told["live"]),
            script_ms=[at - tiles[0][2] for at, tiles in frames if tiles],
        )


def _draws(
    known: list[tuple[str, int, int | None]],
    frames: list[tuple[float, list[tuple[str, int, float]]]],
    zero_ms: float,
) -> dict[str, list[tuple[int, float]]]:
    """Find what each draw showed: events carry only what changed, so `elapsed_ms` stays what it was."""
    newest: dict[str, int] = {}
    at_rev: dict[tuple[str, int], int] = {}
    for serial, rev, elapsed_ms in known:
        if elapsed_ms is not None:
            newest[serial] = elapsed_ms
        at_rev[serial, rev] = newest.get(serial, -1)
    drawn: dict[str, list[tuple[int, float]]] = {}
    for rendered_ms, tiles in frames:
        for serial, rev, _ in tiles:
            drawn.setdefault(serial, []).append((at_rev[serial, rev], (zero_ms + rendered_ms) / 1000))
    return drawn


def _not_live_ms(turns: list[tuple[float, str]]) -> float:
    """Add up the time after the first "live" in which the page said something else."""
    since = [turn for n, turn in enumerate(turns) if any(state == "live" for _, state in turns[: n + 1])]
    return sum(end - start for (start, state), (end, _) in pairwise(since) if state != "live")


@contextmanager
def browser(watch: str = WATCH) -> Iterator[tuple[Page, str]]:
    """Open a Chromium with one page, which runs this script first; give it with the browser's version.

    Raises:
        RuntimeError: There is none on this machine.
    """
    path = chromium()
    if path is None:
        raise RuntimeError("there is no Chromium: install it, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            page = started.new_context(viewport=VIEW).new_page()
            page.set_default_timeout(WITHIN_MS)
            page.add_init_script(watch)
            yield page, started.version
        finally:
            started.close()
