// The part of a page that changes: the server's own template, asked for anew.  Ages in it tick meanwhile, and once
// nothing vouches for it any more, the page says so and how old it is.  When to ask is whose page it is to know.

import { sameChildren } from "./morph.js";
import { age } from "./words.js";

export const LOST_MS = 4_500; // not known to be true for so long, the page is old
const WOKEN_MS = 1_500; // for the first answer after a while in which it was not seen, and not asked

export class Part {
  /** When what is seen was read, by the monotonic clock. */
  readMs = performance.now();
  /** When it was last known to be true still. */
  trueMs = performance.now();
  /** Until then it is not called old. */
  patientMs = 0;
  asking = false;

  /** @param {HTMLElement} place whose `data-refresh` is the address of what stands in it */
  constructor(place) {
    this.place = place;
    this.lost = /** @type {HTMLElement} */ (document.querySelector("[data-lost]"));
    const spans = Object.entries(/** @type {HTMLElement} */ (document.getElementById("spans")).dataset);
    this.texts = Object.fromEntries(spans.map(([unit, text]) => [`span.${unit}`, text ?? ""]));
  }

  /** @param {number} ms */
  span = (ms) => age(ms, this.texts, "span");

  /** Put what the server says now in the place of what it said; return whether it answered. */
  async ask() {
    if (this.asking) return false;
    this.asking = true;
    try {
      const sentMs = performance.now();
      const options = { cache: /** @type {const} */ ("no-store"), redirect: /** @type {const} */ ("manual"), signal: AbortSignal.timeout(LOST_MS) };
      const answer = await fetch(this.place.dataset.refresh ?? "", options);
      if (answer.type === "opaqueredirect" || answer.status === 404) location.reload(); // logged out, or no longer ours
      if (!answer.ok) return false;
      sameChildren(this.place, new DOMParser().parseFromString(await answer.text(), "text/html").body);
      this.readMs = sentMs;
      this.vouch(sentMs);
      return true;
    } catch {
      return false; // the tick says so once it has lasted
    } finally {
      this.asking = false;
    }
  }

  /** What is seen was true then. @param {number} atMs monotonic */
  vouch(atMs) {
    this.trueMs = Math.max(this.trueMs, atMs);
    this.tick();
  }

  /** It is seen again, and is being asked for. */
  wake() {
    this.patientMs = performance.now() + WOKEN_MS;
    this.tick();
  }

  /** Let ages grow, and say whether what is seen is old. */
  tick() {
    const nowMs = performance.now();
    const [sinceRead, sinceTrue] = [nowMs - this.readMs, nowMs - this.trueMs];
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll("[data-age-ms]"))) {
      const text = one.dataset.ageMs ? this.span(Number(one.dataset.ageMs) + sinceRead) : "";
      if (one.dataset.ageMs && one.textContent !== text) one.textContent = text;
    }
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll("[data-limit-ms]"))) {
      one.toggleAttribute("data-mute", Number(one.dataset.heardMs || Infinity) + sinceRead > Number(one.dataset.limitMs));
    }
    const isLost = sinceTrue > LOST_MS && nowMs > this.patientMs;
    this.lost.hidden = !isLost;
    document.body.toggleAttribute("data-lost", isLost);
    if (isLost) /** @type {HTMLElement} */ (this.lost.querySelector("[data-lost-age]")).textContent = this.span(sinceTrue);
  }
}
