// What people asked of devices, as far as it is in sight: snapshot + events = a fresh snapshot.  Pure.

import { merge, put as putThing } from "./few.js";

/**
 * A command as the API tells it (`GET commands/<id>`), whole.
 * @typedef {object} Command
 * @property {string} id
 * @property {number} rev rises with each change
 * @property {string} device serial
 * @property {string} device_name
 * @property {string} room
 * @property {string | null} site slug
 * @property {"stop" | "pause" | "lower" | "identify" | "lock" | "unlock" | "apply_protocol" | "withdraw" | "rebirth"} verb
 * @property {Record<string, any>} args
 * @property {"requested" | "published" | "received" | "done" | "confirmed" | "unconfirmed" | "refused" | "expired"} state
 * @property {string | null} actor
 * @property {"house" | "direct"} via
 * @property {string | null} stop id of the room's or site's stop that it is part of
 * @property {{outcome: string, reason: string | null} | null} answer the device's word, which is no proof
 * @property {string} requested_at ISO 8601 UTC
 * @property {string | null} published_at
 * @property {string | null} received_at
 * @property {string | null} done_at
 * @property {string | null} confirmed_at
 * @property {string | null} unconfirmed_at
 * @property {string | null} refuted_at current was seen to flow after the device said that it had acted
 * @property {string | null} refused_at
 * @property {string | null} expired_at
 * @property {string} expires_at
 * @property {string | null} proof_due_at without proof by then it is unconfirmed
 */

const FRESH_MS = 60_000; // as `fleet.control.queries`: so long a command that is over stays in sight
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const OPEN = new Set(["requested", "published", "received"]);
const STEPS = /** @type {const} */ (["requested_at", "done_at", "confirmed_at", "unconfirmed_at", "refuted_at", "refused_at", "expired_at"]);

export const emptyCommands = () => ({
  /** A snapshot came: what is not here is not in sight. */
  complete: false,
  /** By id. @type {Map<string, Command>} */
  commands: new Map(),
  /** Ids by serial, in the order in which they became known. @type {Map<string, Set<string>>} */
  ofDevice: new Map(),
});

/** @typedef {ReturnType<typeof emptyCommands>} CommandStore */
/** @typedef {{all: boolean, ids: Set<string>, serials: Set<string>}} Changed `serials`: devices to be drawn again */

/** Take one message of the live socket in; what it says of other things changes nothing here.
 * @param {CommandStore} store @param {Record<string, any>} message @returns {Changed} */
export function take(store, message) {
  const { held, all, ids } = merge(store.commands, message, "command");
  /** @type {Changed} */
  const changed = { all, ids, serials: new Set() };
  if (all) {
    for (const serial of store.ofDevice.keys()) changed.serials.add(serial);
    store.commands = held;
    store.ofDevice = new Map();
    store.complete = true;
  }
  for (const id of ids) changed.serials.add(file(store, /** @type {Command} */ (held.get(id))));
  return changed;
}

/** Take one command in, as an answer tells it; a repeat or a late arrival changes nothing.
 * @param {CommandStore} store @param {Command} command */
export function put(store, command) {
  if (!putThing(store.commands, command)) return false;
  file(store, command);
  return true;
}

/** Find it by its device from now on; return the serial. @param {CommandStore} store @param {Command} command */
function file(store, { id, device }) {
  const ids = store.ofDevice.get(device);
  if (ids) ids.add(id);
  else store.ofDevice.set(device, new Set([id]));
  return device;
}

/** What is known of a device, the newest first. @param {CommandStore} store @param {string} serial @returns {Command[]} */
export function ofDevice(store, serial) {
  const ids = store.ofDevice.get(serial);
  if (!ids) return [];
  const found = Array.from(ids, (id) => /** @type {Command} */ (store.commands.get(id)));
  return found.sort((one, other) => (one.requested_at < other.requested_at ? 1 : one.requested_at > other.requested_at ? -1 : 0));
}

/** The commands of one stop of a room or site. @param {CommandStore} store @param {string} id */
export const ofStop = (store, id) => Array.from(store.commands.values()).filter(({ stop }) => stop === id);

/** Whether a fresh snapshot would hold it.  Twin of `fleet.control.queries.in_sight`.
 * @param {CommandStore} store @param {Command} command @param {number} nowMs of the server */
export function inSight(store, command, nowMs) {
  const { verb, state } = command;
  if (verb === "rebirth" || verb === "apply_protocol" || verb === "withdraw") return false;
  if (OPEN.has(state)) return true;
  const agoMs = nowMs - Date.parse(command.requested_at);
  if (state === "unconfirmed" && isLastWord(store, command)) return agoMs < WEEK_MS;
  if (agoMs >= DAY_MS) return false;
  return STEPS.some((step) => command[step] !== null && Date.parse(/** @type {string} */ (command[step])) > nowMs - FRESH_MS);
}

/** A stop or pause, unless it never left and the device has shown a later stop; the newest about a lock.
 * @param {CommandStore} store @param {Command} command */
function isLastWord(store, { verb, device, requested_at: at, published_at: left, answer }) {
  const isLater = (/** @type {Command} */ one) => one.requested_at > at;
  if (verb === "lock" || verb === "unlock") {
    return !ofDevice(store, device).some((one) => (one.verb === "lock" || one.verb === "unlock") && isLater(one));
  }
  if (verb !== "stop" && verb !== "pause") return false;
  const neverLeft = left === null && answer === null;
  return !neverLeft || !ofDevice(store, device).some((one) => one.verb === "stop" && one.state === "confirmed" && isLater(one));
}

/** Forget what is no longer in sight; return the serials it concerned. @param {CommandStore} store @param {number} nowMs */
export function prune(store, nowMs) {
  /** @type {Set<string>} */
  const serials = new Set();
  for (const command of Array.from(store.commands.values()).filter((one) => !inSight(store, one, nowMs))) {
    store.commands.delete(command.id);
    const ids = store.ofDevice.get(command.device);
    ids?.delete(command.id);
    if (ids?.size === 0) store.ofDevice.delete(command.device);
    serials.add(command.device);
  }
  return serials;
}
