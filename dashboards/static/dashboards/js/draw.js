// Drawing at the screen's pace: a slice of each frame, and at once where no frame comes.

const SLICE_MS = 8; // of one frame, for drawing; the rest waits for the next
const NEAR_A_FRAME = 6; // drawing what is seen costs ten times as much once more, in layout and paint
const NEAR_MS = 200; // in which all that are seen are drawn, though they are hundreds or frames are rare

export class Drawing {
  /** @type {Set<string>} */
  waiting = new Set();
  /** @type {(() => void)[]} */
  whenDrawn = [];
  frame = 0;
  frameMs = 1000 / 60; // between the last two frames of one drawing
  slicedMs = NaN; // when its last frame began

  /** @param {{draw: (serial: string, at: number) => number | null, isNear: (serial: string) => boolean,
   *   drawn: () => void}} options `draw` returns the `rev` that was drawn, null for nothing; `isNear`: it is laid out
   *   and painted, not skipped; `drawn`: all that waited stands on the screen */
  constructor({ draw, isNear, drawn }) {
    this.draw = draw;
    this.isNear = isNear;
    this.drawn = drawn;
  }

  /** Draw these devices; resolves when they are on the screen. @param {Iterable<string>} serials */
  ask(serials) {
    for (const serial of serials) this.waiting.add(serial);
    const done = new Promise((/** @type {(value: void) => void} */ resolve) => this.whenDrawn.push(resolve));
    this.schedule();
    return done;
  }

  schedule() {
    if (document.hidden) this.slice(Infinity); // no frame comes to a hidden tab
    else if (!this.frame) this.frame = requestAnimationFrame(() => this.slice(SLICE_MS));
  }

  /** How many of those that are seen are drawn now. */
  share() {
    const now = performance.now();
    if (this.slicedMs) this.frameMs = now - this.slicedMs;
    this.slicedMs = now;
    let near = 0;
    for (const serial of this.waiting) if (this.isNear(serial)) near++;
    return Math.max(NEAR_A_FRAME, (near * this.frameMs) / NEAR_MS);
  }

  /** @param {number} budgetMs */
  slice(budgetMs) {
    this.frame = 0;
    let left = budgetMs === Infinity ? Infinity : this.share();
    const until = performance.now() + budgetMs;
    const detail = [];
    for (const serial of this.waiting) {
      this.waiting.delete(serial);
      const at = performance.now();
      const rev = this.draw(serial, at);
      if (rev !== null) detail.push({ serial, rev, t: at });
      if (at > until || (this.isNear(serial) && --left <= 0)) break;
    }
    if (detail.length) document.dispatchEvent(new CustomEvent("myofleet:drawn", { detail }));
    if (this.waiting.size) return this.schedule();
    this.slicedMs = NaN;
    this.drawn();
    for (const resolve of this.whenDrawn.splice(0)) resolve();
  }

  /** A hidden tab came back, or went: the frame that was asked for will not come any more. */
  wake() {
    if (document.hidden || !this.frame) return;
    cancelAnimationFrame(this.frame);
    this.slice(Infinity);
  }
}
