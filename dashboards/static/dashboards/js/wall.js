// The wall: what the server says, drawn at the screen's pace; and what it no longer says, said aloud.

import { pulseAge, ServerClock } from "./clock.js";
import { listen } from "./live.js";
import { emptyStore, take } from "./store.js";
import { Tile } from "./tile.js";
import { age, face, fill } from "./words.js";

const STALE_MS = 5_000; // without a pulse for so long, nothing here may look healthy
const SLICE_MS = 12; // of one frame, for drawing; the rest waits for the next
const SLOTS = 8; // of a second: each ages its share of the tiles, so that no frame has to lay out all of them
const KINDS = /** @type {const} */ (["in_session", "attention", "silent"]);

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const { body } = document;
const wall = byId("content");
/** @type {Record<string, string>} */
const texts = JSON.parse(byId("texts").textContent ?? "{}");
const store = emptyStore();
const server = new ServerClock();
/** @type {Map<string, Tile>} */
const tiles = new Map();
/** @type {{heardMs: number, ingestAt: string | null} | null} */
let pulse = null;
let connected = false;
let faulty = false;

// --- drawing ---

/** @type {Set<string>} */
const waiting = new Set();
/** @type {(() => void)[]} */
let whenDrawn = [];
let frame = 0;

/** Draw these devices; resolves when they are on the screen. @param {Iterable<string>} serials */
function draw(serials) {
  for (const serial of serials) waiting.add(serial);
  const drawn = new Promise((/** @type {(value: void) => void} */ resolve) => whenDrawn.push(resolve));
  schedule();
  return drawn;
}

function schedule() {
  if (document.hidden) drawSlice(Infinity); // no frame comes to a hidden tab
  else if (!frame) frame = requestAnimationFrame(() => drawSlice(SLICE_MS));
}

/** @param {number} budgetMs */
function drawSlice(budgetMs) {
  frame = 0;
  const until = performance.now() + budgetMs;
  const drawn = [];
  for (const serial of waiting) {
    waiting.delete(serial);
    const device = store.devices.get(serial);
    if (device === undefined) continue;
    const tile = tileOf(serial);
    const at = performance.now();
    tile.draw(device, face(device, texts));
    tell(tile, server.now(at));
    drawn.push({ serial, rev: device.rev, t: at });
    if (at > until) break;
  }
  if (drawn.length) document.dispatchEvent(new CustomEvent("myofleet:drawn", { detail: drawn }));
  if (waiting.size) return schedule();
  count();
  judge();
  for (const resolve of whenDrawn.splice(0)) resolve();
}

/** @param {string} serial */
function tileOf(serial) {
  let tile = tiles.get(serial);
  if (tile === undefined) tiles.set(serial, (tile = Tile.blank(serial)));
  return tile;
}

/** Put the tiles into the snapshot's order; those that stand right are not touched. */
function arrange() {
  for (const [serial, tile] of tiles) {
    if (!store.devices.has(serial)) {
      tile.root.remove();
      tiles.delete(serial);
    }
  }
  let at = wall.firstElementChild;
  for (const serial of store.devices.keys()) {
    const { root } = tileOf(serial);
    if (root === at) at = at.nextElementSibling;
    else wall.insertBefore(root, at);
  }
  byId("empty").hidden = store.devices.size > 0;
  const isLarge = Array.from(store.devices.values()).some((device) => device.channels.length > 8);
  wall.dataset.channels = isLarge ? "16" : "8"; // as `tiles.channel_rows`
}

function count() {
  const counts = { all: tiles.size, in_session: 0, attention: 0, silent: 0 };
  for (const { shown } of tiles.values()) {
    if (shown) for (const kind of KINDS) counts[kind] += Number(shown[kind]);
  }
  for (const [kind, n] of Object.entries(counts)) {
    const element = byId(`count-${kind}`);
    if (element.textContent !== String(n)) element.textContent = String(n);
    element.parentElement?.toggleAttribute("data-some", n > 0 && kind === "attention");
  }
  const show = /** @type {keyof typeof counts} */ (wall.dataset.show);
  byId("none-shown").hidden = show === "all" || counts[show] > 0;
}

// --- time ---

const hours = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: body.dataset.timeZone,
});

/** Write a tile's age. @param {Tile} tile @param {number | null} now Unix ms of the server */
function tell(tile, now) {
  if (now !== null) tile.tick(age(tile.heardMs === null ? null : now - tile.heardMs, texts));
}

let slot = 0;

/** Let time pass for every tile, or for a share of them. @param {number} [share] of SLOTS */
function tick(share) {
  const now = server.now(performance.now());
  let n = 0;
  for (const tile of tiles.values()) {
    if (share === undefined || n++ % SLOTS === share) tell(tile, now);
  }
  if (now !== null) say("now", hours.format(now));
  judge();
}

/** Say whether what is seen is live. */
function judge() {
  if (body.dataset.live === "left") return;
  const monotonic = performance.now();
  const pulseMs = pulseAge(pulse, server.now(monotonic), monotonic);
  const state = stateOf(pulseMs);
  if (body.dataset.live !== state) body.dataset.live = state;
  say("pulse-words", texts[`live.${state}`]);
  if (state === "live") return;
  say("banner-words", texts[state === "stale" && !Number.isFinite(pulseMs) ? "banner.unfed" : `banner.${state}`]);
  say("banner-age", Number.isFinite(pulseMs) ? age(pulseMs, texts, "age.plain") : ""); // apart: it is not read aloud
}

/** @param {number} pulseMs */
function stateOf(pulseMs) {
  if (faulty) return "fault";
  if (pulse === null) return "connecting";
  if (!connected) return "down";
  return pulseMs > STALE_MS ? "stale" : "live";
}

/** @param {string} id @param {string} words */
function say(id, words) {
  const element = byId(id);
  if (element.textContent !== words) element.textContent = words;
}

// --- listening ---

/** @param {Record<string, any>} message */
async function hear(message) {
  try {
    if (message.type === "error") return;
    const changed = take(store, message);
    if (changed.pulse && store.pulse) {
      const arrived = performance.now();
      server.hear(Date.parse(store.pulse.now), arrived);
      pulse = { heardMs: arrived, ingestAt: store.pulse.ingest_at };
    }
    if (changed.all) arrange();
    await draw(changed.all ? store.devices.keys() : changed.serials);
    faulty = false;
  } catch (error) {
    faulty = true;
    console.error(error);
    setTimeout(() => live.resync(), 1000);
  }
}

/** @param {"open" | "down" | "left"} state */
function turned(state) {
  connected = state === "open";
  if (state === "left") {
    body.dataset.live = "left";
    say("banner-words", texts["banner.left"]);
    setTimeout(() => location.reload(), 1500); // the server says where to go: log in, or nowhere
  } else tick();
}

// --- hands ---

/** @param {Event} event */
function select(event) {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-filter]");
  if (!(button instanceof HTMLElement)) return;
  wall.dataset.show = button.dataset.filter;
  for (const each of document.querySelectorAll(".counts [data-filter]")) {
    each.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (each).dataset.filter === button.dataset.filter));
  }
  count();
}

/** Tell when a device was heard, in the site's time and in UTC, to whoever points at its age. @param {Event} event */
function explain(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest(".link");
  const tile = tiles.get(/** @type {HTMLElement | null} */ (link?.closest(".tile"))?.dataset.serial ?? "");
  if (!(link instanceof HTMLElement) || !tile?.heardMs) return;
  const heard = new Date(tile.heardMs);
  const utc = heard.toISOString().slice(0, 19).replace("T", " ");
  link.title = fill(texts["heard.title"], { local: hours.format(heard), utc });
}

/** Take over what the server rendered, in slices: hundreds of tiles are more than one task's work. */
async function adopt() {
  let until = 0; // this task has loaded the modules: begin with another
  for (const root of wall.querySelectorAll(".tile")) {
    const tile = new Tile(/** @type {HTMLElement} */ (root));
    tiles.set(tile.root.dataset.serial ?? "", tile);
    if (performance.now() < until) continue;
    await new Promise((resolve) => setTimeout(resolve));
    until = performance.now() + SLICE_MS;
  }
}

await adopt();
document.addEventListener("click", select);
wall.addEventListener("pointerover", explain);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden || !frame) return; // a frame that was asked for will not come any more
  cancelAnimationFrame(frame);
  drawSlice(Infinity);
});
setInterval(() => tick((slot = (slot + 1) % SLOTS)), 1000 / SLOTS);
const scheme = location.protocol === "https:" ? "wss" : "ws";
const address = `${scheme}://${location.host}/ws/v1/live?site=${encodeURIComponent(body.dataset.site ?? "")}`;
const live = listen(address, { take: hear, turned });
