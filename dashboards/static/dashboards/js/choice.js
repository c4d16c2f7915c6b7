// Which devices a wall shows, and in which order: what stands in its address.  Pure.
// The twin of `dashboards/words/choices.py`; a test holds the two together.

const ORDERS = ["place", "trouble"];
const COUNTED = ["in_session", "attention", "silent"];
const STATES = [...COUNTED, "on", "paused", "ready", "idle", "charging", "fault", "lost", "never", "conflict"];
const LONGEST = 80;

/** @typedef {{order: string, room: string, state: string, text: string}} Choice empty means everything */
/** @typedef {{name: string, serial: string, room: string, tone: string, rank: number, in_session: boolean,
 *   attention: boolean, silent: boolean}} Entry what is known of a tile here */

/** Read an address. @param {string} search @param {{remembered: string, kiosk: boolean}} other @returns {Choice} */
export function choiceOf(search, { remembered, kiosk }) {
  const asked = new URLSearchParams(search);
  const usual = kiosk ? "place" : ORDERS.includes(remembered) ? remembered : "trouble";
  const order = asked.get("order") ?? "";
  const state = asked.get("state") ?? "";
  return {
    order: ORDERS.includes(order) ? order : usual,
    room: asked.get("room") ?? "",
    state: STATES.includes(state) ? state : "",
    text: Array.from(asked.get("q") ?? "").slice(0, LONGEST).join(""),
  };
}

/** Write it into an address, whose other parameters stay. @param {string} search @param {Choice} choice */
export function addressOf(search, choice) {
  const asked = new URLSearchParams(search);
  const said = { order: choice.order, room: choice.room, state: choice.state, q: choice.text };
  for (const [name, value] of Object.entries(said)) {
    if (value) asked.set(name, value);
    else asked.delete(name);
  }
  return `?${asked}`;
}

/** @param {Choice} choice */
export const filters = ({ room, state, text }) => Boolean(room || state || text);

/** Whether a tile is shown. @param {Entry} entry @param {Choice} choice */
export function matches(entry, choice) {
  if (choice.room && entry.room !== choice.room) return false;
  if (choice.state && !isIn(entry, choice.state)) return false;
  const searched = `${entry.name} ${entry.serial} ${entry.room}`.toLowerCase();
  return choice.text.toLowerCase().split(" ").every((word) => searched.includes(word));
}

/** @param {Entry} entry @param {string} state */
function isIn(entry, state) {
  if (COUNTED.includes(state)) return Boolean(entry[/** @type {"silent"} */ (state)]);
  return state === (entry.tone === "ramping" ? "on" : entry.tone);
}

/** The entries, which come by place, in this order. @template {{rank: number}} T @param {T[]} entries @param {string} order */
export function arranged(entries, order) {
  return order === "trouble" ? [...entries].sort((one, other) => one.rank - other.rank) : entries;
}

// --- a screen on the wall, which nobody scrolls ---

const PAGE = 24;
/** By the number of tiles on a page: how many troubles the strip above them has room for. */
const STRIP = /** @type {[number, number][]} */ ([[24, 4], [18, 12], [12, 20]]);

/** How many tiles stand on one page. @param {number} shown @param {number} troubled */
export function pageSize(shown, troubled) {
  if (shown <= PAGE) return PAGE;
  return (STRIP.find(([, room]) => troubled <= room) ?? [12])[0];
}

/** @param {number} size */
export const stripRoom = (size) => (STRIP.find(([tiles]) => tiles === size) ?? [0, 4])[1];
