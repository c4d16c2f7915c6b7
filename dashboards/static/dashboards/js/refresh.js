// Keeps a page true without a socket: asks for what changes every two seconds, lets ages tick in between, and says
// so when no answer comes.  What is asked for is the page's own template, so words are written in one place.

import { Part } from "./part.js";

const EVERY_MS = 2_000;
const TICK_MS = 250;

/** @param {HTMLElement} place whose `data-refresh` is the address of what stands in it */
function keep(place) {
  const part = new Part(place);
  const ask = () => document.hidden || void part.ask();
  setInterval(ask, EVERY_MS);
  setInterval(() => part.tick(), TICK_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    part.wake();
    ask();
  });
}

for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-refresh]"))) keep(place);
