// The steps down on a device's page: what each button comes to, from what the device told last.

import { write } from "./dom.js";
import { targets } from "./lowering.js";
import { fill } from "./words.js";

/** @typedef {Record<string, any>} Device the API's device object */
/** @typedef {import("./lowering.js").Target} Target */

const FRESH_MS = 5_000; // as `commands.offered.FRESH`: from older values nothing is refused
const MOST_MA = 10_000;

const panel = document.getElementById("lower");
/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
/** @type {Device | null} */
let device = null;
let now = () => Date.now();

/** @param {number} ma */
const milliamperes = (ma) => (Math.floor(ma * 10 + 0.5) / 10).toFixed(1).replace(/\.0$/, "");

/** Draw what each step comes to now.  Rows stay where they are; only their words move. @param {Device} fresh @param {() => number} clock */
export function drawLower(fresh, clock) {
  device = fresh;
  now = clock;
  if (panel === null) return;
  const age = /** @type {HTMLElement} */ (panel.querySelector("#lower-age"));
  age.dataset.age = fresh.telemetry_at ?? "";
  if (!fresh.telemetry_at) write(age, texts["lower.unknown"]);
  /** @type {HTMLElement} */ (panel.querySelector('[data-f="from"]')).hidden = !fresh.telemetry_at;
  const used = fresh.channels.filter((/** @type {Device} */ one) => one.set_ma).length;
  for (const form of /** @type {NodeListOf<HTMLElement>} */ (panel.querySelectorAll("[data-channel]"))) {
    const channel = form.dataset.channel ? Number(form.dataset.channel) : null;
    const setMa = channel === null ? null : fresh.channels.find((/** @type {Device} */ one) => one.n === channel)?.set_ma ?? null;
    form.hidden = channel !== null && !setMa;
    const set = form.querySelector('[data-f="set"]');
    if (set) write(set, setMa ? fill(texts["lower.ma"], { n: milliamperes(setMa) }) : "");
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("[data-step]"))) {
      if (button.matches(":active")) continue; // what is being pressed is sent as it was read
      const found = targets(fresh.channels, channel, button.dataset.step ?? "");
      button.value = found.map((one) => `${one.channel}=${one.to_ma}`).join(" ");
      button.hidden = channel === null && used < 2;
      write(/** @type {HTMLElement} */ (button.querySelector('[data-f="to"]')), resultOf(found));
    }
  }
}

/** “27 mA”; for several channels “1: 27 · 2: 25 mA”. @param {Target[]} found */
function resultOf(found) {
  const parts = found.map(({ channel, to_ma: toMa }) => (found.length === 1 ? milliamperes(toMa) : `${channel}: ${milliamperes(toMa)}`));
  return parts.length ? fill(texts["lower.ma"], { n: parts.join(" · ") }) : "";
}

/** What a button carries: `1=27.0 2=25.0`.  Throws where nothing is set. @param {string} value */
export function readTargets(value) {
  const parts = value.split(" ").filter(Boolean).map((part) => part.split("=").map(Number));
  if (!parts.length) throw new Error(texts["lower.nothing"]);
  return parts.map(([channel, toMa]) => ({ channel, to_ma: toMa }));
}

/** What somebody typed.  Throws with words what cannot be. @param {string} channel "": all of them @param {string} typed */
export function readValue(channel, typed) {
  const toMa = typed === "" ? NaN : Number(typed.replace(",", "."));
  if (!(toMa >= 0 && toMa <= MOST_MA)) throw new Error(fill(texts["lower.odd"], { value: typed.slice(0, 20) }));
  const n = channel === "" ? null : Number(channel);
  const isFresh = device?.telemetry_at && now() - Date.parse(device.telemetry_at) <= FRESH_MS;
  const known = (isFresh ? device?.channels ?? [] : []).filter((/** @type {Device} */ one) => n === null || one.n === n);
  const highest = Math.max(-1, ...known.map((/** @type {Device} */ one) => one.set_ma ?? -1));
  if (highest >= 0 && toMa >= highest) {
    throw new Error(fill(texts["lower.no_less"], { now: milliamperes(highest), wish: milliamperes(toMa) }));
  }
  return { channel: n, to_ma: toMa };
}
