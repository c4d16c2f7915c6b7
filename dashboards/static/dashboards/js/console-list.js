// A list of thousands of lines of which only those in sight exist.  Every line is one height, so that where each
// stands is known without drawing it.

const SPARE = 6; // lines drawn above and below what is seen

/**
 * @template {{alert: {id: number}}} L
 * @typedef {{root: HTMLElement, fill: (line: L, at: number, of: number) => void}} Row
 */

/** @template {{alert: {id: number}}} L */
export class WindowedList {
  /** @type {L[]} */
  lines = [];
  /** Drawn now, by id. @type {Map<number, Row<L>>} */
  drawn = new Map();
  /** @type {Row<L>[]} */
  spare = [];
  heightPx = 0;
  asked = 0;
  /** Since when each line is on the screen, by id, monotonic ms. @type {Map<number, number>} */
  seenSince = new Map();
  /** When each drawn line last changed place, by id, monotonic ms. @type {Map<number, number>} */
  movedAt = new Map();
  /** Where each drawn line stands. @type {Map<number, number>} */
  places = new Map();

  /** @param {HTMLElement} root @param {() => Row<L>} make */
  constructor(root, make) {
    this.root = root;
    this.make = make;
    const again = () => this.ask();
    addEventListener("scroll", again, { passive: true });
    new ResizeObserver(() => {
      this.heightPx = 0;
      this.ask();
    }).observe(document.body);
  }

  /** @param {L[]} lines */
  show(lines) {
    this.lines = lines;
    this.draw();
  }

  ask() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }

  /** The height that the style sheet gives a line here. */
  measure() {
    if (!this.heightPx) {
      this.heightPx = Number.parseFloat(getComputedStyle(this.root).getPropertyValue("--line-rem"))
        * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    }
    return this.heightPx;
  }

  draw() {
    const height = this.measure();
    const box = this.root.getBoundingClientRect();
    const of = this.lines.length;
    this.root.style.height = `${of * height}px`;
    const seen = [Math.floor(-box.top / height), Math.ceil((innerHeight - box.top) / height)];
    const [from, to] = [Math.max(0, seen[0] - SPARE), Math.min(of, seen[1] + SPARE)];
    const wanted = new Set(this.lines.slice(from, to).map((line) => line.alert.id));
    const focused = /** @type {Element | null} */ (this.root.contains(document.activeElement) ? document.activeElement : null);
    for (const [id, row] of this.drawn) if (!wanted.has(id)) this.put(id, row);
    let after = /** @type {Element | null} */ (null);
    for (let at = from; at < to; at += 1) after = this.place(at, height, of, after).root;
    this.note(seen);
    if (focused?.isConnected && focused !== document.activeElement) {
      /** @type {HTMLElement} */ (focused).focus({ preventScroll: true });
    }
  }

  /** Take a line off the page. @param {number} id @param {Row<L>} row */
  put(id, row) {
    this.drawn.delete(id);
    this.places.delete(id);
    this.movedAt.delete(id);
    row.root.remove();
    if (this.spare.length < 60) this.spare.push(row);
  }

  /** @param {number} at @param {number} height @param {number} of @param {Element | null} after */
  place(at, height, of, after) {
    const line = this.lines[at];
    const { id } = line.alert;
    let row = this.drawn.get(id);
    if (!row) {
      row = this.spare.pop() ?? this.make();
      this.drawn.set(id, row);
    }
    if (this.places.get(id) !== at) {
      if (this.places.has(id)) this.movedAt.set(id, performance.now());
      this.places.set(id, at);
      row.root.style.transform = `translateY(${at * height}px)`;
    }
    row.fill(line, at, of);
    // What a reader hears follows the page's order, not the places.
    const before = after ? after.nextElementSibling : this.root.firstElementChild;
    if (before !== row.root) this.root.insertBefore(row.root, before);
    return row;
  }

  /** @param {number[]} seen from and to of what is on the screen */
  note([from, to]) {
    const now = performance.now();
    const before = this.seenSince;
    this.seenSince = new Map();
    if (document.hidden) return;
    for (const line of this.lines.slice(Math.max(0, from), Math.max(0, to))) {
      this.seenSince.set(line.alert.id, before.get(line.alert.id) ?? now);
    }
  }

  /** The lines on the screen now. */
  get seen() {
    return this.lines.filter((line) => this.seenSince.has(line.alert.id));
  }

  /** For how long a line has been on the screen, ms. @param {number} id */
  seenForMs(id) {
    return performance.now() - (this.seenSince.get(id) ?? Infinity);
  }

  /** For how long a line has stood where it stands, ms. @param {number} id */
  stoodForMs(id) {
    return performance.now() - (this.movedAt.get(id) ?? -Infinity);
  }

  /** Scroll as little as brings a line into sight, below what lies over the top. @param {number} id @param {number} topPx */
  reveal(id, topPx) {
    const at = this.lines.findIndex((line) => line.alert.id === id);
    if (at < 0) return;
    const height = this.measure();
    const top = this.root.getBoundingClientRect().top + at * height;
    if (top < topPx) scrollBy(0, top - topPx);
    else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight);
    this.draw();
  }
}
