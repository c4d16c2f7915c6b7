// Draws what became of that which was asked of a device.  It says what `marks.js` found; where it stands, and how
// large, is the page's matter.
//
//   <p class="asked" data-f="asked" hidden></p>            an element of the page, empty or rendered by the server
//   drawMark(element, marks.of(serial));                   null: nothing is to be said, and it is hidden
//   drawMark(element, marks.of(serial), { long: true });   whole sentences, and what to do now

import { set, write } from "./dom.js";

/** @typedef {import("./command-words.js").CommandFace} CommandFace */

/** @param {HTMLElement} element @param {CommandFace | null} mark @param {{long?: boolean}} [how] */
export function drawMark(element, mark, { long = false } = {}) {
  const isHidden = mark === null;
  if (element.hidden !== isHidden) element.hidden = isHidden;
  if (mark === null) {
    for (const name of ["data-tone", "data-stage", "data-command"]) element.removeAttribute(name);
    return;
  }
  const [words, left, next] = partsOf(element);
  set(element, "data-tone", mark.tone);
  set(element, "data-stage", mark.stage);
  set(element, "data-command", mark.id);
  write(words, long ? mark.long : mark.short);
  write(left, mark.left_s === null ? "" : String(mark.left_s));
  write(next, long ? mark.next : "");
}

/** The words, the seconds left (not read aloud: they would be read each second), what to do now. @param {HTMLElement} element */
function partsOf(element) {
  if (element.children.length < 4) {
    const sign = document.createElement("i");
    sign.setAttribute("aria-hidden", "true");
    const words = document.createElement("b");
    const left = document.createElement("span");
    left.className = "left";
    left.setAttribute("aria-hidden", "true");
    const next = document.createElement("span");
    next.className = "next-step";
    element.replaceChildren(sign, words, left, next);
  }
  return Array.from(element.children).slice(1, 4);
}

/**
 * Says aloud, once each, what has come to an end or needs somebody; not every step on the way.
 * @param {HTMLElement} element a live region: role="status"
 */
export function announcer(element) {
  /** @type {Map<string, string>} */
  const said = new Map();
  return {
    /** @param {string} who the name of the device @param {CommandFace} mark */
    tell(who, mark) {
      const key = `${mark.id} ${who}`;
      if (mark.tone === "busy" || said.get(key) === mark.stage) return;
      said.set(key, mark.stage);
      element.textContent = `${who}: ${mark.long} ${mark.next}`.trim();
    },
  };
}
