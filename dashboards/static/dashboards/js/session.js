// A session's page: draws the charts, prints, and while the session is open asks for the page again.

import { onTheme } from "./plots.js";
import { Charts } from "./session-plot.js";

const RENEW_MS = 10_000;
const FRESH = "[data-fresh]";

const session = /** @type {HTMLElement} */ (document.querySelector("#session"));
const texts = JSON.parse(document.querySelector("#plot-texts")?.textContent ?? "{}");
const plots = /** @type {HTMLElement} */ (document.querySelector("#plots"));
const charts = new Charts(plots, texts);
const SITE_TIME = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: session.dataset.timeZone,
});

async function draw() {
  const failed = /** @type {HTMLElement} */ (document.querySelector("#plot-failed"));
  try {
    const answer = await fetch(session.dataset.plot ?? "", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    charts.draw(await answer.json());
    failed.hidden = true;
    session.dataset.drawn = "yes";
  } catch {
    failed.hidden = false;
  }
}

/** Whether somebody is at work in it: what has the focus, or is open, is not taken away. @param {Element} part */
const inUse = (part) => part.contains(document.activeElement) || part.querySelector("details.help[open]") !== null;

/** Puts the new page's parts in the place of this one's. @param {Document} page */
function renew(page) {
  for (const part of document.querySelectorAll(FRESH)) {
    const name = /** @type {HTMLElement} */ (part).dataset.fresh;
    const next = page.querySelector(`[data-fresh="${name}"]`);
    if (!next || inUse(part)) continue;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const scrolled = [...part.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
    part.replaceChildren(...next.childNodes);
    part.querySelectorAll("details").forEach((one, at) => { one.open = open[at] ?? false; });
    part.querySelectorAll(".scroll").forEach((one, at) => one.scrollTo(...(scrolled[at] ?? [0, 0])));
  }
  const shown = (/** @type {ParentNode} */ root) =>
    [...root.querySelectorAll(".plot")].map((one) => /** @type {HTMLElement} */ (one).dataset.channel).join();
  const next = page.querySelector("#plots");
  if (next && shown(next) !== shown(plots)) plots.replaceChildren(...next.childNodes);
  session.dataset.open = /** @type {HTMLElement | null} */ (page.querySelector("#session"))?.dataset.open ?? "no";
}

let renewedAt = new Date();

async function look() {
  if (session.dataset.open !== "yes") return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (answer.status === 404) { location.reload(); return; }
      if (!answer.ok) throw new Error(`${answer.status}`);
      renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
      renewedAt = new Date();
      await draw();
    } catch {
      const stale = /** @type {HTMLElement | null} */ (document.querySelector("#stale"));
      if (stale) {
        stale.textContent = texts.stale.replace("{time}", SITE_TIME.format(renewedAt));
        stale.hidden = false;
      }
    }
  }
  setTimeout(look, RENEW_MS);
}

const button = /** @type {HTMLElement} */ (document.querySelector("#print"));
button.hidden = false;
button.addEventListener("click", () => print());
matchMedia("print").addEventListener("change", ({ matches }) => charts.print(matches));
addEventListener("beforeprint", () => charts.print(true));
addEventListener("afterprint", () => charts.print(false));
onTheme(() => charts.plot && charts.draw(charts.plot));

await draw();
setTimeout(look, RENEW_MS);
