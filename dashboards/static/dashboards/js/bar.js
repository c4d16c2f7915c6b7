// The bar of alerts, on every page: how many are open, the newest high one, who is on duty, and whether this is live.

import { feed } from "./alerts-feed.js";
import { counts, isAside, newestHigh } from "./alerts-store.js";
import { dutyWords, textOf, whereOf } from "./bar-words.js";
import { set, write } from "./dom.js";
import { risingOf } from "./sound-pattern.js";
import { sound } from "./sound.js";
import { age, clock, fill } from "./words.js";

/** @typedef {import("./alerts-store.js").Alert} Alert */
/** @typedef {import("./sound-pattern.js").Loud} Loud */

const TICK_MS = 500;
const TESTED_MS = 8_000;
const PRIORITIES = /** @type {const} */ (["high", "medium", "low"]);
const bar = /** @type {HTMLElement} */ (document.getElementById("alertbar"));
/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById("bar-texts")?.textContent ?? "{}");
const duties = new Set((bar.dataset.duties ?? "").split(" "));
/** @type {Record<string, HTMLElement>} */
const parts = {};
for (const part of /** @type {NodeListOf<HTMLElement>} */ (bar.querySelectorAll("[data-f]"))) {
  parts[part.dataset.f ?? ""] = part;
}
const hours = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: bar.dataset.zone,
});

/** @type {Alert | null} the one that the bar names */
let named = null;
/** Risings of high alerts that were said aloud, or were there when the page came. @type {Set<string> | null} */
let said = null;
/** What is being played to try it. @type {Loud | null} */
let testing = null;
let testedUntil = 0;

/** @param {HTMLElement} element @param {boolean} is */
const hide = (element, is) => {
  if (element.hidden !== is) element.hidden = is;
};

// --- what is open ---

function draw() {
  const { alerts } = feed.store;
  const counted = counts(alerts.values());
  for (const priority of PRIORITIES) {
    write(parts[priority], fill(texts[`count.${priority}`], { n: counted[priority] }));
    hide(/** @type {HTMLElement} */ (parts[priority].parentElement), counted[priority] === 0);
  }
  const worst = PRIORITIES.find((priority) => counted[priority] > 0) ?? "";
  hide(parts.none, worst !== "");
  set(bar, "data-worst", worst);
  named = newestHigh(alerts.values(), feed.store.away);
  hide(parts.newest, named === null);
  if (named !== null) name(named);
  else bar.removeAttribute("data-unanswered");
  announce();
}

/** @param {Alert} alert */
function name(alert) {
  write(parts["newest-where"], whereOf(alert, texts));
  write(parts["newest-text"], textOf(alert, texts));
  set(parts["newest-age"], "datetime", alert.raised_at);
  bar.toggleAttribute("data-unanswered", alert.state === "raised");
  const { alertsUrl } = bar.dataset;
  if (alertsUrl) set(parts["newest-link"], "href", `${alertsUrl}${alert.id}/`);
}

/** Say a new high alert to whoever listens to the page. */
function announce() {
  const now = new Set();
  for (const alert of feed.store.alerts.values()) {
    if (alert.priority !== "high" || alert.state !== "raised" || alert.cause !== null || alert.late) continue;
    if (isAside(alert, feed.store.away)) continue;
    now.add(risingOf(alert));
  }
  if (said !== null && named !== null && now.has(risingOf(named)) && !said.has(risingOf(named))) {
    write(parts.said, fill(texts["said"], { what: `${whereOf(named, texts)}: ${textOf(named, texts)}` }));
  }
  said = now;
}

function drawDuty() {
  const sites = [...feed.store.duty.values()];
  if (!sites.length) return;
  for (const duty of /** @type {const} */ (["care", "technical"])) {
    const [words, isMissing] = dutyWords(sites, duty, texts);
    write(parts[duty], words);
    parts[duty].toggleAttribute("data-missing", isMissing);
  }
}

// --- whether it is so ---

function drawLive() {
  const state = feed.state();
  set(bar, "data-state", state);
  hide(parts["not-live"], state === "live" || (state === "connecting" && performance.now() < 3_000));
  if (state === "live") return;
  const now = feed.now();
  const { since } = feed.store.database;
  const sinceMs = state === "database" && since !== null ? Date.parse(since) : feed.trueAtMs;
  const isDated = sinceMs !== null && now !== null && state !== "connecting" && state !== "left";
  write(parts["not-live-words"], isDated ? sinceWords(state, sinceMs) : undatedWords(state));
  write(parts["not-live-age"], isDated ? age(Math.max(0, now - sinceMs), texts) : "");
}

/** @param {import("./alerts-feed.js").Liveness} state @param {number} sinceMs */
function sinceWords(state, sinceMs) {
  const time = hours.format(sinceMs);
  return fill(texts[`live.${state}`], { time: bar.dataset.zone === "UTC" ? fill(texts["live.utc"], { time }) : time });
}

/** @param {import("./alerts-feed.js").Liveness} state */
const undatedWords = (state) => texts[state === "left" ? "live.left" : state === "stale" ? "live.never" : "live.connecting"];

// --- sound ---

function drawSound() {
  const { risings } = sound.tick(feed.store.alerts.values(), duties, feed.store.away);
  const state = sound.state(risings);
  hide(parts.sound, false);
  set(parts.sound, "data-sound", testing === null ? state : "testing");
  parts.sound.toggleAttribute("data-needed", risings.size > 0);
  parts.sound.toggleAttribute("data-broken", state === "on" && sound.broken && risings.size > 0);
  parts.sound.toggleAttribute("data-tested", performance.now() < testedUntil);
  write(parts["sound-words"], soundWords(state, risings));
  write(parts["sound-left"], state === "paused" && testing === null ? clock(sound.leftMs(risings) + 999) : "");
  const act = state === "blocked" ? "sound.blocked.act" : state === "paused" ? "sound.resume" : risings.size ? "sound.pause" : "sound.test";
  write(parts["sound-act"], texts[act]);
  set(parts["sound-act"], "title", texts[`${act}.long`]);
  hide(parts["sound-act"], state === "none" || testing !== null || (state === "other" && !risings.size));
  parts["sound-act"].dataset.does = act;
}

/** @param {import("./sound.js").SoundState} state @param {Map<string, Loud>} risings */
function soundWords(state, risings) {
  if (testing !== null) return fill(texts["sound.testing"], { what: texts[`sound.${testing}`] });
  if (performance.now() < testedUntil) return texts["sound.tested"];
  if (state === "on" && sound.broken && risings.size) return texts["sound.again"];
  return texts[`sound.${state}`];
}

parts["sound-act"].addEventListener("click", async () => {
  const { risings } = sound.tick(feed.store.alerts.values(), duties, feed.store.away);
  const { does } = parts["sound-act"].dataset;
  if (does === "sound.pause") sound.rest(risings);
  else if (does === "sound.resume") sound.resume();
  else if (does === "sound.blocked.act") await sound.wake();
  else await test();
  drawSound();
});

/** Play each of the sounds once, and say what is heard. */
async function test() {
  await sound.test((priority) => {
    testing = priority;
    drawSound();
  });
  testedUntil = performance.now() + TESTED_MS;
}

// --- time ---

function tick() {
  const now = feed.now();
  if (named !== null && now !== null) write(parts["newest-age"], age(now - Date.parse(named.raised_at), texts));
  drawLive();
  drawSound();
}

feed.listen((changed) => {
  if (changed.all || changed.away || changed.ids.size) {
    draw();
    drawSound();
  }
  if (changed.duty) drawDuty();
});
feed.watch(() => drawLive());
setInterval(() => void sound.lookAround(), 2_000);
setInterval(tick, TICK_MS);
void sound.lookAround();

const scheme = location.protocol === "https:" ? "wss" : "ws";
const asked = bar.dataset.socket ? `?${bar.dataset.socket}` : "";
feed.open(`${scheme}://${location.host}/ws/v1/alerts${asked}`);
tick();
