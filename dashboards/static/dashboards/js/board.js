// The tiles: drawn a slice a frame, put in order, chosen from, and on a screen on the wall turned by the page.

import { arranged, filters, matches, pageSize, stripRoom } from "./choice.js";
import { described } from "./chooser.js";
import { byId, flag, say } from "./dom.js";
import { movers } from "./order.js";
import { drawStrip } from "./strip.js";
import { Tile } from "./tile.js";
import { age, face, fill } from "./words.js";

const SLICE_MS = 12; // of one frame, for drawing; the rest waits for the next
const SETTLE_MS = 500; // between two looks at who has to move
const PEEK = 12; // as `tiles.py`
const KINDS = /** @type {const} */ (["in_session", "attention", "silent"]);
const { body } = document;
const wall = byId("content");
const kiosk = "kiosk" in body.dataset;

/** @typedef {import("./choice.js").Choice} Choice */

/** @param {{texts: Record<string, string>, store: import("./store.js").Store,
 *   server: import("./clock.js").ServerClock, choice: Choice, isHeld: () => boolean, drawn: () => void}} options */
export function makeBoard({ texts, store, server, choice: first, isHeld, drawn: told }) {
  /** @type {Map<string, Tile>} */
  const tiles = new Map();
  let choice = first;
  let page = 0;
  let pages = 1;
  let heard = false; // a snapshot came: its order is the order of places

  // --- drawing ---

  /** @type {Set<string>} */
  const waiting = new Set();
  /** @type {(() => void)[]} */
  let whenDrawn = [];
  let frame = 0;

  /** Draw these devices; resolves when they are on the screen. @param {Iterable<string>} serials */
  function draw(serials) {
    for (const serial of serials) waiting.add(serial);
    const done = new Promise((/** @type {(value: void) => void} */ resolve) => whenDrawn.push(resolve));
    schedule();
    return done;
  }

  function schedule() {
    if (document.hidden) drawSlice(Infinity); // no frame comes to a hidden tab
    else if (!frame) frame = requestAnimationFrame(() => drawSlice(SLICE_MS));
  }

  /** @param {number} budgetMs */
  function drawSlice(budgetMs) {
    frame = 0;
    const until = performance.now() + budgetMs;
    const drawn = [];
    for (const serial of waiting) {
      waiting.delete(serial);
      const device = store.devices.get(serial);
      if (device === undefined) continue;
      const tile = tileOf(serial);
      const at = performance.now();
      tile.draw(device, face(device, texts));
      tell(tile, server.now(at));
      drawn.push({ serial, rev: device.rev, t: at });
      if (at > until) break;
    }
    if (drawn.length) document.dispatchEvent(new CustomEvent("myofleet:drawn", { detail: drawn }));
    if (waiting.size) return schedule();
    count();
    settle();
    told();
    for (const resolve of whenDrawn.splice(0)) resolve();
  }

  /** @param {string} serial */
  function tileOf(serial) {
    let tile = tiles.get(serial);
    if (tile === undefined) tiles.set(serial, (tile = Tile.blank(serial)));
    return tile;
  }

  /** Write a tile's age. @param {Tile} tile @param {number | null} now Unix ms of the server */
  function tell(tile, now) {
    if (now !== null) tile.tick(age(tile.heardMs === null ? null : now - tile.heardMs, texts));
  }

  function count() {
    const counts = { all: heard ? store.devices.size : tiles.size, in_session: 0, attention: 0, silent: 0 };
    for (const entry of entries()) for (const kind of KINDS) counts[kind] += Number(entry[kind]);
    for (const [kind, n] of Object.entries(counts)) say(`count-${kind}`, String(n));
    const some = byId("count-attention").parentElement;
    if (some) flag(some, "data-some", counts.attention > 0);
  }

  /** What is known of each device, by place. */
  function entries() {
    const serials = heard ? store.devices.keys() : tiles.keys();
    return Array.from(serials, (serial) => tileOf(serial).entry);
  }

  // --- who stands where ---

  let settledMs = -Infinity;
  let settling = 0;

  /** Put everything where it belongs, unless somebody is at the wall. @param {{force?: boolean}} [how] */
  function settle({ force = false } = {}) {
    const wait = settledMs + SETTLE_MS - performance.now();
    if (!force && wait > 0) {
      settling ||= setTimeout(settle, wait);
      return;
    }
    clearTimeout(settling);
    settling = 0;
    settledMs = performance.now();
    const mayMove = force || !isHeld();
    const every = entries();
    const troubled = arranged(every.filter(({ attention }) => attention), "trouble");
    const ordered = heard ? arranged(every, choice.order) : every;
    const chosen = ordered.filter((entry) => matches(entry, choice));
    const size = kiosk ? pageSize(chosen.length, troubled.length) : Infinity;
    drawStrip(troubled, kiosk ? stripRoom(size) : PEEK, { mayMove, texts });
    const plan = { ordered, chosen, size };
    if (mayMove) apply(plan);
    byId("held").hidden = mayMove || !differs(plan);
    say("chosen-words", fill(texts["chosen"], { n: chosen.length, m: every.length, what: described(choice) }));
  }

  /** @typedef {{ordered: {serial: string}[], chosen: {serial: string}[], size: number}} Plan */

  /** @param {Plan} plan */
  function apply({ ordered, chosen, size }) {
    pages = Math.max(1, Math.ceil(chosen.length / size));
    page = ((page % pages) + pages) % pages;
    put(ordered.map(({ serial }) => serial));
    const seen = visible({ chosen, size });
    for (const { entry, root } of tiles.values()) {
      flag(root, "hidden", !seen.has(entry.serial));
      flag(root, "data-roomy", entry.in_session || entry.attention);
    }
    byId("empty").hidden = ordered.length > 0;
    byId("none-shown").hidden = chosen.length > 0 || !ordered.length;
    byId("strip").hidden = !ordered.length;
    if (kiosk) layOut(chosen.length, size);
  }

  /** @param {{chosen: {serial: string}[], size: number}} plan */
  function visible({ chosen, size }) {
    const from = size === Infinity ? 0 : page * size;
    return new Set(chosen.slice(from, from + size).map(({ serial }) => serial));
  }

  /** Whether something would move or appear. @param {Plan} plan */
  function differs({ ordered, chosen, size }) {
    const seen = visible({ chosen, size });
    let at = wall.firstElementChild;
    for (const { serial } of ordered) {
      if (tiles.get(serial)?.root !== at || at?.hasAttribute("hidden") === seen.has(serial)) return true;
      at = at?.nextElementSibling ?? null;
    }
    return at !== null;
  }

  /** @param {string[]} serials */
  function put(serials) {
    const wanted = new Set(serials);
    for (const [serial, tile] of tiles) {
      if (wanted.has(serial)) continue;
      tile.root.remove();
      tiles.delete(serial);
    }
    const now = Array.from(wall.children, (root) => /** @type {HTMLElement} */ (root).dataset.serial ?? "");
    const standing = new Set(now);
    const moving = movers(now, serials.filter((serial) => standing.has(serial)));
    const focused = document.activeElement;
    /** @type {Element | null} */
    let previous = null;
    for (const serial of serials) {
      const { root } = tileOf(serial);
      if (!standing.has(serial) || moving.has(serial)) {
        if (previous) previous.after(root);
        else wall.prepend(root);
      }
      previous = root;
    }
    if (focused !== document.activeElement && wall.contains(focused)) /** @type {HTMLElement} */ (focused).focus();
  }

  /** @param {number} shown @param {number} size */
  function layOut(shown, size) {
    body.dataset.pageSize = String(size);
    body.dataset.fit = String([6, 12].find((most) => shown <= most) ?? 24);
    byId("pages").hidden = pages < 2;
    say("page-words", fill(texts["page"], { n: page + 1, m: pages }));
  }

  return {
    draw,
    settle,
    /** A hidden tab came back: the frame that was asked for will not come any more. */
    wake() {
      if (document.hidden || !frame) return;
      cancelAnimationFrame(frame);
      drawSlice(Infinity);
    },
    /** A snapshot came: devices may have come and gone. */
    heard() {
      heard = true;
      const isLarge = Array.from(store.devices.values()).some((device) => device.channels.length > 8);
      wall.dataset.channels = isLarge ? "16" : "8"; // as `tiles.channel_rows`
    },
    /** Let time pass for every tile, or for a share of them. @param {number} [share] @param {number} [of] */
    tick(share, of = 1) {
      const now = server.now(performance.now());
      let n = 0;
      for (const tile of tiles.values()) if (share === undefined || n++ % of === share) tell(tile, now);
    },
    /** @param {Choice} wanted */
    choose(wanted) {
      choice = wanted;
      page = 0;
      body.dataset.order = choice.order;
      flag(body, "data-filtered", filters(choice));
      byId("chosen").hidden = !filters(choice);
      settle({ force: true });
    },
    /** Show another page. @param {number} by @param {{force?: boolean}} [how] */
    turn(by, { force = false } = {}) {
      if (pages < 2 || (!force && isHeld())) return;
      page += by;
      settle({ force: true });
    },
    /** @param {string} serial */
    tile: (serial) => tiles.get(serial),
    /** Take over what the server rendered, in slices: hundreds of tiles are more than one task's work. */
    async adopt() {
      let until = 0; // this task has loaded the modules: begin with another
      for (const root of wall.querySelectorAll(".tile")) {
        if (performance.now() >= until) {
          await new Promise((resolve) => setTimeout(resolve));
          until = performance.now() + SLICE_MS;
        }
        const tile = new Tile(/** @type {HTMLElement} */ (root));
        tiles.set(tile.entry.serial, tile);
      }
    },
  };
}
