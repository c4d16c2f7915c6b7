// The envelope of a protocol as lines of a picture: current over session time.  Pure.
// The twin of `dashboards/protocols/drawing.py`; a test holds the two together.

import { clock } from "./words.js";

export const WIDTH = 10_000;
export const HEIGHT = 1_000;
const [MOST_TIMES, MOST_HEIGHTS] = [6, 4];
const DENSE = 2_000;
const TIMES_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800];
const HEIGHTS_MA = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000];

/**
 * @typedef {import("./protocol-plan.js").Plan} Plan
 * @typedef {import("./protocol-plan.js").Segment} Segment
 * @typedef {{percent: number, label: string}} Mark
 * @typedef {{step: number, left: number, width: number}} Band
 * @typedef {{channels: number[], target: string, tolerance: string, ceiling: string}} Group
 * @typedef {{length_ms: number, top_ma: number, times: Mark[], heights: Mark[], bands: Band[], groups: Group[],
 *   dense: boolean}} Drawing
 * @typedef {{x: (ms: number) => number, y: (ma: number) => number}} Frame
 */

/** A whole session. @param {Plan} plan */
export const whole = (plan) => draw(plan, 0, plan.length_ms);

/** The first cycle of a step, from 0; null if the session ends before it. @param {Plan} plan @param {number} step */
export function oneCycle(plan, step) {
  const mine = plan.segments.filter((one) => one.step === step && one.cycle === 1);
  return mine.length ? draw(plan, mine[0].start_ms, mine[mine.length - 1].end_ms) : null;
}

/** A part of the session. @param {Plan} plan @param {number} fromMs @param {number} toMs @returns {Drawing} */
export function draw(plan, fromMs, toMs) {
  const inside = plan.segments.filter((one) => one.start_ms >= fromMs && one.end_ms <= toMs);
  const dense = inside.length > DENSE;
  let mostMa = 0;
  for (const one of inside) for (const ma of one.max_ma) mostMa = Math.max(mostMa, ma);
  const { topMa, heights } = heightsOf(mostMa);
  const lengthMs = Math.max(1, toMs - fromMs);
  const frame = {
    x: (/** @type {number} */ ms) => Math.floor(((ms - fromMs) / lengthMs) * WIDTH + 0.5),
    y: (/** @type {number} */ ma) => Math.floor(HEIGHT - (ma / topMa) * HEIGHT + 0.5),
  };
  const runs = byStep(inside);
  return {
    length_ms: toMs - fromMs, top_ma: topMa, times: timesOf(toMs - fromMs), heights,
    bands: runs.map((run) => {
      const left = frame.x(run[0].start_ms);
      return { step: run[0].step + 1, left, width: frame.x(run[run.length - 1].end_ms) - left };
    }),
    groups: groupsOf(plan.channels, runs, frame, dense),
    dense,
  };
}

/** @param {number} lengthMs @returns {Mark[]} */
function timesOf(lengthMs) {
  const lengthS = lengthMs / 1000;
  if (!lengthS) return [];
  const stepS = TIMES_S.find((one) => lengthS / one <= MOST_TIMES) ?? 86_400;
  const count = Math.floor(lengthS / stepS);
  return Array.from({ length: count + 1 }, (_, n) => ({ percent: (n * stepS * 100) / lengthS, label: clock(n * stepS * 1000) }));
}

/** @param {number} mostMa @returns {{topMa: number, heights: Mark[]}} */
function heightsOf(mostMa) {
  const stepMa = HEIGHTS_MA.find((one) => mostMa / one <= MOST_HEIGHTS) ?? 10_000;
  const count = Math.max(1, Math.ceil(mostMa / stepMa));
  return {
    topMa: stepMa * count,
    heights: Array.from({ length: count + 1 }, (_, n) => ({ percent: 100 - (n * 100) / count, label: String(n * stepMa) })),
  };
}

/** @param {Segment[]} inside @returns {Segment[][]} */
function byStep(inside) {
  /** @type {Segment[][]} */
  const runs = [];
  for (const one of inside) {
    const last = runs[runs.length - 1];
    if (last && last[0].step === one.step) last.push(one);
    else runs.push([one]);
  }
  return runs;
}

/** @param {number[]} channels @param {Segment[][]} runs @param {Frame} frame @param {boolean} dense @returns {Group[]} */
function groupsOf(channels, runs, frame, dense) {
  /** @type {Map<string, number[]>} */
  const alike = new Map();
  for (const [at, channel] of channels.entries()) {
    const key = JSON.stringify(runs.map((run) => [run[0].target_ma[at], run[0].max_ma[at]]));
    alike.set(key, [...(alike.get(key) ?? []), channel]);
  }
  return [...alike.values()].map((same) => {
    const at = channels.indexOf(same[0]);
    return {
      channels: same,
      target: areas(runs, at, frame, { dense, asked: true }),
      tolerance: areas(runs, at, frame, { dense, asked: false }),
      ceiling: runs.map((run) => `M${frame.x(run[0].start_ms)} ${frame.y(run[0].max_ma[at])}H${frame.x(run[run.length - 1].end_ms)}`).join(" "),
    };
  });
}

/**
 * What is filled for one channel: under its target, or up to the maximum where there is none.
 * @param {Segment[][]} runs @param {number} at @param {Frame} frame @param {{dense: boolean, asked: boolean}} how
 */
function areas(runs, at, frame, { dense, asked }) {
  const parts = [];
  for (const run of runs) {
    const target = run[0].target_ma[at];
    if ((target !== null) !== asked) continue;
    const ma = target === null ? run[0].max_ma[at] : target;
    if (dense) parts.push(area([[run[0].start_ms, ma], [run[run.length - 1].end_ms, ma]], frame));
    else for (const points of swells(run, ma)) parts.push(area(points, frame));
  }
  return parts.join(" ");
}

/** The corners of each stretch in which current flows. @param {Segment[]} run @param {number} ma @returns {[number, number][][]} */
function swells(run, ma) {
  /** @type {[number, number][][]} */
  const found = [];
  let flows = false;
  for (const one of run) {
    if (one.phase === "rest") {
      flows = false;
      continue;
    }
    if (!flows) found.push([]);
    found[found.length - 1].push([one.start_ms, one.from * ma], [one.end_ms, one.to * ma]);
    flows = true;
  }
  return found;
}

/** @param {[number, number][]} points @param {Frame} frame */
function area(points, frame) {
  const corners = points.map(([ms, ma]) => `L${frame.x(ms)} ${frame.y(ma)}`).join("");
  return `M${frame.x(points[0][0])} ${HEIGHT}${corners}L${frame.x(points[points.length - 1][0])} ${HEIGHT}Z`;
}
