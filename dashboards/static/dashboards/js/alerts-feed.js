// The page's one connection for alerts: the bar opens it, and whoever shows alerts listens to it.
//
//   import { feed } of this module;
//   feed.listen((changed) => draw(changed));  // at once with {all: true} if a snapshot is here already
//   feed.store.alerts, feed.state(), feed.now()
//
// A listener may return a promise: the server sends the next message when all have resolved, so whoever draws in
// frames sets its own pace, and the newest of each alert waits at the server meanwhile.

import { emptyAlerts, take } from "./alerts-store.js";
import { ServerClock, pulseAge } from "./clock.js";
import { listen as connect } from "./live.js";

const STALE_MS = 5_000; // as the wall: without a pulse for so long, nothing here may look healthy

/** @typedef {import("./alerts-store.js").Changed} Changed */
/** @typedef {"connecting" | "live" | "down" | "stale" | "database" | "left"} Liveness
 *   `stale`: connected, but ingest's pulse is over 5 s old · `database`: the server says its database is away ·
 *   `left`: whoever is here may look no longer */

class Feed {
  store = emptyAlerts();
  server = new ServerClock();
  connected = false;
  left = false;
  /** @type {{heardMs: number, ingestAt: string | null} | null} */
  pulse = null;
  /** When this page last held what was true, by the server's clock. @type {number | null} */
  trueAtMs = null;
  /** The build of the server's pages, with each snapshot. */
  build = "";
  /** @type {((changed: Changed) => void | Promise<void>)[]} */
  listeners = [];
  /** @type {((state: Liveness) => void)[]} */
  watchers = [];
  /** @type {Liveness} */
  shown = "connecting";
  /** @type {ReturnType<typeof connect> | null} */
  socket = null;

  /** Hear of every change, in the order of the messages. @param {(changed: Changed) => void | Promise<void>} listener */
  listen(listener) {
    this.listeners.push(listener);
    if (this.store.complete) {
      void listener({ all: true, ids: new Set(), duty: true, away: true, pulse: false, database: true });
    }
  }

  /** Hear when what is shown becomes live, or ceases to be. @param {(state: Liveness) => void} watcher */
  watch(watcher) {
    this.watchers.push(watcher);
    watcher(this.shown);
  }

  /** What time it is at the server, Unix ms; null before it was ever heard. */
  now() {
    return this.server.now(performance.now());
  }

  /** @returns {Liveness} */
  state() {
    if (this.left) return "left";
    if (!this.connected) return this.store.complete ? "down" : "connecting";
    if (!this.store.database.ok) return "database";
    if (!this.store.complete) return "connecting";
    return pulseAge(this.pulse, this.now(), performance.now()) > STALE_MS ? "stale" : "live";
  }

  /** Ask for a fresh snapshot. */
  resync() {
    this.socket?.resync();
  }

  /** Connect, once a page. @param {string} url */
  open(url) {
    if (this.socket) return;
    this.socket = connect(url, { take: (message) => this.hear(message), turned: (state) => this.turned(state) });
    setInterval(() => this.judge(), 500);
  }

  /** @param {Record<string, any>} message */
  async hear(message) {
    if (message.type === "error") return;
    if (message.build) this.build = message.build;
    const changed = take(this.store, message);
    const { pulse } = this.store;
    if (changed.pulse && pulse) {
      const arrived = performance.now();
      this.server.hear(Date.parse(pulse.now), arrived);
      this.pulse = { heardMs: arrived, ingestAt: pulse.ingest_at };
    }
    this.judge();
    if (message.part < message.parts) return; // nothing to draw before the last part
    await Promise.all(this.listeners.map((listener) => guarded(() => listener(changed))));
  }

  /** @param {"open" | "down" | "left"} state */
  turned(state) {
    this.connected = state === "open";
    this.left ||= state === "left";
    this.judge();
  }

  judge() {
    const state = this.state();
    if (state === "live") this.trueAtMs = this.now();
    if (state === this.shown) return;
    this.shown = state;
    for (const watcher of this.watchers) void guarded(() => watcher(state));
  }
}

/** One listener that fails takes nothing from the others. @param {() => void | Promise<void>} work */
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    console.error(error);
  }
}

export const feed = new Feed();
