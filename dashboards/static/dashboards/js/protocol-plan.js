// What a protocol document plans, phase by phase.  Pure: a document in, numbers out.
// The twin of `devices/plan.py`; a test holds the two together.

const MAX_SEGMENTS = 100_000;

/** Share of the amplitude at the beginning and at the end of each phase. @type {Record<string, [number, number]>} */
const FRACTIONS = { ramp_up: [0, 1], on: [1, 1], ramp_down: [1, 0], rest: [0, 0] };

/**
 * @typedef {{kind: string, repeat: number, frequency_hz: number, phase_us: number, ramp_up_s: number, on_s: number,
 *   ramp_down_s: number, off_s: number, target_ma: (number | null)[] | null, max_ma: number[]}} Step
 * @typedef {{channels_used: number[], steps: Step[], limits: {max_session_s: number}}} Document complete, as far as
 *   it is read here
 * @typedef {{start_ms: number, end_ms: number, step: number, cycle: number, phase: string, from: number, to: number,
 *   target_ma: (number | null)[], max_ma: number[], frequency_hz: number, phase_us: number}} Segment
 * @typedef {{channel: number, on_ms: number, pulses: number, charge_uc: number | null, ma_max: number | null,
 *   limit_ma: number}} Planned
 * @typedef {{channels: number[], segments: Segment[], length_ms: number, contractions: number,
 *   by_channel: Planned[]}} Plan
 */

/** A document has more phases than anybody could be given. */
export class TooLong extends Error {}

/** To the nearest whole number, halves to the even one, as Python does. @param {number} value */
function rounded(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** @param {Step} step @returns {[string, number][]} phases of one cycle with their ms, those of no length left out */
function phasesOf({ ramp_up_s, on_s, ramp_down_s, off_s }) {
  /** @type {[string, number][]} */
  const seconds = [["ramp_up", ramp_up_s], ["on", on_s], ["ramp_down", ramp_down_s], ["rest", off_s]];
  return seconds.map(([phase, s]) => /** @type {[string, number]} */ ([phase, rounded(1000 * s)])).filter(([, ms]) => ms > 0);
}

/** @param {Document} document @returns {Generator<Segment>} */
function* segmentsOf({ channels_used, steps, limits }) {
  const endMs = 1000 * limits.max_session_s;
  let nowMs = 0;
  let count = 0;
  for (const [number, step] of steps.entries()) {
    const phases = phasesOf(step);
    const target_ma = step.target_ma ?? channels_used.map(() => null);
    for (let cycle = 1; cycle <= (phases.length ? step.repeat : 0); cycle += 1) {
      for (const [phase, lengthMs] of phases) {
        if (nowMs >= endMs) return;
        count += 1;
        if (count > MAX_SEGMENTS) throw new TooLong();
        const cutMs = Math.min(lengthMs, endMs - nowMs);
        const [first, last] = FRACTIONS[phase];
        yield {
          start_ms: nowMs, end_ms: nowMs + cutMs, step: number, cycle, phase, from: first,
          to: first + ((last - first) * cutMs) / lengthMs, target_ma, max_ma: step.max_ma,
          frequency_hz: step.frequency_hz, phase_us: step.phase_us,
        };
        nowMs += lengthMs;
      }
    }
  }
}

/** Pulses a channel: frequency times the time in which current flows. @param {Segment} one */
function pulsesOf(one) {
  const flows = one.from > 0 || one.to > 0;
  return flows ? (one.frequency_hz * (one.end_ms - one.start_ms)) / 1000 : 0;
}

/** Charge of the leading phases, µC: pulses x mean mA x µs / 1000. @param {Segment} one @param {number} ma */
function chargeOf(one, ma) {
  return (pulsesOf(one) * ((one.from + one.to) / 2) * ma * one.phase_us) / 1000;
}

/** @param {Segment[]} segments @param {number} at @param {number} channel @returns {Planned} */
function planned(segments, at, channel) {
  let [on_ms, pulses, limit_ma] = [0, 0, 0];
  /** @type {number | null} */
  let charge_uc = 0;
  /** @type {number | null} */
  let ma_max = null;
  let told = true;
  for (const one of segments) {
    limit_ma = Math.max(limit_ma, one.max_ma[at]);
    if (pulsesOf(one) <= 0) continue;
    pulses += pulsesOf(one);
    if (one.phase === "on") on_ms += one.end_ms - one.start_ms;
    const ma = one.target_ma[at];
    if (ma === null) told = false;
    else {
      charge_uc += chargeOf(one, ma);
      ma_max = Math.max(ma_max ?? 0, ma);
    }
  }
  return { channel, on_ms, pulses, charge_uc: told ? charge_uc : null, ma_max: told ? ma_max : null, limit_ma };
}

/** The plan of a document.  Throws TooLong. @param {Document} document @returns {Plan} */
export function planOf(document) {
  const segments = [...segmentsOf(document)];
  return {
    channels: document.channels_used,
    segments,
    length_ms: segments.at(-1)?.end_ms ?? 0,
    contractions: segments.filter((one) => one.phase === "on").length,
    by_channel: document.channels_used.map((channel, at) => planned(segments, at, channel)),
  };
}
