// Whether what is seen is live; and what time it is there.

import { pulseAge } from "./clock.js";
import { flag, say } from "./dom.js";
import { age } from "./words.js";

const STALE_MS = 5_000; // without a pulse for so long, nothing here may look healthy
const { body } = document;

export const hours = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: body.dataset.timeZone,
});

export class Liveness {
  connected = false;
  /** Drawing failed. */
  faulty = false;
  /** @type {{heardMs: number, ingestAt: string | null} | null} */
  pulse = null;

  /** @param {import("./clock.js").ServerClock} server @param {Record<string, string>} texts */
  constructor(server, texts) {
    this.server = server;
    this.texts = texts;
  }

  /** Dispatch is away or cut off: what is pressed here would not leave the server. */
  mute = false;

  /** @param {{now: string, ingest_at: string | null, sends?: boolean}} pulse */
  hear(pulse) {
    const arrived = performance.now();
    this.server.hear(Date.parse(pulse.now), arrived);
    this.pulse = { heardMs: arrived, ingestAt: pulse.ingest_at };
    this.mute = pulse.sends === false;
  }

  /** Say whether what is seen is live. */
  judge() {
    if (body.dataset.live === "left") return;
    const { texts } = this;
    const monotonic = performance.now();
    const pulseMs = pulseAge(this.pulse, this.server.now(monotonic), monotonic);
    const state = this.state(pulseMs);
    if (body.dataset.live !== state) body.dataset.live = state;
    say("pulse-words", texts[`live.${state}`]);
    const mute = state === "live" && this.mute; // else the other banner says that nothing here is to be trusted
    flag(body, "data-mute", mute);
    say("mute-words", mute ? texts["banner.mute"] : "");
    if (state === "live") return;
    const unfed = state === "stale" && !Number.isFinite(pulseMs);
    say("banner-words", texts[unfed ? "banner.unfed" : `banner.${state}`]);
    say("banner-age", Number.isFinite(pulseMs) ? age(pulseMs, texts, "age.plain") : ""); // apart: it is not read aloud
  }

  /** @param {number} pulseMs */
  state(pulseMs) {
    if (this.faulty) return "fault";
    if (this.pulse === null) return "connecting";
    if (!this.connected) return "down";
    return pulseMs > STALE_MS ? "stale" : "live";
  }

  /** Who watches may do so no longer. */
  leave() {
    body.dataset.live = "left";
    say("banner-words", this.texts["banner.left"]);
    say("banner-age", "");
  }
}
