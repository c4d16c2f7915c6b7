// One press of somebody at this page, and what the page itself knows of it.  Pure.

export const ANSWER_MS = 1_000; // nothing by then: the page says that it cannot
export const PROOF_MS = 3_000; // as CONTROL_PROOF_SECONDS: without proof by then it is "not confirmed"

/** @typedef {"stop" | "pause" | "lower" | "identify" | "lock" | "unlock"} Verb */

/**
 * @typedef {object} Wish
 * @property {string} id of the command; of a stop of many: of the stop
 * @property {Verb} verb
 * @property {string | null} serial null: of a site or room
 * @property {string} site slug
 * @property {string} room of a stop of many; "": all of the site
 * @property {Record<string, any>} args
 * @property {string} reason
 */

/** How far one press has come, apart from what the server tells of its commands.
 * `sent`: the house has it · `direct`: dispatch has sent it, and nobody can tell here what became of it · `unsure`:
 * dispatch has it, the broker has not taken it yet · `unproved`: the house has it, and nothing was heard of it since ·
 * `refused`: by the house, for a reason · `failed`: nobody has taken it, as far as this page knows
 * @typedef {"sending" | "sent" | "direct" | "unsure" | "unproved" | "refused" | "failed"} Stage */

export class Ask {
  /** The house has taken it. */
  house = false;
  /** Dispatch has, by the direct path. */
  direct = false;
  /** Why the house would not, in its words. */
  refusal = "";
  /** All ways were tried, and none took it. */
  failed = false;
  /** What whoever did not take it said of that. */
  trouble = "";
  /** The devices that it asks, as far as is known, and whether the broker has taken what was sent to each on the direct
   * path. @type {Map<string, {sent: boolean | null}>} */
  parts = new Map();
  /** The server said whom it asks: `parts` are no guess of the page. */
  isCounted = false;
  /** When the server was heard of it last, monotonic ms. */
  heardMs;
  /** @type {Set<() => void>} */
  listeners = new Set();

  /** @param {Wish} wish @param {number} pressedMs monotonic */
  constructor(wish, pressedMs) {
    this.wish = wish;
    this.pressedMs = this.heardMs = pressedMs;
    if (wish.serial !== null) {
      this.parts.set(wish.serial, { sent: null });
      this.isCounted = true;
    }
  }

  get id() {
    return this.wish.id;
  }

  /** When it has to be proved, monotonic ms. */
  get proofDueMs() {
    return this.pressedMs + PROOF_MS;
  }

  /** Hear that something about it differs; the answer ends that. @param {"change"} _what @param {() => void} listener */
  on(_what, listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of [...this.listeners]) listener();
  }

  /** Somebody has taken it: the house, or dispatch. */
  get isTaken() {
    return this.house || this.direct;
  }

  /** @param {number} nowMs monotonic @param {string | null} [serial] of a stop of many: which device @returns {Stage} */
  stage(nowMs, serial = this.wish.serial) {
    const sinceMs = nowMs - this.pressedMs;
    if (this.house) return sinceMs < PROOF_MS ? "sent" : "unproved";
    if (this.direct) return serial !== null && this.parts.get(serial)?.sent === false ? "unsure" : "direct";
    if (this.refusal) return "refused";
    return this.failed || sinceMs >= ANSWER_MS ? "failed" : "sending";
  }

  /** What a reload of the page must not forget. @param {number} nowMs monotonic */
  kept(nowMs) {
    const { wish, house, direct, refusal, failed, trouble, isCounted } = this;
    return { wish, house, direct, refusal, failed, trouble, isCounted, parts: [...this.parts], agoMs: nowMs - this.pressedMs };
  }

  /** @param {ReturnType<Ask["kept"]>} kept @param {number} nowMs monotonic @param {number} awayMs since it was kept */
  static from({ wish, parts, agoMs, ...known }, nowMs, awayMs) {
    const ask = new Ask(wish, nowMs - agoMs - awayMs);
    ask.parts = new Map(parts);
    return Object.assign(ask, known);
  }
}
