// What became of a stop of a room or a site: how many are confirmed, and to whom somebody has to go.  Pure.
// The twin of `dashboards/commands/stops.py`; a test holds the two together.

/** @typedef {Record<string, any>} Command the API's command object */
/** @typedef {{asked: number, confirmed: number, unconfirmed: number, waiting: number}} Sums */
/** @typedef {Sums & {room: string, go_to: Command[]}} Room */

const SETTLED = new Set(["unconfirmed", "refused", "expired"]);

/** Whether somebody has to go there: nothing shows that it stopped, and its time for that is over.
 * @param {Command} command @param {number} nowMs of the server */
export const isUnproved = ({ state, proof_due_at: due, expires_at: end }, nowMs) =>
  state !== "confirmed" && (SETTLED.has(state) || Date.parse(due ?? end) <= nowMs);

/** @returns {Sums} */
const none = () => ({ asked: 0, confirmed: 0, unconfirmed: 0, waiting: 0 });

/** @param {Sums} sums @param {Command} command @param {boolean} unproved */
function add(sums, { state }, unproved) {
  sums.asked++;
  if (state === "confirmed") sums.confirmed++;
  else if (unproved) sums.unconfirmed++;
  else sums.waiting++;
}

/**
 * Count the commands of one stop, and by room: first the rooms that somebody has to go to.
 * @param {Iterable<Command>} commands @param {number} nowMs of the server @returns {Sums & {rooms: Room[]}}
 */
export function countOf(commands, nowMs) {
  const sums = none();
  /** @type {Map<string, Room>} */
  const rooms = new Map();
  for (const command of commands) {
    const unproved = isUnproved(command, nowMs);
    add(sums, command, unproved);
    const place = command.room ?? "";
    let room = rooms.get(place);
    if (room === undefined) rooms.set(place, (room = { ...none(), room: place, go_to: [] }));
    add(room, command, unproved);
    if (unproved) room.go_to.push(command);
  }
  const named = (/** @type {Command} */ one) => one.device_name || one.device;
  for (const room of rooms.values()) room.go_to.sort((one, other) => named(one).localeCompare(named(other), undefined, { numeric: true }));
  const ordered = Array.from(rooms.values()).sort((one, other) =>
    Math.sign(other.go_to.length) - Math.sign(one.go_to.length) || Number(!one.room) - Number(!other.room) ||
    one.room.localeCompare(other.room, undefined, { numeric: true }));
  return { ...sums, rooms: ordered };
}

/**
 * Keep of each command the newest; a repeat or a late arrival changes nothing.
 * @param {Map<string, Command>} known @param {Iterable<Command>} commands @returns {boolean} whether anything changed
 */
export function keep(known, commands) {
  let changed = false;
  for (const command of commands) {
    if (command.rev < (known.get(command.id)?.rev ?? 0)) continue;
    if (command.rev > (known.get(command.id)?.rev ?? 0)) changed = true;
    known.set(command.id, command);
  }
  return changed;
}

/**
 * Whether a later stop asks the same of everyone whom this one still waits for, and tells it: two panels would say it
 * twice, and lie over the tiles of others.
 * @param {Iterable<Command>} earlier @param {Iterable<Command>} later
 */
export function isToldBy(earlier, later) {
  const open = Array.from(earlier).filter(({ state }) => state !== "confirmed");
  const since = new Map(Array.from(later, (one) => [one.device, one]));
  return open.length > 0 && open.every((one) => {
    const again = since.get(one.device);
    return again !== undefined && again.state !== "confirmed" && Date.parse(again.requested_at) > Date.parse(one.requested_at);
  });
}
