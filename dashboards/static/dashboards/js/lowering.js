// Steps down: what “− 5 mA” or “half” comes to.  Pure; the twin of `commands/lowering.py`, which says why.

/** In the order that a page offers them: mA, a share of what is set, and half of it. */
export const STEPS = ["-1", "-2", "-5", "-10%", "half"];

/** @typedef {{channel: number, from_ma: number, to_ma: number}} Target at most `to_ma`, mA; channels count from 1 */

/** What a step makes of a set current, mA: less, and at least 0. @param {number} setMa @param {string} step */
export function lowered(setMa, step) {
  const tenths = Math.max(0, Math.floor(setMa * 10 + 1e-6));
  if (!STEPS.includes(step)) throw new RangeError(step);
  if (step === "half") return Math.floor(tenths / 2) / 10;
  if (step === "-10%") return Math.floor((tenths * 9) / 10) / 10;
  return Math.max(0, tenths - 10 * Number(step.slice(1))) / 10;
}

/**
 * What a step comes to, for one channel or for all (null); those set to nothing are left out.
 * @param {Record<string, any>[]} channels as the API's device object has them @param {number | null} channel @param {string} step
 * @returns {Target[]}
 */
export const targets = (channels, channel, step) =>
  channels
    .filter(({ n, set_ma: setMa }) => setMa && (channel === null || channel === n))
    .map(({ n, set_ma: setMa }) => ({ channel: n, from_ma: setMa, to_ma: lowered(setMa, step) }));
