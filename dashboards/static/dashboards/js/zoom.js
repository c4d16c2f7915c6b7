// Which part of a device's past is shown, and the address that leads there.  Pure; times in Unix ms.

const LEAST_MS = 10_000;
const MOST_MS = 92 * 86_400_000; // as the API
const LASTS = /** @type {Record<string, number>} */ ({
  "1h": 3_600_000, "6h": 21_600_000, "1d": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000,
});

/** `last` names a range that ends now and goes on with it; null for one that stands still.
 * @typedef {{from: number, to: number, last: string | null}} Range */

/** The range that ends now. @param {string} last @param {number} now @returns {Range} */
export function ending(last, now) {
  const name = last in LASTS ? last : "6h";
  return { from: now - LASTS[name], to: now, last: name };
}

/** What an address asks for; what cannot be is the last 6 hours. @param {string} search @param {number} now
 * @returns {Range} */
export function asked(search, now) {
  const given = new URLSearchParams(search);
  const from = Date.parse(given.get("from") ?? "");
  const to = Date.parse(given.get("to") ?? "");
  if (Number.isFinite(from) && Number.isFinite(to) && to > from) return held({ from, to, last: null }, now);
  return ending(given.get("last") ?? "6h", now);
}

/** @param {Range} range */
export const address = ({ from, to, last }) =>
  last ? `?last=${last}` : `?from=${new Date(Math.round(from)).toISOString()}&to=${new Date(Math.round(to)).toISOString()}`;

/** The same middle, so many times as long. @param {Range} range @param {number} factor @param {number} now */
export function zoomed({ from, to }, factor, now) {
  const middle = (from + to) / 2;
  const half = ((to - from) / 2) * factor;
  return held({ from: middle - half, to: middle + half, last: null }, now);
}

/** As long, earlier (negative) or later by this share of it. @param {Range} range @param {number} share
 * @param {number} now */
export function moved({ from, to }, share, now) {
  const by = (to - from) * share;
  return held({ from: from + by, to: to + by, last: null }, now);
}

/** Within what can be asked: not too short, not too long, not in the future. @param {Range} range
 * @param {number} now @returns {Range} */
export function held({ from, to, last }, now) {
  const length = Math.min(MOST_MS, Math.max(LEAST_MS, to - from));
  let end = (from + to) / 2 + length / 2;
  if (end > now) end = now;
  return { from: end - length, to: end, last };
}
