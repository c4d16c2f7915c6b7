// The document that the boxes of the protocol form say.  Pure: texts in, values out.
// It follows `dashboards/protocols/sheet.py`; a test holds the two together.

const WHOLE = new Set(["repeat", "max_sessions_per_day"]);
const STEP_NUMBERS = ["repeat", "frequency_hz", "phase_us", "interphase_us", "ramp_up_s", "on_s", "ramp_down_s", "off_s"];

/**
 * @typedef {Record<string, string>} Boxes of one step: `on_s`, and by channel `max_ma.ch2`, `target_ma.ch2`, `tolerance.ch2`
 * @typedef {{top: Record<string, string>, channels: number[], steps: Boxes[]}} Sheet
 */

/** The number in a box; null for an empty one, and for one that holds no number. @param {string} name @param {string | undefined} text */
export function number(name, text) {
  const typed = (text ?? "").trim();
  if (!typed) return null;
  const points = typed.split(",").length === 2 && !typed.includes(".") ? typed.replace(",", ".") : typed;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(points)) return null;
  const value = Number(points);
  if (!Number.isFinite(value) || (WHOLE.has(name) && !Number.isInteger(value))) return null;
  return value;
}

/** The document, with null where nothing is said. @param {Sheet} sheet @returns {Record<string, any>} */
export function read({ top, channels, steps }) {
  const minutes = number("minutes", top.minutes);
  return {
    title: top.title ?? "",
    indication: top.indication ?? "",
    waveform: top.waveform || null,
    channels_used: channels,
    steps: steps.map((boxes) => stepOf(boxes, channels)),
    limits: {
      max_session_s: minutes === null ? null : Math.round(minutes * 60),
      max_sessions_per_day: number("max_sessions_per_day", top.max_sessions_per_day),
      min_rest_h: number("min_rest_h", top.min_rest_h),
    },
  };
}

/** @param {Boxes} boxes @param {number[]} channels */
function stepOf(boxes, channels) {
  /** @type {Record<string, any>} */
  const step = { name: boxes.name ?? "", kind: boxes.kind || null };
  for (const name of STEP_NUMBERS) step[name] = number(name, boxes[name]);
  step.max_ma = channels.map((n) => number("max_ma", boxes[`max_ma.ch${n}`]));
  const targets = channels.map((n) => (boxes[`tolerance.ch${n}`] ? "tolerance" : number("target_ma", boxes[`target_ma.ch${n}`])));
  // An empty target is not "to tolerance": it is not said, until each channel says one or the other.
  if (!targets.includes(null)) step.target_ma = targets.map((one) => (one === "tolerance" ? null : one));
  return step;
}

/** The document if it can be drawn: every step has its times and currents, the session its length. @param {Record<string, any>} document
 * @returns {import("./protocol-plan.js").Document | null} */
export function drawable(document) {
  const isLength = (/** @type {unknown} */ value) => typeof value === "number" && value >= 0 && value <= 86_400;
  const isMa = (/** @type {unknown} */ value) => typeof value === "number" && value >= 0 && value <= 10_000;
  const { channels_used: channels, steps, limits } = document;
  if (!channels.length || !steps.length || !(limits.max_session_s >= 1 && limits.max_session_s <= 86_400)) return null;
  for (const step of steps) {
    if (![step.ramp_up_s, step.on_s, step.ramp_down_s, step.off_s].every(isLength)) return null;
    if (!(step.repeat >= 1 && step.repeat <= 100_000 && step.frequency_hz > 0 && step.phase_us > 0)) return null;
    if (!step.max_ma.every(isMa) || !step.target_ma?.every((/** @type {unknown} */ one) => one === null || isMa(one))) return null;
  }
  return /** @type {any} */ (document);
}
