// The live tab: every sample as it comes, and the session in its protocol's envelope.

import { drawLower } from "./device-lower.js";
import { fill, join, now, texts, write, zone } from "./devicepage.js";
import { Envelope } from "./envelope.js";
import { LiveChannel } from "./livechannel.js";
import { onTheme } from "./plots.js";
import { plannedAt, Traces } from "./traces.js";
import { face } from "./words.js";

const DRAW_MS = 200;
const SHARE = 5; // drawing takes at most so small a part of the time: many channels are drawn less often
const MOST_KEPT = 2_000; // records, while the plots are held still
const RETRY_S = 5;
const SEAM_MS = 5_000; // should the word be lost that ingest knows of us: what was stored meanwhile is read anyway

const byId = (/** @type {string} */ id) => document.getElementById(id);
const panel = /** @type {HTMLElement} */ (byId("trace"));
const plots = /** @type {HTMLElement} */ (byId("plots"));
const note = /** @type {HTMLElement} */ (byId("trace-note"));
const hold = /** @type {HTMLButtonElement} */ (byId("hold"));
const traces = new Traces();
const envelope = Envelope.of(byId("envelope"), { texts, now });
/** @type {LiveChannel[]} */
let channels = [];
/** @type {Record<string, any> | null} */
let device = null;
let spanS = 60;
let heldAtMs = /** @type {number | null} */ (null);
let lost = 0;
let failed = "";
let isRead = false;
let isDue = false;

// --- what came before: read once the server says that from now on everything comes ---

/** When the newest record was received that was read, so that only what came after it is read again. */
let readTo = "";

async function catchUp() {
  try {
    const answer = await fetch(`${panel.dataset.recent}?since=${encodeURIComponent(readTo)}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const { records } = await answer.json();
    for (const { received_at: received } of records) if (received > readTo) readTo = received;
    take(records, 0);
    isRead = true;
    failed = "";
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
    setTimeout(catchUp, RETRY_S * 1000);
  }
  isDue = true;
}

/** By its number, not by its time: the time of a record is placed, and its neighbours may be placed anew. */
let newest = { boot: -1, seq: -1 };

/** @param {Record<string, any>[]} records @param {number} missed */
function take(records, missed) {
  lost += missed;
  if (!traces.take(records)) return;
  if (heldAtMs === null || traces.pieces.length > MOST_KEPT) traces.prune(now()); // also in a tab that draws nothing
  isDue = true;
  for (const { boot, seq } of records) {
    if (boot > newest.boot || (boot === newest.boot && seq > newest.seq)) newest = { boot, seq };
  }
  panel.dataset.last = String(newest.seq);
  document.dispatchEvent(new CustomEvent("myofleet:traced", { detail: newest }));
}

// --- drawing ---

function draw() {
  if (document.hidden) return;
  const rightMs = heldAtMs ?? now();
  const range = /** @type {[number, number]} */ ([rightMs / 1000 - spanS, rightMs / 1000]);
  arrange(traces.channels(rightMs - spanS * 1000));
  for (const channel of channels) channel.draw(traces, range, (elapsedS) => plan(channel.n, elapsedS));
  const words = wordsOf();
  write(note, words);
  note.hidden = words === "";
}

/** @param {number} n @param {number} elapsedS */
function plan(n, elapsedS) {
  const line = envelope?.lineOf(n, device?.session ?? null);
  return line ? plannedAt(line, elapsedS) : null;
}

/** @param {number[]} wanted */
function arrange(wanted) {
  if (wanted.length === 0 && traces.pieces.length && channels.length) return; // a rest from everything: keep the frame
  if (wanted.join() === channels.map(({ n }) => n).join()) return;
  for (const channel of channels) channel.destroy();
  channels = wanted.map((n) => new LiveChannel(plots, n, texts, zone, bandsNow));
}

function bandsNow() {
  const rightMs = heldAtMs ?? now();
  const isOpen = device !== null && device.session !== null && heldAtMs === null;
  return traces.bands(rightMs - spanS * 1000, isOpen ? rightMs : null);
}

function wordsOf() {
  if (heldAtMs !== null) return texts["plot.frozen"];
  if (failed) return fill(texts["plot.failed"], { why: failed, n: RETRY_S });
  if (lost) return fill(texts["plot.lost"], { n: lost });
  if (!isRead) return texts["plot.loading"];
  if (channels.length) return "";
  if (traces.pieces.length) return texts["plot.missing"];
  return device?.session ? texts["plot.waiting"] : texts["plot.idle"];
}

let nextAt = 0;
function loop() {
  const at = performance.now();
  const isMoving = heldAtMs === null && traces.pieces.length > 0;
  if (at >= nextAt && (isDue || isMoving)) {
    isDue = false;
    draw();
    const tookMs = performance.now() - at;
    nextAt = at + Math.max(DRAW_MS, SHARE * tookMs);
  }
  requestAnimationFrame(loop);
}

// --- the table of channels ---

/** @param {Record<string, any>} fresh */
function changed(fresh) {
  device = fresh;
  isDue = true;
  drawLower(fresh, now);
  byId("never")?.toggleAttribute("hidden", fresh.link !== "never");
  if (fresh.channels.length && !byId("channels")) return location.reload(); // it has just told what it has
  const age = byId("telemetry-age");
  if (age) {
    age.dataset.age = fresh.telemetry_at ?? "";
    if (!fresh.telemetry_at) write(age, texts["channels.closed"]);
  }
  const faces = face(fresh, texts).channels;
  Array.from(byId("channels")?.children ?? []).forEach((row, at) => {
    const [shown, raw] = [faces[at], fresh.channels[at]];
    if (!shown) return;
    /** @type {HTMLElement} */ (row).dataset.contact = shown.contact;
    const cells = { ma: shown.ma, set: shown.set, contact: shown.contact_words, ohm: whole(raw.ohm), charge: whole(raw.charge_uc) };
    for (const [name, words] of Object.entries(cells)) {
      const cell = row.querySelector(`[data-c="${name}"]`);
      if (cell) write(cell, words);
    }
  });
  envelope?.follow(fresh);
}

/** @param {number | null} value */
const whole = (value) => (value === null ? "–" : String(Math.round(value)));

// --- for whoever looks closely, as tests do ---

/** The plots as they are drawn. */
export const shown = () => channels;
/** What they are drawn from. */
export const kept = () => traces;

// --- hands ---

/** @param {HTMLElement} button */
function choose(button) {
  spanS = Number(button.dataset.span);
  for (const each of panel.querySelectorAll("[data-span]")) each.setAttribute("aria-pressed", String(each === button));
  isDue = true;
}

function toggleHold() {
  heldAtMs = heldAtMs === null ? now() : null;
  hold.setAttribute("aria-pressed", String(heldAtMs !== null));
  isDue = true;
}

function rebuild() {
  for (const channel of channels) channel.destroy();
  channels = [];
  isDue = true;
}

panel.addEventListener("click", ({ target }) => {
  const button = /** @type {HTMLElement} */ (target).closest("[data-span]");
  if (button instanceof HTMLElement) choose(button);
});
hold.addEventListener("click", toggleHold);
document.addEventListener("keydown", (event) => {
  const isTyping = /** @type {HTMLElement} */ (event.target).closest("input, select, textarea, button, a, summary, [tabindex]");
  if (event.key !== " " || isTyping || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  toggleHold();
});
new ResizeObserver(() => {
  for (const channel of channels) channel.fit();
}).observe(plots);
onTheme(rebuild);
requestAnimationFrame(loop);
join({
  watch: true,
  traced: take,
  changed,
  watching: () => {
    catchUp();
    setTimeout(catchUp, SEAM_MS);
  },
});
