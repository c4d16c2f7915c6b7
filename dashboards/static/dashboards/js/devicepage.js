// The frame of a device's page: its socket, whether what is seen is live, and the header.

import { ServerClock } from "./clock.js";
import { watchAsked } from "./device-asked.js";
import { listen } from "./live.js";
import { Liveness } from "./liveness.js";
import { emptyStore, take } from "./store.js";
import { age, face } from "./words.js";

const TICK_MS = 500;
const FACTS_PAUSE_MS = 1_000; // the panel of facts is read anew at most this often
const FACTS = ["link", "conditions", "held", "locked", "protocol", "firmware", "model", "session", "state", "output"];

const { body } = document;
const serial = body.dataset.serial ?? "";
/** @type {Record<string, string>} */
export const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
export const zone = body.dataset.timeZone;
export const server = new ServerClock();
const store = emptyStore();
const liveness = new Liveness(server, texts);
const head = /** @type {HTMLElement} */ (document.getElementById("head"));
/** @type {Record<string, HTMLElement>} */
const parts = {};
for (const part of head.querySelectorAll("[data-f]")) {
  parts[/** @type {HTMLElement} */ (part).dataset.f ?? ""] = /** @type {HTMLElement} */ (part);
}

/** The server's time, Unix ms; this computer's until it is known. */
export const now = () => server.now(performance.now()) ?? Date.now();

/** @param {Element} element @param {string} words */
export function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** @param {HTMLElement} element @param {string} words shown only if there are any */
function writeOrHide(element, words) {
  write(element, words);
  element.hidden = words === "";
}

/**
 * @typedef {object} Hands
 * @property {boolean} [watch] whether to ask for every sample
 * @property {(records: Record<string, any>[], lost: number) => void} [traced] every sample, as it comes
 * @property {() => void} [watching] from now on every sample comes; what was before has to be read
 * @property {(device: Record<string, any>) => void} [changed] the device as it is now
 */

/** What was asked of the device. */
let asked = { hear: (/** @type {Record<string, any>} */ _message) => {} };

/** Keep this page live. @param {Hands} [hands] */
export function join(hands = {}) {
  asked = watchAsked({ serial, now: () => server.now(performance.now()), lockMoved: refresh });
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = `site=${encodeURIComponent(body.dataset.site ?? "")}&device=${encodeURIComponent(serial)}&alerts=none`;
  const live = listen(`${scheme}://${location.host}/ws/v1/live?${query}`, {
    turned,
    take: async (message) => {
      try {
        const isNew = hear(message, hands);
        if (isNew && hands.watch) live.say({ watch: serial }); // a new connection knows nothing of the last one
        liveness.faulty = false;
      } catch (error) {
        liveness.faulty = true;
        console.error(error);
        setTimeout(() => live.resync(), 1000);
      }
    },
  });
  setInterval(tick, TICK_MS);
}

/** Take one message in; return whether it was a snapshot. @param {Record<string, any>} message @param {Hands} hands */
function hear(message, hands) {
  if (message.type === "error") return false;
  const known = store.devices.get(serial);
  const before = known && { ...known };
  const { all, serials, pulse: beat } = take(store, message);
  asked.hear(message);
  for (const event of message.events ?? []) {
    if (event.kind === "trace") hands.traced?.(event.records, event.lost);
    else if (event.kind === "watch" && event.serial === serial) hands.watching?.();
  }
  if (beat && store.pulse) liveness.hear(/** @type {any} */ (store.pulse));
  const device = store.devices.get(serial);
  if (device && (all || serials.size)) {
    draw(device);
    if (before && FACTS.some((name) => JSON.stringify(before[name]) !== JSON.stringify(device[name]))) refresh();
    hands.changed?.(device);
  }
  // What rollouts want it to have is told by them, and after a new connection by nobody.
  if ((all && before) || message.events?.some((/** @type {{kind: string}} */ { kind }) => kind === "rollout")) refresh();
  tick();
  return all;
}

/** @param {Record<string, any>} device */
function draw(device) {
  const shown = face(device, texts);
  head.dataset.tone = shown.tone;
  head.toggleAttribute("data-silent", shown.silent);
  write(parts.status, shown.status);
  write(parts.timing, shown.timing);
  writeOrHide(parts.note, shown.note);
  writeOrHide(parts.next, shown.next ?? "");
  parts.linked.dataset.link = device.link;
  write(parts.link, shown.link);
  write(parts.battery, shown.battery);
  parts.battery.dataset.power = shown.power;
  write(parts.temp, device.temp_c === null ? "–" : `${device.temp_c.toFixed(1)} °C`);
  if (device.heard_at) parts.age.setAttribute("datetime", device.heard_at);
}

/** Let time pass: ages, and whether this is live. */
function tick() {
  const serverNow = server.now(performance.now());
  if (serverNow !== null) {
    const heard = parts.age.getAttribute("datetime");
    write(parts.age, age(heard ? serverNow - Date.parse(heard) : null, texts));
    for (const element of document.querySelectorAll("[data-age]")) {
      const at = /** @type {HTMLElement} */ (element).dataset.age;
      if (at) write(element, age(serverNow - Date.parse(at), texts));
    }
  }
  liveness.judge();
}

/** @param {"open" | "down" | "left"} state */
function turned(state) {
  liveness.connected = state === "open";
  if (state === "left") {
    liveness.leave();
    setTimeout(() => location.reload(), 1500); // the server says where to go: log in, or that it was revoked
  } else tick();
}

// --- the panel of facts, which the server words ---

let readAt = -Infinity;
let reading = 0;

/** Read the facts anew, soon: what changes together is read once. */
function refresh() {
  if (reading || !document.getElementById("facts")) return;
  reading = setTimeout(async () => {
    readAt = performance.now();
    try {
      const answer = await fetch("?part=facts");
      if (answer.ok && !answer.redirected) place(await answer.text());
    } catch {
      // the banner says that the server is away; the next change asks again
    } finally {
      reading = 0;
    }
  }, Math.max(150, readAt + FACTS_PAUSE_MS - performance.now()));
}

/** Whether somebody is writing there: what is typed is not taken away. @param {Element} part */
const isTyped = (part) =>
  part.contains(document.activeElement) && Array.from(part.querySelectorAll("input:not([type=hidden])"), (one) => /** @type {HTMLInputElement} */ (one).value).some(Boolean);

/** @param {string} html */
function place(html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  for (const id of ["complaints", "lock", "facts"]) {
    const [old, fresh] = [document.getElementById(id), answer.getElementById(id)];
    if (!old || !fresh || isTyped(old)) continue;
    const had = old.contains(document.activeElement);
    old.replaceWith(document.adoptNode(fresh));
    if (had) fresh.querySelector("button")?.focus({ preventScroll: true });
  }
  tick();
}

export { fill } from "./words.js";
