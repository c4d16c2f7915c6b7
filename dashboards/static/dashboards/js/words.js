// What a tile says about a device: the API's device object in, words and numbers out.  Pure.
// The twin of `dashboards/words/faces.py`, which renders the page first; a test holds the two together.

import { step } from "./steps.js";

const SCALE_MA = 100; // what a full bar stands for, unless the channel is set higher
const LOW_BATTERY_PERCENT = 15;
const STATES = new Set(["idle", "ready", "running", "paused", "fault", "charging", "offline"]);
const PHASES = new Set(["ramp_up", "on", "ramp_down", "rest"]);
const CONTACTS = new Set(["ok", "low_current", "electrode", "timeout", "unknown", "off"]);
// Characters that turn the direction of the text around them: what stands beside would read otherwise.
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const NO_MARK_OF_THEIR_OWN = new Set(["other", "skew", "stalled"]);
const TRUE = new Set(["raised", "acknowledged"]); // states of an alert
/** Complaints of the device that an alert of these rules says, and more. @type {Record<string, string[]>} */
const SAME = {
  estop: ["estop"],
  fault: ["fault"],
  overtemp: ["over_temperature"],
  electrode_off: ["electrode_off"],
  low_current: ["low_current"],
  low_battery: ["battery_low", "battery_dying"],
  stalled: ["no_measurements"],
  skew: ["clock_skew"],
};
const STALLED_MS = 6000; // a device in session measures once a second; nothing newer for so long is old news

/** @typedef {Record<string, string>} Texts */
/** @typedef {Record<string, any>} Device the API's device object */
/** @typedef {{n: number, contact: string, contact_words: string, ma: string, set: string, fill: number,
 *   mark: number, used: boolean}} ChannelFace */
/** @typedef {{tone: string, status: string, timing: string, note: string, marked: boolean, link: string,
 *   next: string, channels: ChannelFace[], battery: string, power: string, level: number, alert: string, attention: boolean,
 *   silent: boolean, stalled: boolean, in_session: boolean}} Face */

/** @param {string} text @param {Record<string, string | number>} values */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

/** A duration as m:ss, or h:mm:ss from an hour on. @param {number} ms */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** An age in its largest whole unit: s, min, h, d. @param {number | null} ms @param {Texts} texts */
export function age(ms, texts, key = "age") {
  if (ms === null) return texts["age.never"];
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return fill(texts[`${key}.s`], { n: seconds });
  if (seconds < 3600) return fill(texts[`${key}.min`], { n: Math.floor(seconds / 60) });
  if (seconds < 172800) return fill(texts[`${key}.h`], { n: Math.floor(seconds / 3600) });
  return fill(texts[`${key}.d`], { n: Math.floor(seconds / 86400) });
}

/** One decimal; halves are rounded up. @param {number | null} value @param {Texts} texts */
export function tenths(value, texts) {
  if (value === null) return texts["none"];
  const tens = Math.floor(value * 10 + 0.5);
  return `${Math.floor(tens / 10)}.${((tens % 10) + 10) % 10}`;
}

/** A length of time in its largest fitting unit, rounded to the nearest. @param {number} ms @param {Texts} texts */
function amount(ms, texts) {
  const seconds = Math.floor(Math.abs(ms) / 1000 + 0.5);
  if (seconds < 120) return fill(texts["age.plain.s"], { n: seconds });
  if (seconds < 7200) return fill(texts["age.plain.min"], { n: Math.floor((seconds + 30) / 60) });
  if (seconds < 172800) return fill(texts["age.plain.h"], { n: Math.floor((seconds + 1800) / 3600) });
  return fill(texts["age.plain.d"], { n: Math.floor((seconds + 43200) / 86400) });
}

/** Whether it is on, or nobody knows that it is off.  Twin of `devices.state.may_be_on`. @param {Record<string, any>} device */
export function mayBeOn({ link, output }) {
  if (link === "never") return output !== null && output !== "off";
  return output !== "off" || link !== "online";
}

/** What the tile shows. @param {Device} device @param {Texts} texts @returns {Face} */
export function face(device, texts) {
  const silent = device.link === "suspect" || device.link === "offline";
  const inSession = device.session !== null;
  const wasOn = device.output === "on" || device.output === "ramping";
  const [tone, status] = statusOf(device, texts, silent, inSession || wasOn);
  const stalled = stalledMs(device);
  const alert = device.worst_alert ?? null;
  const urgent = isUrgent(alert);
  const said = alertWords(alert, texts);
  const marks = marksOf(device, texts, stalled);
  const badContact = device.channels.some((/** @type {Device} */ channel) =>
    channel.contact === "electrode" || channel.contact === "timeout");
  const power = batteryFace(device.battery, texts);
  const [doing, about] = step(device, tone, power.power === "low");
  const isOver = alert !== null && !TRUE.has(alert.state); // what it does now stands in the note
  const next = doing ? fill(texts[`next.${doing}`], { n: about }) : urgent || isOver ? said : "";
  const noted = [next === said ? "" : said, marks].filter(Boolean).join(" · ");
  const contradicts = device.link === "online" && wasOn && device.state !== "running";
  return {
    tone,
    status,
    timing: silent || stalled ? "" : timingOf(device, texts),
    note: noted || phaseOf(device, texts, silent),
    marked: noted !== "",
    link: texts[`word.${device.link}`],
    channels: device.channels.map((/** @type {Device} */ channel) => channelFace(channel, texts)),
    next,
    ...power,
    alert: alert && TRUE.has(alert.state) ? alert.priority : "",
    attention: urgent || tone === "fault" || tone === "silent" || tone === "conflict" || badContact ||
      device.conditions.length > 0 || contradicts,
    silent,
    stalled: stalled > 0,
    in_session: inSession,
  };
}

/** @param {Device} device @param {Texts} texts @param {boolean} silent @param {boolean} engaged */
function statusOf(device, texts, silent, engaged) {
  if (device.link === "never") return ["never", texts["link.never"]];
  if (device.link === "conflict") return ["conflict", texts["link.conflict"]];
  if (silent && engaged) return ["silent", texts[`silent.${was(device)}`]];
  const [tone, words] = stateOf(device, texts);
  if (device.link === "offline") return ["lost", texts["link.lost"]];
  if (device.link === "suspect") return ["lost", fill(texts["link.late"], { state: words })];
  return [tone, words];
}

/** @param {Device} device */
function was({ state, output }) {
  if (output === "on" || output === "ramping") return output;
  return state === "paused" || state === "fault" ? state : "session";
}

/** @param {Device} device @param {Texts} texts */
function stateOf({ state, output }, texts) {
  const flows = output === "on" || output === "ramping";
  if (!STATES.has(state)) return [flows ? "on" : "unknown", texts["state.unknown"]];
  if (state === "running") {
    if (!flows) return ["paused", texts["state.off"]];
    return output === "on" ? ["on", texts["state.running"]] : ["ramping", texts["state.ramping"]];
  }
  const tone = state === "fault" ? "fault" : flows ? "on" : state === "offline" ? "lost" : state;
  const words = texts[`state.${state}`];
  return [tone, flows ? fill(texts["state.yet_on"], { state: words }) : words];
}

/** @param {Device} device @param {Texts} texts */
function timingOf(device, texts) {
  if (device.session === null || device.elapsed_ms === null) return "";
  const planned = device.planned?.session_ms ?? null;
  if (planned === null) return fill(texts["elapsed"], { time: clock(device.elapsed_ms) });
  if (device.elapsed_ms >= planned + 1000) return fill(texts["over"], { time: clock(device.elapsed_ms - planned) });
  return fill(texts["left"], { time: clock(planned - device.elapsed_ms) });
}

/** @param {Device} device @param {Texts} texts @param {boolean} silent */
function phaseOf(device, texts, silent) {
  if (silent && device.session === null) {
    return fill(texts["link.lost.was"], { state: stateOf(device, texts)[1] });
  }
  if (device.session === null || device.phase === null) return "";
  const words = texts[`phase.${PHASES.has(device.phase) ? device.phase : "unknown"}`];
  const all = device.cycle === null ? words : `${words} · ${fill(texts["cycle"], { n: device.cycle })}`;
  return silent ? fill(texts["link.lost.was"], { state: all }) : all;
}

/** For how long a device that is heard in a session has told nothing of its currents; 0: it tells them. @param {Device} device */
function stalledMs({ link, session, heard_at: heard, telemetry_at: measured }) {
  if (link !== "online" || session === null || !heard || !measured) return 0;
  const ms = Date.parse(heard) - Date.parse(measured);
  return ms > STALLED_MS ? ms : 0;
}

/** Its worst alert calls somebody now: one that is over, came late or is low does not. @param {Device | null} alert */
const isUrgent = (alert) =>
  alert !== null && TRUE.has(alert.state) && !alert.late && (alert.priority === "high" || alert.priority === "medium");

/** Of what is over only a high one is said, which waits for a person. @param {Device | null} alert @param {Texts} texts */
function alertWords(alert, texts) {
  if (alert === null || alert.priority === "info") return "";
  if (!TRUE.has(alert.state) && alert.priority !== "high") return "";
  return fill(texts[`alert.${alert.late ? "late" : alert.state}`], { text: alert.text });
}

/** Its worst alert says this complaint already, with its numbers. @param {Device} device @param {string} name @param {string} what */
function isSaid({ worst_alert: alert }, name, what = "") {
  if (!alert || !TRUE.has(alert.state) || !(Object.hasOwn(SAME, name) && SAME[name].includes(alert.rule))) return false;
  const { channel } = alert;
  return (name !== "electrode_off" && name !== "low_current") || (channel !== null && what === String(channel));
}

/** @param {string} condition @returns {[string, string]} */
function parted(condition) {
  const colon = condition.indexOf(":");
  return colon < 0 ? [condition, ""] : [condition.slice(0, colon), condition.slice(colon + 1)];
}

/** What the device itself complains of, and what holds or locks it; not what its alert says already. @param {Device} device @param {Texts} texts @param {number} stalled ms */
function marksOf(device, texts, stalled) {
  const marks = device.conditions
    .filter((/** @type {string} */ condition) => !isSaid(device, ...parted(condition)))
    .map((/** @type {string} */ condition) => conditionOf(condition, texts));
  if (stalled && !isSaid(device, "stalled")) marks.push(fill(texts["mark.stalled"], { what: amount(stalled, texts) }));
  if (device.locked !== null) marks.push(texts[`locked.${device.locked}`] ?? texts["locked.other"]);
  if (device.held !== null) {
    marks.push(texts[`held.${device.held}`] || fill(texts["held.other"], { what: device.held }));
  }
  const skew = device.clock_skew_ms;
  if (skew !== null && Math.abs(skew) > 30000 && !isSaid(device, "skew")) {
    marks.push(fill(texts["mark.skew"], { what: amount(skew, texts) }));
  }
  return marks.join(" · ");
}

/** @param {string} complaint @param {Texts} texts */
function conditionOf(complaint, texts) {
  const condition = complaint.replace(TURNS, "");
  const colon = condition.indexOf(":");
  const name = colon < 0 ? condition : condition.slice(0, colon);
  const rest = colon < 0 ? "" : condition.slice(colon + 1);
  const what = name === "fault" ? texts[`fault.${rest}`] ?? rest.replaceAll("_", " ") : rest;
  let known = NO_MARK_OF_THEIR_OWN.has(name) ? undefined : texts[`mark.${name}`];
  if (known && !what) known = texts[`mark.${name}.bare`] ?? known;
  const said = condition.replaceAll("_", " ").replaceAll(":", ": ");
  return fill(known || texts["mark.other"], { what: known ? what : said });
}

/** @param {Device} channel @param {Texts} texts @returns {ChannelFace} */
function channelFace({ n, ma, set_ma, contact: said }, texts) {
  const contact = said === null ? "none" : CONTACTS.has(said) ? said : "unknown";
  const used = (contact !== "off" && contact !== "none") || Boolean(ma) || Boolean(set_ma);
  const full = Math.max(SCALE_MA, ma ?? 0, set_ma ?? 0);
  return {
    n,
    contact,
    contact_words: texts[`contact.${contact}`],
    ma: used ? tenths(ma, texts) : texts["none"],
    set: used ? tenths(set_ma, texts).replace(/\.0$/, "") : texts["none"],
    fill: Math.floor(((ma ?? 0) / full) * 200 + 0.5) / 2,
    mark: Math.floor(((set_ma ?? 0) / full) * 200 + 0.5) / 2,
    used,
  };
}

/** @param {Device | null} battery @param {Texts} texts */
function batteryFace(battery, texts) {
  const soc = battery?.soc ?? null;
  const charging = Boolean(battery?.charging);
  const low = soc !== null && soc <= LOW_BATTERY_PERCENT;
  const words = soc === null ? texts["none"] : fill(texts["percent"], { n: Math.floor(soc + 0.5) });
  const note = charging ? texts["battery.charging"] : low ? texts["battery.low"] : "";
  return {
    battery: `${words} ${note}`.trim(),
    power: charging ? "charging" : low ? "low" : soc === null ? "none" : "ok",
    level: soc === null ? 0 : Math.min(100, Math.max(0, Math.floor(soc + 0.5))),
  };
}
