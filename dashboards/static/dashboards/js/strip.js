// The strip above the wall: whoever asks for attention, the worst first, whatever is chosen below.

import { byId, flag, linkTo, set, write } from "./dom.js";
import { fill } from "./words.js";

/** @typedef {import("./choice.js").Entry & {status: string, next: string, alert: string, may_be_on: boolean}} Trouble */

const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("trouble"));
const list = byId("strip-list");
const calm = byId("strip-calm");
const rest = byId("strip-more");

/** @type {Map<string, HTMLElement>} */
const known = new Map();
for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-serial]"))) {
  known.set(item.dataset.serial ?? "", item);
}

/**
 * Say what the trouble is; where it stands in the strip changes only if `mayMove`.
 * @param {Trouble[]} troubled the worst first @param {number} room how many fit
 * @param {{mayMove: boolean, texts: Record<string, string>}} options
 */
export function drawStrip(troubled, room, { mayMove, texts }) {
  const shown = troubled.slice(0, room);
  for (const trouble of shown) {
    const item = known.get(trouble.serial);
    if (item) describe(item, trouble);
  }
  // While a hand holds it, it may name nobody new; but it must not say that all is well.
  flag(calm, "data-some", troubled.length > 0);
  const [, words] = calm.children;
  write(words, troubled.length ? fill(texts["strip.held"], { n: troubled.length }) : texts["strip.calm"]);
  if (!mayMove) return;
  const serials = new Set(shown.map(({ serial }) => serial));
  for (const [serial, item] of known) {
    if (serials.has(serial)) continue;
    item.remove();
    known.delete(serial);
  }
  let at = list.firstElementChild;
  for (const trouble of shown) {
    const item = known.get(trouble.serial) ?? make(trouble);
    if (item === at) at = at.nextElementSibling;
    else list.insertBefore(item, at);
  }
  calm.hidden = shown.length > 0;
  rest.hidden = troubled.length <= room;
  if (!rest.hidden) write(rest, fill(texts["strip.more"], { n: troubled.length - room }));
}

/** @param {Trouble} trouble */
function make(trouble) {
  const item = /** @type {HTMLElement} */ (blank.content.firstElementChild?.cloneNode(true));
  item.dataset.serial = trouble.serial;
  linkTo(/** @type {HTMLAnchorElement} */ (item.querySelector("a")), trouble.serial);
  describe(item, trouble);
  known.set(trouble.serial, item);
  return item;
}

/** @param {HTMLElement} item @param {Trouble} trouble */
function describe(item, trouble) {
  set(item, "data-tone", trouble.tone);
  if (trouble.alert) set(item, "data-alert", trouble.alert);
  else item.removeAttribute("data-alert");
  for (const field of /** @type {const} */ (["name", "room", "status", "next"])) {
    write(/** @type {Element} */ (item.querySelector(`[data-f="${field}"]`)), trouble[field]);
  }
}
