// Asking a device for something on its page, and what became of each: the forms work without this; with it nobody
// leaves the page, and a stop has a second way.

import { asker, begin, marks } from "./asking.js";
import { announcer, drawMark } from "./command-mark.js";
import { readTargets, readValue } from "./device-lower.js";
import { byId, set, write } from "./dom.js";
import { fill } from "./words.js";

/** @typedef {import("./asker.js").Asker} Asker */
/** @typedef {Record<string, any>} Args */
/** @typedef {{verb: import("./ask.js").Verb, args?: Args, reason?: string}} Deed */

const MOST = 12; // lines
/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/**
 * @param {object} options
 * @param {string} options.serial
 * @param {() => number | null} options.now the server's time, Unix ms
 * @param {() => void} options.lockMoved what is known of the lock has to be read anew
 */
export function watchAsked({ serial, now, lockMoved }) {
  const list = document.getElementById("asked");
  if (list === null) return { hear: () => {} }; // a device out of service for good: there is nothing to ask
  const blank = /** @type {HTMLTemplateElement} */ (byId("asked-line"));
  const voice = announcer(byId("asked-said"));
  const name = document.querySelector("#head h1")?.textContent ?? serial;
  let locks = "";

  asker.on("change", (serials) => {
    if (serials.has(serial)) draw();
  });
  document.addEventListener("submit", submitted);
  begin({ now });
  draw();
  return { hear: (/** @type {Record<string, any>} */ message) => asker.hear(message) };

  function draw() {
    const faces = marks.all(serial).slice(0, MOST);
    const rows = new Map(Array.from(list?.children ?? [], (row) => [/** @type {HTMLElement} */ (row).dataset.id, row]));
    if (!asker.store.complete && faces.length === 0) return; // nothing was heard yet: what the server rendered stands
    const wanted = faces.map((face) => lineOf(face, rows.get(face.id)));
    if (wanted.some((row, at) => list?.children[at] !== row) || wanted.length !== list?.children.length) list?.replaceChildren(...wanted);
    /** @type {HTMLElement} */ (list).hidden = wanted.length === 0;
    for (const face of faces) voice.tell(name, face);
    marks.of(serial); // has what counts down drawn again
    const known = faces.filter(({ verb }) => verb === "lock" || verb === "unlock").map(({ id, stage }) => id + stage).join();
    if (known !== locks) lockMoved();
    locks = known;
  }

  /** @param {import("./command-words.js").CommandFace} face @param {Element | undefined} drawn */
  function lineOf(face, drawn) {
    const row = /** @type {HTMLElement} */ (drawn ?? blank.content.firstElementChild?.cloneNode(true));
    set(row, "data-id", face.id);
    drawMark(/** @type {HTMLElement} */ (row.querySelector(".asked")), face, { long: true });
    const more = /** @type {HTMLAnchorElement} */ (row.querySelector('[data-f="more"]'));
    const known = asker.store.commands.get(face.id);
    more.hidden = !known;
    write(/** @type {HTMLElement} */ (row.querySelector('[data-f="by"]')), known?.actor ? fill(texts["asked.by"], { name: known.actor }) : "");
    if (known) set(more, "href", `${list?.dataset.url}${face.id}/`);
    return row;
  }

  /** @param {SubmitEvent} event */
  function submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.dataset.ask) return;
    event.preventDefault();
    const said = form.closest("section")?.querySelector(`[data-said="${form.dataset.ask}"]`);
    try {
      for (const deed of deedsOf(form, /** @type {HTMLButtonElement | null} */ (event.submitter))) asker.ask({ serial, ...deed });
      tell(said, "");
      if (form.dataset.ask === "lock" || form.dataset.ask === "unlock" || form.querySelector('[name="to_ma"]')) form.reset();
    } catch (error) {
      tell(said, error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {Element | null | undefined} said @param {string} words */
function tell(said, words) {
  if (!(said instanceof HTMLElement)) return;
  write(said, words);
  said.hidden = words === "";
}

/** What a form asks for.  Throws with words what cannot be.
 * @param {HTMLFormElement} form @param {HTMLButtonElement | null} pressed @returns {Deed[]} */
function deedsOf(form, pressed) {
  const given = new FormData(form);
  const text = (/** @type {string} */ field) => String(given.get(field) ?? "").trim();
  const verb = /** @type {Deed["verb"]} */ (form.dataset.ask);
  if (verb === "identify") return [{ verb, args: { seconds: Number(pressed?.value ?? 10) } }];
  if (verb === "lock") return [{ verb, args: { reason: text("word") || "other" }, reason: text("note") }];
  if (verb === "unlock") return [{ verb, args: { reason: "other" }, reason: text("note") }];
  if (verb !== "lower") return [{ verb }];
  if (pressed?.dataset.step) return readTargets(pressed.value).map((args) => ({ verb, args }));
  return [{ verb, args: readValue(form.dataset.channel ?? "", text("to_ma")) }];
}
