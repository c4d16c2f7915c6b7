// What time it is at the server, whatever this computer's clock says.  Pure: the monotonic clock is an argument.

/** Keeps the smallest delay of the last samples: what arrived fastest tells best what time it is there. */
export class ServerClock {
  /** @param {number} samples how many to remember; one comes with each pulse, once a second */
  constructor(samples = 60) {
    this.samples = samples;
    /** @type {number[]} */
    this.offsets = [];
  }

  /** @param {number} serverMs what the server's clock said @param {number} monotonicMs when it arrived here */
  hear(serverMs, monotonicMs) {
    if (!Number.isFinite(serverMs)) return;
    this.offsets.push(serverMs - monotonicMs);
    if (this.offsets.length > this.samples) this.offsets.shift();
  }

  /** The server's time, or null before it was ever heard. @param {number} monotonicMs */
  now(monotonicMs) {
    return this.offsets.length ? Math.max(...this.offsets) + monotonicMs : null;
  }
}

/**
 * How old the newest sign of life of ingest is: by when it came and by its own time, whichever is worse.
 * @param {{heardMs: number, ingestAt: string | null} | null} pulse @param {number | null} serverNow
 * @param {number} monotonicMs
 */
export function pulseAge(pulse, serverNow, monotonicMs) {
  if (pulse === null || pulse.ingestAt === null || serverNow === null) return Infinity;
  return Math.max(monotonicMs - pulse.heardMs, serverNow - Date.parse(pulse.ingestAt));
}
