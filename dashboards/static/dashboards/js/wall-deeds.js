// What hands do on a wall: stop a device by its tile, a room or the site by what is held, and let a room be found.

import { csrf } from "./asking.js";
import { announcer } from "./command-mark.js";
import { byId, write } from "./dom.js";
import { holdToAct } from "./hold.js";
import { StopPanel } from "./stop-panel.js";
import { fill } from "./words.js";

const HINT_MS = 4_000;
const IDENTIFY_S = 10;
const IDENTIFY_MS = 8_000; // for the house's answer

/** @typedef {import("./asker.js").Asker} Asker */
/** @typedef {import("./strip.js").Trouble} Trouble */

/**
 * @param {{asker: Asker, marks: import("./marks.js").Marks, texts: Record<string, string>, entries: () => Trouble[], now: () => number | null,
 *   hasJustMoved: (serial: string) => boolean}} options `entries`: the tiles; `now`: Unix ms of the server
 */
export function watchDeeds({ asker, marks, texts, entries, now, hasJustMoved }) {
  const mayStop = document.getElementById("stop-all") !== null;
  const { stopUrl = "", site = "" } = document.body.dataset;
  const panel = new StopPanel({
    asker, texts, mayStop, stopUrl, entries,
    markOf: (serial) => marks.of(serial),
    serverNow: () => now() ?? Date.now(),
  });
  const aloud = announcer(byId("asked-said"));
  asker.on("change", (serials) => {
    panel.take();
    tellAloud(serials);
  });
  panel.take();
  if (mayStop) offer();
  return panel;

  function offer() {
    const place = byId("stop-site");
    const tell = hinter(byId("hold-said"), () => texts["stop.what.site"]);
    holdToAct(place, { act: () => stop(""), tell });
    byId("content").addEventListener("click", (event) => pressed(event, () => tell("moved")));
    rooms(/** @type {HTMLDialogElement} */ (byId("rooms")));
    document.body.dataset.hands = "";
  }

  /** Of a stop of many the panel tells, once for all. @param {Set<string>} serials */
  function tellAloud(serials) {
    for (const { serial, name } of entries()) {
      const mark = serials.has(serial) ? marks.of(serial) : null;
      if (mark && mark.stop === null) aloud.tell(name, mark);
    }
  }

  /** One press on a tile.  A finger lands on what has just come there; what a mouse is over is held still, and the
   * keyboard's press (`detail` 0) goes to what has the focus.
   * @param {MouseEvent & {pointerType?: string}} event @param {() => void} miss says that nothing was sent */
  function pressed({ target, detail, pointerType }, miss) {
    const button = target instanceof Element ? target.closest('[data-does="stop"]') : null;
    const serial = /** @type {HTMLElement | null} */ (button?.closest(".tile"))?.dataset.serial;
    if (!serial) return;
    if (detail > 0 && pointerType !== "mouse" && hasJustMoved(serial)) miss();
    else asker.ask({ serial, verb: "stop" });
  }

  /** @param {string} room "": the whole site */
  function stop(room) {
    const serials = entries().filter((one) => one.may_be_on && (!room || one.room === room)).map(({ serial }) => serial);
    panel.begin(asker.stopSite({ room, serials }));
  }

  /** Says what has to be done for it to happen. @param {HTMLElement} said @param {() => string} what */
  function hinter(said, what) {
    let timer = 0;
    return (/** @type {import("./hold.js").Hint | "moved"} */ hint) => {
      clearTimeout(timer);
      write(said, hint === "done" ? "" : fill(texts[`stop.${hint}`], { what: what() }));
      timer = setTimeout(() => write(said, ""), HINT_MS);
    };
  }

  /** @param {HTMLDialogElement} dialog */
  function rooms(dialog) {
    const list = byId("rooms-list");
    const said = byId("rooms-said");
    const blank = /** @type {HTMLTemplateElement} */ (byId("room-row"));
    byId("rooms-open").addEventListener("click", () => {
      write(said, "");
      const known = byRoom(entries());
      byId("rooms-none").hidden = known.size > 0;
      list.replaceChildren(...Array.from(known, ([room, some]) => rowOf(room, some)));
      dialog.showModal();
    });
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog || (target instanceof Element && target.closest('[data-does="close"]'))) dialog.close();
    });

    /** @param {string} room @param {Trouble[]} some */
    function rowOf(room, some) {
      const row = /** @type {HTMLElement} */ (blank.content.firstElementChild?.cloneNode(true));
      const part = (/** @type {string} */ field) => /** @type {HTMLElement} */ (row.querySelector(`[data-f="${field}"]`));
      write(part("room"), room);
      write(part("about"), fill(texts["rooms.about"], { n: some.length, m: some.filter((one) => one.may_be_on).length }));
      for (const field of ["stopped", "identified"]) part(field).textContent = ` ${room}`;
      const hold = /** @type {HTMLElement} */ (row.querySelector('[data-does="stop-room"]'));
      holdToAct(hold, {
        act() {
          dialog.close();
          stop(room);
        },
        tell: hinter(said, () => room),
      });
      row.querySelector('[data-does="identify"]')?.addEventListener("click", () => void identify(room, said));
      return row;
    }
  }

  /** Let every device of a room that is heard blink and beep. @param {string} room @param {HTMLElement} said */
  async function identify(room, said) {
    write(said, fill(texts["identify.sending"], { room }));
    try {
      const answer = await fetch(`/api/v1/sites/${encodeURIComponent(site)}/identify`, {
        method: "POST", body: JSON.stringify({ room, seconds: IDENTIFY_S }), signal: AbortSignal.timeout(IDENTIFY_MS),
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.detail ?? "");
      const n = body.commands.length;
      write(said, fill(texts[n ? "identify.sent" : "identify.nobody"], { n, room }));
    } catch (error) {
      write(said, fill(texts["identify.failed"], { room, why: error instanceof Error ? error.message : "" }).trim());
    }
  }
}

/** @param {Trouble[]} entries @returns {Map<string, Trouble[]>} by room, as people count them */
function byRoom(entries) {
  /** @type {Map<string, Trouble[]>} */
  const known = new Map();
  for (const entry of entries) {
    if (!entry.room) continue;
    const some = known.get(entry.room);
    if (some) some.push(entry);
    else known.set(entry.room, [entry]);
  }
  return new Map([...known].sort(([one], [other]) => one.localeCompare(other, undefined, { numeric: true })));
}
