// Things of a site that are few and each told whole, with an `id` and a `rev`: snapshot + events = a fresh snapshot.
// Pure.  Commands and rollouts are such.

/** @typedef {{id: string, rev: number}} Thing `rev` rises with each change */

/**
 * What is held after a message of the live socket.  A snapshot begins anew; what it says of other things, and repeats
 * and late arrivals, change nothing.
 * @template {Thing} T
 * @param {Map<string, T>} held by id; events are put into it @param {Record<string, any>} message
 * @param {"command" | "rollout"} kind of the events; the snapshot has a list of that name with an s
 * @returns {{held: Map<string, T>, all: boolean, ids: Set<string>}} `all`: a snapshot told everything; `ids`: what came
 *   or changed, in the order in which it was told
 */
export function merge(held, message, kind) {
  /** @type {T[] | undefined} */
  const whole = message.type === "snapshot" ? message[`${kind}s`] : undefined;
  /** @type {Map<string, T>} */
  const now = whole ? new Map() : held;
  /** @type {Set<string>} */
  const ids = new Set();
  for (const thing of whole ?? []) {
    const known = held.get(thing.id); // an answer to our own question may have been quicker than the snapshot
    if (put(now, known && known.rev > thing.rev ? known : thing)) ids.add(thing.id);
  }
  for (const { kind: its, ...told } of message.events ?? []) {
    const thing = /** @type {T} */ (/** @type {unknown} */ (told));
    if (its === kind && put(now, thing)) ids.add(thing.id);
  }
  return { held: now, all: whole !== undefined, ids };
}

/** Take one thing in; return whether it was news. @template {Thing} T @param {Map<string, T>} held @param {T} thing */
export function put(held, thing) {
  const known = held.get(thing.id);
  if (known && thing.rev <= known.rev) return false;
  held.set(thing.id, thing);
  return true;
}
