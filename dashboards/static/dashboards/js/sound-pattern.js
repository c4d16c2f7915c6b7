// When an alert sounds, and how.  Pure: what is open and what time it is are arguments.
//
// The bursts follow the practice of IEC 60601-1-8 (auditory alarm signals): high is ten pulses, in the rhythm
// three and two, twice; medium three; low two.  Figures as makers of alarm chips publish them; within the ranges that
// the standard is quoted with: pulses of 75 to 200 ms (high) or 125 to 250 ms, a burst every 2.5 to 15 s (high) or
// 2.5 to 30 s (medium), low at most every 15 s or once.  Ours are a second pair of ears: the device's own alarm comes first.

import { RANK, isAside, isTrue } from "./alerts-store.js";

/** @typedef {import("./alerts-store.js").Alert} Alert */
/** @typedef {"high" | "medium" | "low"} Loud */
/** @typedef {{atMs: number, forMs: number}} Pulse */

/** @type {Record<Loud, {hz: number, pulseMs: number, startsMs: number[], everyMs: number}>} */
export const BURSTS = {
  high: { hz: 523, pulseMs: 120, startsMs: [0, 220, 440, 780, 1000, 1700, 1920, 2140, 2480, 2700], everyMs: 10_000 },
  medium: { hz: 440, pulseMs: 180, startsMs: [0, 380, 760], everyMs: 20_000 },
  low: { hz: 330, pulseMs: 180, startsMs: [0, 380], everyMs: Infinity },
};

/** How long a burst sounds. @param {Loud} priority */
export function burstMs(priority) {
  const { startsMs, pulseMs } = BURSTS[priority];
  return startsMs[startsMs.length - 1] + pulseMs;
}

export const PAUSE_MS = 120_000; // the longest pause there is

/**
 * Whether it sounds here: it is true, nobody has it, nothing explains or rests it, it is not told from late records, and
 * it is high, or of a duty that whoever is here may have.
 * @param {Alert} alert @param {Set<string>} duties
 */
export const isLoud = (alert, duties) =>
  alert.state === "raised" &&
  alert.cause === null &&
  alert.shelved_until === null &&
  !alert.late &&
  alert.priority !== "info" &&
  (alert.priority === "high" || duties.has(alert.duty));

/** Which rising this is: the same alert may rise, worsen, or be told anew. @param {Alert} alert */
export const risingOf = (alert) => `${alert.id}/${alert.episode}/${RANK[alert.priority]}`;

/**
 * @typedef {object} Pause of the sound, shared by the tabs of a browser
 * @property {number} untilMs Unix ms of this computer
 * @property {string[]} heard the risings that were open when it began
 */

/**
 * What sounds now.
 * @param {Iterable<Alert>} alerts @param {Set<string>} duties @param {Set<string>} away devices out of service
 * @returns {{worst: Loud | null, risings: Map<string, Loud>}}
 */
export function sounding(alerts, duties, away) {
  /** @type {Map<string, Loud>} */
  const risings = new Map();
  /** @type {Loud | null} */
  let worst = null;
  for (const alert of alerts) {
    if (!isTrue(alert) || !isLoud(alert, duties) || isAside(alert, away)) continue;
    const priority = /** @type {Loud} */ (alert.priority);
    risings.set(risingOf(alert), priority);
    if (worst === null || RANK[priority] < RANK[worst]) worst = priority;
  }
  return { worst, risings };
}

/**
 * How long the sound still rests; 0: it does not.  A pause never holds against a high rising that it did not begin with,
 * and a computer's clock that was set back makes none longer.
 * @param {Pause | null} pause @param {Map<string, Loud>} risings @param {number} nowMs
 */
export function restsMs(pause, risings, nowMs) {
  if (pause === null) return 0;
  const leftMs = pause.untilMs - nowMs;
  if (!(leftMs > 0) || leftMs > PAUSE_MS) return 0;
  const heard = new Set(pause.heard);
  for (const [rising, priority] of risings) if (priority === "high" && !heard.has(rising)) return 0;
  return leftMs;
}

/**
 * The burst to play now, or null.  A rising that was not played yet sounds at once; else the worst repeats in its time.
 * @param {{worst: Loud | null, risings: Map<string, Loud>}} now @param {Set<string>} played risings that have sounded
 * @param {{priority: Loud, atMs: number} | null} last the burst before @param {number} atMs monotonic ms
 * @returns {Loud | null}
 */
export function burstNow({ worst, risings }, played, last, atMs) {
  if (worst === null) return null;
  const sinceMs = last === null ? Infinity : atMs - last.atMs;
  const isPlaying = last !== null && sinceMs < burstMs(last.priority);
  /** @type {Loud | null} */
  let fresh = null;
  for (const [rising, priority] of risings) {
    if (!played.has(rising) && (fresh === null || RANK[priority] < RANK[fresh])) fresh = priority;
  }
  if (fresh !== null && (!isPlaying || RANK[fresh] < RANK[/** @type {{priority: Loud}} */ (last).priority])) return fresh;
  return !isPlaying && sinceMs >= BURSTS[worst].everyMs ? worst : null;
}
