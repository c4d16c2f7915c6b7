// The keyboard on a wall: from tile to tile, and to everything else with one key.

const SCANNER_MS = 60; // a barcode scanner types on within this: then its first letter was no key

/** @typedef {{[key: string]: (event: KeyboardEvent) => void}} Keys */

/**
 * The tile next to this one, by where they stand on the screen; null at the edge.  Pure.
 * @param {{left: number, top: number, width: number}[]} boxes in reading order @param {number} at
 * @param {string} key an arrow, Home or End
 * @returns {number | null}
 */
export function neighbour(boxes, at, key) {
  if (key === "Home") return 0;
  if (key === "End") return boxes.length - 1;
  if (key === "ArrowRight") return at + 1 < boxes.length ? at + 1 : null;
  if (key === "ArrowLeft") return at > 0 ? at - 1 : null;
  const { left, top, width } = boxes[at];
  const isDown = key === "ArrowDown";
  let best = null;
  for (let n = at; n >= 0 && n < boxes.length; n += isDown ? 1 : -1) {
    const isOtherRow = isDown ? boxes[n].top > top : boxes[n].top < top;
    if (!isOtherRow) continue;
    if (best !== null && boxes[n].top !== boxes[best].top) break;
    if (best === null || Math.abs(boxes[n].left - left) < Math.abs(boxes[best].left - left)) best = n;
    if (Math.abs(boxes[n].left - left) < width / 2) return n;
  }
  return best;
}

/** Move the focus between the tiles that are shown. @param {HTMLElement} wall @param {KeyboardEvent} event */
export function walk(wall, event) {
  const tiles = /** @type {HTMLElement[]} */ (Array.from(wall.querySelectorAll(".tile:not([hidden])")));
  if (!tiles.length) return;
  const here = tiles.findIndex((tile) => tile.contains(document.activeElement));
  const boxes = here < 0 ? [] : tiles.map((tile) => tile.getBoundingClientRect());
  const next = here < 0 ? 0 : neighbour(boxes, here, event.key);
  if (next === null) return;
  event.preventDefault();
  const target = /** @type {HTMLElement} */ (tiles[next].querySelector("h2 a"));
  if (!target.hasAttribute("href")) target.tabIndex = 0;
  target.focus();
}

/** Listen to keys, but not where somebody writes, nor over an open dialog. @param {Keys} keys */
export function listenToKeys(keys) {
  let pending = 0;
  window.addEventListener("keydown", () => clearTimeout(pending), { capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const writes = target.closest("input:not([type=radio]), select, textarea, [contenteditable]") !== null;
    const chooses = target instanceof HTMLInputElement && target.type === "radio" && event.key.startsWith("Arrow");
    if ((writes && event.key !== "Escape") || chooses) return;
    if (/^[a-z]$/.test(event.key)) pending = setTimeout(() => keys[event.key]?.(event), SCANNER_MS);
    else keys[event.key]?.(event);
  });
}
