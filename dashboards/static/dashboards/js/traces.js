// Records of telemetry as columns to draw: merged by what names them, gaps as gaps, late data known as late.  Pure.

const SILENCE_MS = 2_500; // as the server's gaps: one message late by half its second, or one lost, is none yet

/**
 * One telemetry record; times in Unix ms of the server.
 * @typedef {object} Piece
 * @property {number} boot @property {number} seq @property {string} session
 * @property {number} startMs of its first sample @property {number} endMs of its last @property {number} everyMs
 * @property {boolean} late @property {number} elapsedMs of the session, at endMs
 * @property {number[]} set @property {number[][]} ma @property {(number | null)[]} ohm
 * @property {(number | null)[] | null} force @property {string[]} contact
 */

/** @typedef {{from: number, to: number, kind: string, label?: string}} Band Unix s */

/** A record of `GET devices/<serial>/records`, or null if it is no telemetry. @param {Record<string, any>} record
 * @returns {Piece | null} */
export function pieceOf(record) {
  if (record.type !== "telemetry") return null;
  const said = record.body;
  const endMs = Date.parse(record.placed_at);
  return {
    boot: record.boot,
    seq: record.seq,
    session: said.session,
    startMs: endMs - (said.ma[0].length - 1) * said.every_ms,
    endMs,
    everyMs: said.every_ms,
    late: record.late,
    elapsedMs: said.elapsed_ms,
    set: said.set_ma,
    ma: said.ma,
    ohm: said.ohm,
    force: said.force_n ?? null,
    contact: said.contact,
  };
}

/** Whether the line breaks between two records. @param {Piece} before @param {Piece} after */
export function isGap(before, after) {
  if (before.boot !== after.boot || before.session !== after.session) return true;
  const silenceMs = after.startMs - before.endMs;
  const isNext = after.seq === before.seq + 1; // the device gave out nothing in between
  return silenceMs > (isNext ? SILENCE_MS : 1.5 * Math.max(before.everyMs, after.everyMs) + 50);
}

/** The last minutes of one device, in order of time; each record once, whichever way and how often it came. */
export class Traces {
  /** @param {number} keepMs how long a record is kept */
  constructor(keepMs = 330_000) {
    this.keepMs = keepMs;
    /** @type {Piece[]} */
    this.pieces = [];
    /** @type {Set<string>} */
    this.known = new Set();
  }

  /** Take records in; return how many were new. @param {Record<string, any>[]} records */
  take(records) {
    let fresh = 0;
    for (const record of records) {
      const name = `${record.boot}/${record.seq}`;
      if (this.known.has(name)) continue;
      const piece = pieceOf(record);
      if (piece === null) continue;
      this.known.add(name);
      this.insert(piece);
      fresh += 1;
    }
    return fresh;
  }

  /** @param {Piece} piece */
  insert(piece) {
    let at = this.pieces.length;
    while (at > 0 && this.pieces[at - 1].endMs > piece.endMs) at -= 1;
    this.pieces.splice(at, 0, piece);
  }

  /** Forget what is too old. @param {number} nowMs */
  prune(nowMs) {
    let gone = 0;
    while (gone < this.pieces.length && this.pieces[gone].endMs < nowMs - this.keepMs) gone += 1;
    for (const { boot, seq } of this.pieces.splice(0, gone)) this.known.delete(`${boot}/${seq}`);
  }

  /** The newest record. @returns {Piece | undefined} */
  last() {
    return this.pieces[this.pieces.length - 1];
  }

  /** Numbers of the channels that are in use within these records, from 1. @param {number} fromMs */
  channels(fromMs) {
    const used = new Set();
    for (const piece of this.pieces) {
      if (piece.endMs < fromMs) continue;
      piece.set.forEach((set, at) => {
        if (set > 0 || piece.contact[at] !== "off" || piece.ma[at].some((ma) => ma > 0)) used.add(at + 1);
      });
    }
    return Array.from(used).sort((a, b) => a - b);
  }

  /**
   * Every sample of one channel, with a null wherever records are missing.
   * @param {number} n from 1 @param {number} fromMs @param {(elapsedS: number) => number | null} [planned]
   * @returns {{t: number[], set: (number | null)[], ma: (number | null)[], planned: (number | null)[]}} `t` in s
   */
  samples(n, fromMs, planned = () => null) {
    const t = [], set = [], ma = [], plan = [];
    /** @type {Piece | null} */
    let before = null;
    for (const piece of this.pieces) {
      if (piece.endMs < fromMs) continue;
      if (before !== null && isGap(before, piece)) {
        const middle = (before.endMs + piece.startMs) / 2000;
        if (middle > t[t.length - 1]) {
          t.push(middle);
          set.push(null);
          ma.push(null);
          plan.push(null);
        }
      }
      const values = piece.ma[n - 1] ?? [];
      const isPaused = before?.session === piece.session && before.elapsedMs === piece.elapsedMs;
      for (let i = 0; i < values.length; i += 1) {
        const back = (values.length - 1 - i) * piece.everyMs;
        const at = (piece.endMs - back) / 1000;
        if (t.length && at <= t[t.length - 1]) continue; // two devices under one name, or placed anew
        t.push(at);
        set.push(piece.set[n - 1] ?? null);
        ma.push(values[i]);
        plan.push(isPaused ? null : planned((piece.elapsedMs - back) / 1000));
      }
      before = piece;
    }
    return { t, set, ma, planned: plan };
  }

  /** Ω and N of one channel, one entry a record, nulls as above. @param {number} n from 1 @param {number} fromMs */
  slow(n, fromMs) {
    const t = [], ohm = [], force = [];
    /** @type {Piece | null} */
    let before = null;
    for (const piece of this.pieces) {
      if (piece.endMs < fromMs) continue;
      const at = piece.endMs / 1000;
      if (t.length && at <= t[t.length - 1]) continue;
      if (before !== null && isGap(before, piece)) {
        t.push((t[t.length - 1] + at) / 2);
        ohm.push(null);
        force.push(null);
      }
      t.push(at);
      ohm.push(piece.ohm[n - 1] ?? null);
      force.push(piece.force?.[n - 1] ?? null);
      before = piece;
    }
    return { t, ohm, force, hasForce: force.some((value) => value !== null) };
  }

  /**
   * Where records are missing, and where they came late.
   * @param {number} fromMs @param {number | null} openUntilMs now, while a session is open; else null
   * @returns {Band[]}
   */
  bands(fromMs, openUntilMs) {
    /** @type {Band[]} */
    const bands = [];
    /** @type {Piece | null} */
    let before = null;
    for (const piece of this.pieces) {
      if (piece.endMs < fromMs) continue;
      const isOneSession = before !== null && before.session === piece.session;
      if (before !== null && isOneSession && isGap(before, piece)) {
        bands.push({ from: before.endMs / 1000, to: piece.startMs / 1000, kind: "gap" });
      }
      if (piece.late) addLate(bands, piece);
      before = piece;
    }
    if (before !== null && openUntilMs !== null && openUntilMs - before.endMs > SILENCE_MS) {
      bands.push({ from: before.endMs / 1000, to: openUntilMs / 1000, kind: "gap" });
    }
    return bands;
  }
}

/** @param {Band[]} bands @param {Piece} piece */
function addLate(bands, piece) {
  const from = (piece.startMs - piece.everyMs) / 1000;
  const to = piece.endMs / 1000;
  const last = bands[bands.length - 1];
  if (last?.kind === "late" && from - last.to < 0.5) last.to = to;
  else bands.push({ from, to, kind: "late" });
}

/**
 * The columns of `GET devices/<serial>/trace` with a null wherever points are missing, and time in Unix s.
 * @param {Record<string, any>} trace
 */
export function columnsOf(trace) {
  const times = trace.t.map((/** @type {string} */ at) => Date.parse(at) / 1000);
  const step = trace.step_ms / 1000;
  const breaks = new Set();
  for (let i = 1; i < times.length; i += 1) {
    if (times[i] - times[i - 1] > Math.max(2.5 * step, SILENCE_MS / 1000)) breaks.add(i);
  }
  /** @template T @param {T[]} values @param {(at: number) => T | null} between @returns {(T | null)[]} */
  const broken = (values, between) =>
    values.flatMap((value, i) => (breaks.has(i) ? [between(i), value] : [value]));
  const nothing = () => null;
  return {
    t: /** @type {number[]} */ (broken(times, (i) => (times[i - 1] + step + times[i]) / 2)),
    channels: trace.channels.map((/** @type {Record<string, any>} */ channel) => ({
      n: channel.n,
      set: broken(channel.set_ma, nothing),
      ma: broken(channel.ma, nothing),
      min: broken(channel.ma_min, nothing),
      max: broken(channel.ma_max, nothing),
      ohm: broken(channel.ohm, nothing),
    })),
    soc: broken(trace.soc, nothing),
    temp: broken(trace.temp_c, nothing),
  };
}

/**
 * A plan's line at a moment of session time; null outside the plan, and where it says "to tolerance".
 * @param {{t: number[], ma: (number | null)[]}} line @param {number} seconds
 */
export function plannedAt({ t, ma }, seconds) {
  if (!t.length || seconds < t[0] || seconds > t[t.length - 1]) return null;
  let low = 0;
  let high = t.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (t[middle] <= seconds) low = middle;
    else high = middle;
  }
  const a = ma[low];
  const b = ma[high];
  if (a === null || b === null) return null;
  return t[high] === t[low] ? b : a + ((b - a) * (seconds - t[low])) / (t[high] - t[low]);
}
