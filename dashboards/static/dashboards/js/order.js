// How bad things are, and which tiles have to move so that all stand right.  Pure.
// `rank` is the twin of `dashboards/words/worst.py`; a test holds the two together.

/** @typedef {Record<string, any>} Device the API's device object */

/** @type {Record<string, number>} */
const OF_TONE = { conflict: 2, fault: 3, silent: 4, lost: 6, unknown: 6, on: 7, ramping: 7, paused: 8, never: 10 };
const COMPLAINS = 5;
const QUIET = 9;

/** How badly off a device is, 0 worst. @param {Device} device @param {{tone: string, alert: string, attention: boolean}} face */
export function rank(device, { tone, alert, attention }) {
  const flows = device.output === "on" || device.output === "ramping";
  if (tone === "silent" && flows) return 0;
  if (flows && tone !== "conflict" && tone !== "silent" && device.state !== "running") return 1;
  const known = OF_TONE[tone] ?? QUIET;
  if (known <= OF_TONE.silent) return known;
  if (attention && alert === "high") return OF_TONE.fault;
  if (device.conditions.some((/** @type {string} */ one) => ["estop", "fault"].includes(one.split(":", 1)[0]))) {
    return OF_TONE.fault;
  }
  return attention ? COMPLAINS : known;
}

/**
 * Which of `now` have to move, so that all stand as in `wanted`, which holds the same: as few as can be.
 * @template T @param {T[]} now @param {T[]} wanted @returns {Set<T>}
 */
export function movers(now, wanted) {
  const place = new Map(now.map((one, at) => [one, at]));
  const places = wanted.map((one) => /** @type {number} */ (place.get(one)));
  const stay = new Set(longestRise(places).map((at) => wanted[at]));
  return new Set(wanted.filter((one) => !stay.has(one)));
}

/** The indexes of a longest rising subsequence. @param {number[]} values @returns {number[]} */
function longestRise(values) {
  /** @type {number[]} */
  const ends = []; // by length: the index that ends the rise of that length with the smallest value
  /** @type {number[]} */
  const before = [];
  values.forEach((value, at) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[ends[middle]] < value) low = middle + 1;
      else high = middle;
    }
    before[at] = low ? ends[low - 1] : -1;
    ends[low] = at;
  });
  const rise = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at]) rise.push(at);
  return rise.reverse();
}
