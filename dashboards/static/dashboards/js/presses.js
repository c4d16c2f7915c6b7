// What became of the presses of this page, over a wall that is not live: its tiles are old news and look like it, and
// what somebody pressed a moment ago is not.  Those of a room or the site have a panel of their own.

import { drawMark } from "./command-mark.js";

const MOST = 5;
const PROVED_MS = 60_000; // so long a press of which all is well is still told

/** @typedef {import("./ask.js").Ask} Ask */

export class Presses {
  /** @param {HTMLElement} place @param {{asker: import("./asker.js").Asker, marks: import("./marks.js").Marks}} options */
  constructor(place, { asker, marks }) {
    this.place = place;
    this.asker = asker;
    this.marks = marks;
    asker.on("change", () => this.draw());
    this.draw();
  }

  draw() {
    const nowMs = this.asker.world.now();
    const told = Array.from(newest(this.asker.asks.values()), (ask) => ({ ask, mark: this.marks.ofAsk(ask) }))
      .filter(({ ask, mark }) => ask.wish.serial !== null && (mark.tone !== "good" || nowMs - ask.pressedMs < PROVED_MS))
      .slice(-MOST)
      .reverse();
    while (this.place.children.length > told.length) this.place.lastElementChild?.remove();
    told.forEach(({ ask, mark }, at) => {
      const row = this.place.children[at] ?? this.place.appendChild(rowOf());
      const [who, said] = Array.from(row.children);
      const name = placeOf(ask.wish.serial ?? "");
      if (who.textContent !== name) who.textContent = name;
      drawMark(/** @type {HTMLElement} */ (said), mark, { long: true });
    });
    this.place.hidden = told.length === 0;
  }
}

/** Of those that ask one device for the same, the last: that an earlier one was proved says nothing of it.
 * @param {Iterable<Ask>} asks the newest last */
function newest(asks) {
  /** @type {Map<string, Ask>} */
  const known = new Map();
  for (const ask of asks) {
    const key = `${ask.wish.verb} ${ask.wish.serial}`;
    known.delete(key);
    known.set(key, ask);
  }
  return known.values();
}

function rowOf() {
  const row = document.createElement("li");
  row.append(document.createElement("b"), document.createElement("p"));
  row.lastElementChild?.classList.add("press");
  return row;
}

/** Where to go, as its tile says it: the device and its room. @param {string} serial */
function placeOf(serial) {
  const tile = document.querySelector(`.tile[data-serial="${CSS.escape(serial)}"]`);
  const said = ["h2", '[data-f="room"]'].map((part) => tile?.querySelector(part)?.textContent?.trim());
  return said.filter(Boolean).join(" · ") || serial;
}
