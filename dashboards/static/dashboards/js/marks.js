// What is to be drawn of that which was asked of devices: the worst or newest of each.  Pure.

import { faceOf, localFace } from "./command-words.js";
import { ofDevice } from "./commands-store.js";

/** @typedef {import("./command-words.js").CommandFace} CommandFace */

export class Marks {
  /** @param {{asker: import("./asker.js").Asker, texts: Record<string, string>, serverNow: () => number}} options */
  constructor({ asker, texts, serverNow }) {
    this.asker = asker;
    this.texts = texts;
    this.serverNow = serverNow;
    /** Serials whose marks count down. @type {Set<string>} */
    this.moving = new Set();
  }

  /** All that is in sight of a device, the newest first. @param {string} serial @returns {CommandFace[]} */
  all(serial) {
    const { asker, texts } = this;
    const nowMs = asker.world.now();
    const serverMs = this.serverNow();
    const told = ofDevice(asker.store, serial);
    const known = new Set(told.map(({ id, stop }) => stop ?? id));
    const faces = told.map((command) => ({ atMs: Date.parse(command.requested_at), face: faceOf(command, serverMs, texts) }));
    for (const ask of asker.asks.values()) {
      if (!ask.parts.has(serial) || known.has(ask.id)) continue;
      faces.push({ atMs: serverMs - (nowMs - ask.pressedMs), face: localFace(ask, serial, nowMs, texts) });
    }
    return faces.sort((one, other) => other.atMs - one.atMs).map(({ face }) => face);
  }

  /** The one mark of a device: of stops and pauses the newest, until it is over; else the newest of all.
   * @param {string} serial @returns {CommandFace | null} */
  of(serial) {
    const faces = this.all(serial);
    const zero = faces.find(({ verb }) => verb === "stop" || verb === "pause");
    const mark = zero && (zero.tone === "go" || zero.tone === "busy") ? zero : faces[0] ?? null;
    if (mark?.tone === "busy") this.moving.add(serial);
    else this.moving.delete(serial);
    return mark;
  }

  /** What became of one press, of one device. @param {import("./ask.js").Ask} ask @param {string | null} [serial] */
  ofAsk(ask, serial = ask.wish.serial) {
    const command = this.asker.commandsOf(ask).find(({ device }) => device === serial);
    return command ? faceOf(command, this.serverNow(), this.texts) : localFace(ask, serial, this.asker.world.now(), this.texts);
  }

  /** Have what counts down drawn again. */
  tick() {
    if (this.moving.size) this.asker.say(new Set(this.moving));
  }
}
