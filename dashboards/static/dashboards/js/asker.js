// The one way in which a page asks devices for something, and learns what became of it.
//
// Nothing is told before it is so: that it was sent only on the server's word, that it happened only on the device's
// proof.  A stop that the house has not taken within 300 ms goes by the direct path too, under the same id, so that a
// device carries it out once.  What nobody has taken after a second is told as such: go there.

import { ANSWER_MS, Ask, PROOF_MS } from "./ask.js";
import { emptyCommands, prune, put, take } from "./commands-store.js";

export const DIRECT_AFTER_MS = 300;
const AGAIN_MS = 1_000; // a stop that nobody took is sent again under its id, until its time is over
const TTL_MS = 10_000; // of a stop, as the wire has it
const HOUSE_MS = 10_000; // an answer may come too late to be waited for, and is still worth knowing
const DIRECT_MS = 2_000;
const MOST_HANGING = 3; // a browser has six connections: those that nobody answers must leave room for the direct path
const NOT_ANSWERED = new Set([401, 408, 429]); // no judgement of what is asked: dispatch judges by the permit
const SILENT_MS = 1_500; // the live socket brings a pulse a second
const POLL_MS = 1_000;
const MOST_POLLS = 2; // at once: while the house does not answer, they hold connections
const GONE_MS = 60_000; // what the house has and nobody tells of: out of sight
export const FORGET_MS = 5 * 60_000; // what never reached the house is told for so long

/** @typedef {import("./ask.js").Wish} Wish */
/** @typedef {import("./commands-store.js").Command} Command */
/** @typedef {{status: number, body: Record<string, any>}} Answer */

/**
 * @typedef {object} World what surrounds it
 * @property {() => number} now monotonic ms
 * @property {(work: () => void, ms: number) => unknown} later
 * @property {() => string} uuid
 * @property {(url: string, body: object, signal: AbortSignal) => Promise<Answer>} post rejects where nobody answers
 * @property {(url: string, signal: AbortSignal) => Promise<Answer>} get
 * @property {(ms: number) => AbortSignal} timeout
 * @property {() => string | null} permit
 */

/** Somebody answered, and has not taken it; the message is the answer's words. */
class NotTaken extends Error {}

/** @param {unknown} error */
const troubleOf = (error) => (error instanceof NotTaken ? error.message : "");

export class Asker {
  store = emptyCommands();
  /** By id, the newest last. @type {Map<string, Ask>} */
  asks = new Map();
  /** Requests to the house that nobody has answered. @type {Map<AbortController, Ask>} */
  hanging = new Map();
  /** @type {Set<(serials: Set<string>) => void>} */
  listeners = new Set();
  /** Those that are being sent on the direct path. @type {Set<Ask>} */
  directing = new Set();
  heardMs = -Infinity;
  /** When each was asked after. @type {Map<string, number>} */
  polled = new Map();
  polling = 0;

  /** @param {{site: string, world: World, api?: string, direct?: string}} options */
  constructor({ site, world, api = "/api/v1", direct = "/direct/stop" }) {
    this.site = site;
    this.world = world;
    this.api = api;
    this.direct = direct;
  }

  /** Hear which devices are to be drawn again. @param {"change"} _what @param {(serials: Set<string>) => void} listener */
  on(_what, listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // --- asking ---

  /** Ask one device.  A press of the same while it is on its way is the same press.
   * @param {{serial: string, verb: import("./ask.js").Verb, args?: Record<string, any>, reason?: string}} what */
  ask({ serial, verb, args = {}, reason = "" }) {
    const told = JSON.stringify(args);
    const same = this.underWay(({ wish }) => wish.serial === serial && wish.verb === verb && JSON.stringify(wish.args) === told);
    return same ?? this.begin({ id: this.world.uuid(), verb, serial, site: this.site, room: "", args, reason }, []);
  }

  /** Stop a room or the whole site.  @param {{site?: string, room?: string, serials?: Iterable<string>, reason?: string}} [what]
   *   `serials`: those that the page holds to be on, or possibly on, until the server says whom it asks */
  stopSite({ site = this.site, room = "", serials = [], reason = "" } = {}) {
    const same = this.underWay(({ wish }) => wish.serial === null && wish.site === site && wish.room === room);
    return same ?? this.begin({ id: this.world.uuid(), verb: "stop", serial: null, site, room, args: {}, reason }, serials);
  }

  /** @param {(ask: Ask) => boolean} isSame */
  underWay(isSame) {
    const nowMs = this.world.now();
    return Array.from(this.asks.values()).find((ask) =>
      nowMs - ask.pressedMs < PROOF_MS && ["sending", "sent"].includes(ask.stage(nowMs)) && isSame(ask));
  }

  /** @param {Wish} wish @param {Iterable<string>} serials */
  begin(wish, serials) {
    const { later, now } = this.world;
    const ask = new Ask(wish, now());
    for (const serial of serials) ask.parts.set(serial, { sent: null });
    this.asks.set(wish.id, ask);
    void this.viaHouse(ask);
    if (wish.verb === "stop") {
      later(() => this.notTaken(ask), DIRECT_AFTER_MS);
      later(() => this.again(ask), AGAIN_MS);
    }
    for (const ms of [ANSWER_MS, PROOF_MS]) later(() => this.tell(ask), ms);
    this.tell(ask);
    return ask;
  }

  /** The house has not taken it yet, or would not be reached: the direct path, for a stop. @param {Ask} ask */
  notTaken(ask) {
    if (ask.wish.verb === "stop" && !ask.isTaken && !ask.refusal) void this.viaDirect(ask);
  }

  /** @param {Ask} ask */
  again(ask) {
    if (ask.isTaken || ask.refusal || this.world.now() - ask.pressedMs > TTL_MS - AGAIN_MS) return;
    if (![...this.hanging.values()].includes(ask)) void this.viaHouse(ask);
    void this.viaDirect(ask);
    this.world.later(() => this.again(ask), AGAIN_MS);
  }

  // --- the two ways ---

  /** @param {Ask} ask */
  async viaHouse(ask) {
    const { wish } = ask;
    const hangUp = new AbortController();
    this.hanging.set(hangUp, ask);
    this.world.later(() => hangUp.abort(), HOUSE_MS);
    try {
      const { status, body } = await this.world.post(this.houseUrl(wish), this.houseBody(wish), hangUp.signal);
      if (status >= 500 || NOT_ANSWERED.has(status)) {
        throw new NotTaken(status < 500 ? body.detail : ""); // the page's own words say what to do now
      }
      if (status >= 400) ask.refusal = body.detail ?? String(status);
      else {
        ask.house = true;
        this.learn(ask, body);
      }
    } catch (error) {
      ask.trouble = troubleOf(error) || ask.trouble;
      ask.failed ||= wish.verb !== "stop";
    } finally {
      this.hanging.delete(hangUp);
    }
    this.tell(ask);
    this.notTaken(ask);
  }

  /** @param {Wish} wish */
  houseUrl({ serial, site }) {
    return serial === null
      ? `${this.api}/sites/${encodeURIComponent(site)}/stop`
      : `${this.api}/devices/${encodeURIComponent(serial)}/commands`;
  }

  /** @param {Wish} wish */
  houseBody({ id, serial, verb, args, room, reason }) {
    const why = reason ? { reason } : {};
    return serial === null ? { id, ...(room ? { room } : {}), ...why } : { id, verb, args, ...why };
  }

  /** @param {Ask} ask */
  async viaDirect(ask) {
    const permit = this.world.permit();
    if (permit === null) return this.fail(ask);
    if (this.directing.has(ask)) return;
    const { id, serial, room } = ask.wish;
    this.directing.add(ask);
    this.makeRoom();
    try {
      const { status, body } = await this.world.post(
        this.direct, { permit, id, device: serial, room: room || null }, this.world.timeout(DIRECT_MS));
      if (status >= 400) throw new NotTaken(body.detail);
      ask.direct = true;
      this.learn(ask, body);
      this.tell(ask);
    } catch (error) {
      ask.trouble = troubleOf(error) || ask.trouble;
      this.fail(ask);
    } finally {
      this.directing.delete(ask);
    }
  }

  /** Neither way has taken it; the house may still answer, if it is being asked. @param {Ask} ask */
  fail(ask) {
    ask.failed = ![...this.hanging.values()].includes(ask);
    this.tell(ask);
  }

  /** Hang up on the oldest requests that the house leaves unanswered: their ids are told on the direct path. */
  makeRoom() {
    const tooMany = this.hanging.size - MOST_HANGING;
    for (const hangUp of [...this.hanging.keys()].slice(0, Math.max(0, tooMany))) hangUp.abort();
  }

  /** Take in whom it asks, and what became of each so far. @param {Ask} ask @param {Record<string, any>} body */
  learn(ask, body) {
    ask.heardMs = this.world.now();
    const told = body.commands ?? [body];
    if (ask.wish.serial === null && body.commands) {
      const before = ask.parts;
      ask.parts = new Map(told.map((/** @type {Record<string, any>} */ one) =>
        [one.device, { sent: one.sent ?? before.get(one.device)?.sent ?? null }]));
      ask.isCounted = true;
    } else if (told[0]?.sent !== undefined && ask.wish.serial !== null) ask.parts.set(ask.wish.serial, { sent: told[0].sent });
    for (const one of told) if (one.rev !== undefined && one.requested_at) put(this.store, one);
  }

  // --- hearing ---

  /** Take in a message of the page's live socket. @param {Record<string, any>} message */
  hear(message) {
    this.heardMs = this.world.now();
    const mine = Array.from(this.asks.values(), (ask) => this.commandsOf(ask)).flat();
    const changed = take(this.store, message);
    // An answer to a question of our own may be newer than the snapshot, which was read before it was sent.
    if (changed.all) for (const command of mine) if (put(this.store, command)) changed.serials.add(command.device);
    for (const ask of this.asks.values()) {
      if (!this.commandsOf(ask).some(({ id }) => changed.ids.has(id))) continue;
      ask.heardMs = this.heardMs;
      ask.changed();
    }
    if (changed.serials.size) this.say(changed.serials);
  }

  /** What the server has told of a press. @param {Ask} ask @returns {Command[]} */
  commandsOf({ wish }) {
    if (wish.serial === null) return Array.from(this.store.commands.values()).filter(({ stop }) => stop === wish.id);
    const command = this.store.commands.get(wish.id);
    return command ? [command] : [];
  }

  /** Let time pass.  @param {number | null} serverMs the server's time, if it is known */
  tick(serverMs) {
    const nowMs = this.world.now();
    /** @type {Set<string>} */
    const serials = serverMs === null ? new Set() : prune(this.store, serverMs);
    for (const ask of this.asks.values()) {
      if (!this.isOver(ask, nowMs)) continue;
      this.asks.delete(ask.id);
      this.polled.delete(ask.id);
      for (const serial of ask.parts.keys()) serials.add(serial);
    }
    if (serials.size) this.say(serials);
    const due = Array.from(this.asks.values()).filter((ask) => this.mustPoll(ask, nowMs));
    due.sort((one, other) => (this.polled.get(one.id) ?? 0) - (this.polled.get(other.id) ?? 0));
    for (const ask of due.slice(0, MOST_POLLS - this.polling)) void this.poll(ask, nowMs);
  }

  /** @param {Ask} ask @param {number} nowMs */
  isOver(ask, nowMs) {
    const sinceMs = nowMs - ask.pressedMs;
    return sinceMs > (ask.house ? GONE_MS : FORGET_MS) && !this.commandsOf(ask).length;
  }

  /** The socket is silent, or has told nothing of it though the house has it. @param {Ask} ask @param {number} nowMs */
  mustPoll(ask, nowMs) {
    if (!ask.isTaken || nowMs - Math.max(ask.heardMs, this.polled.get(ask.id) ?? 0) < POLL_MS) return false;
    const known = this.commandsOf(ask);
    if (nowMs - ask.pressedMs > (known.length ? GONE_MS : FORGET_MS)) return false;
    if (known.length && nowMs - this.heardMs < SILENT_MS) return false;
    return !known.length || known.some(({ state }) => !["confirmed", "refused", "expired"].includes(state));
  }

  /** @param {Ask} ask @param {number} nowMs */
  async poll(ask, nowMs) {
    const { id, serial } = ask.wish;
    this.polled.set(id, nowMs);
    this.polling++;
    try {
      const url = serial === null ? `${this.api}/stops/${id}` : `${this.api}/commands/${id}`;
      const { status, body } = await this.world.get(url, this.world.timeout(2 * POLL_MS));
      if (status < 400) {
        ask.house = true;
        this.learn(ask, body);
        this.tell(ask);
      }
    } catch {
      // the house is away; what is told of it is told as unknown, and it is asked again
    } finally {
      this.polling--;
    }
  }

  /** @param {Ask} ask */
  tell(ask) {
    ask.changed();
    this.say(new Set(ask.parts.keys()));
  }

  /** @param {Set<string>} serials */
  say(serials) {
    for (const listener of [...this.listeners]) listener(serials);
  }
}
