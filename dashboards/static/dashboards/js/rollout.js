// A rollout's page: counts down to what happens next, and lets one press be one press.
// What the page says is the server's own template, which refresh.js asks for every two seconds.

import { clock } from "./words.js";

const TICK_MS = 250;
const SENT_MS = 5_000; // after so long without an answer it may be pressed again

/** When each countdown that is seen ends, by the monotonic clock. @type {WeakMap<Element, {text: string, endsMs: number}>} */
const ends = new WeakMap();

function countDown() {
  const now = performance.now();
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-left-ms]"))) {
    const text = one.dataset.leftMs ?? "";
    let known = ends.get(one);
    if (known?.text !== text) ends.set(one, (known = { text, endsMs: now + Number(text) })); // the server said it anew
    const words = clock(Math.max(0, known.endsMs - now));
    if (one.textContent !== words) one.textContent = words;
  }
}

/** @param {SubmitEvent} event */
function pressOnce(event) {
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement) || !("once" in button.dataset)) return;
  if (button.getAttribute("aria-disabled") === "true") return event.preventDefault();
  button.setAttribute("aria-disabled", "true");
  setTimeout(() => button.removeAttribute("aria-disabled"), SENT_MS);
}

setInterval(countDown, TICK_MS);
document.addEventListener("submit", pressOnce);
