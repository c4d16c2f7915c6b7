// The tiles: put in order, chosen from, and on a screen on the wall turned by the page.

import { arranged, filters, matches, pageSize, stripRoom } from "./choice.js";
import { described } from "./chooser.js";
import { byId, flag, say } from "./dom.js";
import { Drawing } from "./draw.js";
import { movers } from "./order.js";
import { drawStrip } from "./strip.js";
import { Tile } from "./tile.js";
import { age, face, fill } from "./words.js";

const ADOPT_MS = 12; // of one task, for taking over what the server rendered
const SETTLE_MS = 500; // between two looks at who has to move
const AIM_MS = 400; // who presses sooner than this after it moved has aimed at what stood there before
const PEEK = 12; // as `tiles.py`
const KINDS = /** @type {const} */ (["in_session", "attention", "silent"]);
const { body } = document;
const wall = byId("content");
const kiosk = "kiosk" in body.dataset;

/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./strip.js").Trouble} Trouble */
/** @typedef {import("./command-words.js").CommandFace} Mark */
/** @typedef {{ordered: Trouble[], chosen: Trouble[], size: number}} Plan everybody in order; who is chosen; how many a page */

export class Board {
  /** @type {Map<string, Tile>} */
  tiles = new Map();
  page = 0;
  pages = 1;
  /** A snapshot came: its order is the order of places. */
  heard = false;
  settledMs = -Infinity;
  settling = 0;

  /** @param {{texts: Record<string, string>, store: import("./store.js").Store,
   *   server: import("./clock.js").ServerClock, choice: Choice, markOf: (serial: string) => Mark | null, isHeld: () => boolean, drawn: () => void}} options */
  constructor({ texts, store, server, choice, markOf, isHeld, drawn }) {
    this.texts = texts;
    this.store = store;
    this.server = server;
    this.choice = choice;
    this.markOf = markOf;
    this.isHeld = isHeld;
    this.drawing = new Drawing({
      draw: (serial, at) => this.draw(serial, at),
      isNear: (serial) => this.tiles.get(serial)?.isNear ?? true,
      drawn: () => {
        this.count();
        this.settle();
        drawn();
      },
    });
  }

  /** Take over what the server rendered, in slices: hundreds of tiles are more than one task's work. */
  async adopt() {
    wall.addEventListener("contentvisibilityautostatechange", (event) => this.noteSkipped(event), { capture: true });
    const roots = wall.querySelectorAll(".tile");
    // Asked of all before any is written to, and of a child: what skips its content is itself there.
    const near = Array.from(roots, (root) => root.firstElementChild?.checkVisibility?.({ contentVisibilityAuto: true }));
    let until = 0; // this task has loaded the modules: begin with another
    for (const [at, root] of roots.entries()) {
      if (performance.now() >= until) {
        await new Promise((resolve) => setTimeout(resolve));
        until = performance.now() + ADOPT_MS;
      }
      const tile = new Tile(/** @type {HTMLElement} */ (root));
      tile.isNear = near[at] ?? true;
      this.tiles.set(tile.entry.serial, tile);
    }
  }

  /** A tile came near what is seen, or left it. @param {Event} event */
  noteSkipped(event) {
    const tile = this.tiles.get(/** @type {HTMLElement} */ (event.target).dataset.serial ?? "");
    if (tile) tile.isNear = !(/** @type {ContentVisibilityAutoStateChangeEvent} */ (event).skipped);
  }

  /** A snapshot came: devices may have come and gone. */
  hear() {
    this.heard = true;
    const isLarge = Array.from(this.store.devices.values()).some((device) => device.channels.length > 8);
    wall.dataset.channels = isLarge ? "16" : "8"; // as `tiles.channel_rows`
  }

  // --- one tile ---

  /** @param {string} serial @param {number} at monotonic ms @returns {number | null} the `rev` that was drawn */
  draw(serial, at) {
    const device = this.store.devices.get(serial);
    if (device === undefined) {
      this.tiles.get(serial)?.tellAsked(this.markOf(serial)); // no snapshot came yet, and somebody pressed already
      return null;
    }
    const tile = this.tileOf(serial);
    tile.draw(device, face(device, this.texts), this.markOf(serial));
    this.tell(tile, this.server.now(at));
    return device.rev;
  }

  /** @param {string} serial */
  tileOf(serial) {
    let tile = this.tiles.get(serial);
    if (tile === undefined) this.tiles.set(serial, (tile = Tile.blank(serial)));
    return tile;
  }

  /** Write a tile's age. @param {Tile} tile @param {number | null} now Unix ms of the server */
  tell(tile, now) {
    if (now !== null) tile.tick(age(tile.heardMs === null ? null : now - tile.heardMs, this.texts));
  }

  /** Let time pass for a share of the tiles. @param {number} share @param {number} of */
  tick(share, of) {
    const now = this.server.now(performance.now());
    let n = 0;
    for (const tile of this.tiles.values()) if (n++ % of === share) this.tell(tile, now);
  }

  /** What is known of each device, by place. */
  entries() {
    const serials = this.heard ? this.store.devices.keys() : this.tiles.keys();
    return Array.from(serials, (serial) => this.tileOf(serial).entry);
  }

  count() {
    const every = this.entries();
    say("count-all", String(every.length));
    for (const kind of KINDS) say(`count-${kind}`, String(every.filter((entry) => entry[kind]).length));
    const attention = byId("count-attention");
    if (attention.parentElement) flag(attention.parentElement, "data-some", attention.textContent !== "0");
  }

  // --- who stands where ---

  /** @param {Choice} choice */
  choose(choice) {
    this.choice = choice;
    this.page = 0;
    body.dataset.order = choice.order;
    flag(body, "data-filtered", filters(choice));
    byId("chosen").hidden = !filters(choice);
    this.settle({ force: true });
  }

  /** Show another page. @param {number} by @param {{force?: boolean}} [how] */
  turn(by, { force = false } = {}) {
    if (this.pages < 2 || (!force && this.isHeld())) return;
    this.page += by;
    this.settle({ force: true });
  }

  /** Put everything where it belongs, unless somebody is at the wall. @param {{force?: boolean}} [how] */
  settle({ force = false } = {}) {
    const wait = this.settledMs + SETTLE_MS - performance.now();
    if (!force && wait > 0) {
      this.settling ||= setTimeout(() => this.settle(), wait);
      return;
    }
    clearTimeout(this.settling);
    this.settling = 0;
    this.settledMs = performance.now();
    this.place(force || !this.isHeld());
  }

  /** @param {boolean} mayMove */
  place(mayMove) {
    const { choice, texts } = this;
    const every = this.entries();
    const troubled = arranged(every.filter(({ attention }) => attention), "trouble");
    const ordered = this.heard ? arranged(every, choice.order) : every;
    const chosen = ordered.filter((entry) => matches(entry, choice));
    const size = kiosk ? pageSize(chosen.length, troubled.length) : Infinity;
    drawStrip(troubled, kiosk ? stripRoom(size) : PEEK, { mayMove, texts });
    const plan = { ordered, chosen, size };
    if (mayMove) this.apply(plan);
    byId("held").hidden = mayMove || !this.differs(plan);
    say("chosen-words", fill(texts["chosen"], { n: chosen.length, m: every.length, what: described(choice) }));
  }

  /** @param {Plan} plan */
  apply({ ordered, chosen, size }) {
    const stood = this.places();
    this.pages = Math.max(1, Math.ceil(chosen.length / size));
    this.page = ((this.page % this.pages) + this.pages) % this.pages;
    this.put(ordered.map(({ serial }) => serial));
    const seen = this.visible({ chosen, size });
    for (const { entry, root } of this.tiles.values()) {
      flag(root, "hidden", !seen.has(entry.serial));
      flag(root, "data-roomy", entry.in_session || entry.attention);
    }
    byId("empty").hidden = ordered.length > 0;
    byId("none-shown").hidden = chosen.length > 0 || !ordered.length;
    byId("strip").hidden = !ordered.length;
    if (kiosk) this.layOut(chosen.length, size);
    const now = performance.now();
    for (const [serial, place] of this.places()) if (stood.get(serial) !== place) this.tileOf(serial).movedMs = now;
  }

  /** Where each tile that is seen stands, as far as others and the strip decide it. */
  places() {
    const above = kiosk ? body.dataset.pageSize : this.choice.order === "place" ? byId("strip-list").childElementCount : "";
    const seen = wall.querySelectorAll(".tile:not([hidden])");
    return new Map(Array.from(seen, (root, at) => [/** @type {HTMLElement} */ (root).dataset.serial ?? "", `${above} ${at}`]));
  }

  /** Whether what is pressed now may have been aimed at the tile that stood there before. @param {string} serial */
  hasJustMoved(serial) {
    return performance.now() - (this.tiles.get(serial)?.movedMs ?? -Infinity) < AIM_MS;
  }

  /** @param {{chosen: Trouble[], size: number}} plan */
  visible({ chosen, size }) {
    const from = size === Infinity ? 0 : this.page * size;
    return new Set(chosen.slice(from, from + size).map(({ serial }) => serial));
  }

  /** Whether something would move, come or go. @param {Plan} plan */
  differs({ ordered, chosen, size }) {
    const seen = this.visible({ chosen, size });
    let at = wall.firstElementChild;
    for (const { serial } of ordered) {
      if (this.tiles.get(serial)?.root !== at || at?.hasAttribute("hidden") === seen.has(serial)) return true;
      at = at?.nextElementSibling ?? null;
    }
    return at !== null;
  }

  /** @param {string[]} serials */
  put(serials) {
    const wanted = new Set(serials);
    for (const [serial, tile] of this.tiles) {
      if (wanted.has(serial)) continue;
      tile.root.remove();
      this.tiles.delete(serial);
    }
    const now = Array.from(wall.children, (root) => /** @type {HTMLElement} */ (root).dataset.serial ?? "");
    const standing = new Set(now);
    const moving = movers(now, serials.filter((serial) => standing.has(serial)));
    const focused = document.activeElement;
    /** @type {Element | null} */
    let previous = null;
    for (const serial of serials) {
      const { root } = this.tileOf(serial);
      if (!standing.has(serial) || moving.has(serial)) {
        if (previous) previous.after(root);
        else wall.prepend(root);
      }
      previous = root;
    }
    if (focused !== document.activeElement && wall.contains(focused)) /** @type {HTMLElement} */ (focused).focus();
  }

  /** @param {number} shown @param {number} size */
  layOut(shown, size) {
    body.dataset.pageSize = String(size);
    body.dataset.fit = String([6, 12].find((most) => shown <= most) ?? 24);
    byId("pages").hidden = this.pages < 2;
    say("page-words", fill(this.texts["page"], { n: this.page + 1, m: this.pages }));
  }
}
