// A rollout's page: hears of each step on the live socket and reads it anew, counts down to what happens next, and lets
// one press be one press.  What the page says is the server's own template: the socket tells when to ask for it.

import { pulseAge, ServerClock } from "./clock.js";
import { byId, say, set } from "./dom.js";
import { merge } from "./few.js";
import { listen } from "./live.js";
import { LOST_MS, Part } from "./part.js";
import { clock } from "./words.js";

const TICK_MS = 250;
const PACE_MS = 1_000; // where much moves, it is read so often
const POLL_MS = 2_000; // without the socket
const HIDDEN_MS = 5_000; // of a tab that is not seen, the title is
const LOOK_MS = 30_000; // what no step of the rollout tells: what the reader may do, what became of the version
const STALE_MS = 5_000; // without a pulse for so long, nothing here is called live
const JOINING_MS = 3_000; // for the socket of a new page
const LEFT_MS = 1_500; // to read why, before the page is loaded anew
const SENT_MS = 5_000; // after so long without an answer it may be pressed again

/** When each countdown that is seen ends, by the monotonic clock.
 * @type {WeakMap<Element, {text: string, endsMs: number, isOver: boolean}>} */
const ends = new WeakMap();

const place = byId("view");
const feed = byId("feed");
const part = new Part(place);
const begunMs = performance.now();
const server = new ServerClock();
/** What the socket holds: this rollout alone. @type {Map<string, import("./few.js").Thing>} */
let held = new Map();
/** @type {{heardMs: number, ingestAt: string | null} | null} */
let pulse = null;
let isConnected = false;
let askedMs = performance.now();
let isAnswered = true; // the last question was
let isDue = false; // a countdown is over

/** @returns {HTMLElement} */
const head = () => /** @type {HTMLElement} */ (place.firstElementChild);
const shownRev = () => Number(head().dataset.rev);
const isBehind = () => (held.get(feed.dataset.rollout ?? "")?.rev ?? 0) > shownRev();

/** Whether each step of it is heard as it is committed. */
function isLive() {
  const nowMs = performance.now();
  return isConnected && pulseAge(pulse, server.now(nowMs), nowMs) < STALE_MS;
}

/** How long after the last question the next one is due. */
function everyMs() {
  if (document.hidden) return isLive() && isBehind() ? HIDDEN_MS : Infinity;
  if (!isLive() || !isAnswered) return POLL_MS;
  return isBehind() || isDue ? PACE_MS : LOOK_MS;
}

/** Read it anew, if it is time to. */
async function look() {
  if (part.asking || performance.now() - askedMs < everyMs()) return;
  await read();
}

async function read() {
  askedMs = performance.now();
  isDue = false;
  isAnswered = await part.ask();
  if (isAnswered) follow();
}

/** What stands around the part follows it. */
function follow() {
  const { title = "", reviewed } = head().dataset;
  document.title = title;
  if (reviewed === undefined) document.getElementById("reach")?.remove(); // it has begun: whom it reaches stands above
}

/** @param {Record<string, any>} message */
async function hear(message) {
  const news = merge(held, message, "rollout");
  held = news.held;
  isConnected ||= news.all;
  const nowMs = performance.now();
  for (const beat of [message.pulse, ...(message.events ?? [])]) {
    if (beat?.kind !== "pulse") continue;
    server.hear(Date.parse(beat.now), nowMs);
    pulse = { heardMs: nowMs, ingestAt: beat.ingest_at };
  }
  if (isLive() && !isBehind() && isAnswered) part.vouch(nowMs);
  tick();
}

/** @param {"open" | "down" | "left"} state */
function turned(state) {
  isConnected = false; // until a snapshot came
  if (state === "left") setTimeout(() => location.reload(), LEFT_MS); // the server says where to go
  tick();
}

// --- time ---

function tick() {
  countDown();
  part.tick();
  tell();
  void look();
}

/** Say whether it is live, and how old it is if it is not. */
function tell() {
  const sinceMs = performance.now() - part.trueMs;
  const isJoining = held.size === 0 && performance.now() - begunMs < JOINING_MS;
  const state = isJoining ? "joining" : isLive() && sinceMs < LOST_MS ? "live" : "asked";
  set(feed, "data-state", state);
  say("feed-words", feed.dataset[state] ?? "");
  say("feed-age", state === "asked" ? part.span(sinceMs) : "");
}

function countDown() {
  const now = performance.now();
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-left-ms]"))) {
    const text = one.dataset.leftMs ?? "";
    let known = ends.get(one);
    if (known?.text !== text) ends.set(one, (known = { text, endsMs: now + Number(text), isOver: false })); // the server said it anew
    if (!known.isOver && known.endsMs <= now) isDue = known.isOver = true;
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

document.addEventListener("submit", pressOnce);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  part.wake();
  tick();
});
const scheme = location.protocol === "https:" ? "wss" : "ws";
const query = new URLSearchParams({ site: feed.dataset.site ?? "", rollout: feed.dataset.rollout ?? "", alerts: "none" });
listen(`${scheme}://${location.host}/ws/v1/live?${query}`, { take: hear, turned });
setInterval(tick, TICK_MS);
