// Rollouts of a site, as far as they are in sight: snapshot + events = a fresh snapshot.  Pure.

/** @typedef {"planned" | "offered" | "received" | "held" | "applying" | "claimed" | "verified" | "already_current" | "rejected" | "failed" | "timed_out" | "withdrawn"} TargetState */

/**
 * How far a wave is.
 * @typedef {object} Wave
 * @property {number} wave from 1
 * @property {string | null} opened_at ISO 8601 UTC
 * @property {string | null} over_at no reachable device of it is open any more
 * @property {string | null} passed_at
 * @property {string | null} waived_at somebody went on in spite of its thresholds
 * @property {string | null} waived_by
 * @property {number} devices
 * @property {Partial<Record<TargetState, number>>} counts
 * @property {Partial<Record<TargetState, Record<string, number>>>} reasons why so many of a state are in it
 * @property {number} evaluated what its thresholds are judged over
 * @property {number} succeeded of the evaluated
 * @property {number} went_wrong of the evaluated
 * @property {number} unreachable planned ones that no wave waits for
 */

/**
 * A rollout as the socket tells it, whole: `GET rollouts/<id>` without `targets`.
 * @typedef {object} Rollout
 * @property {string} id
 * @property {number} rev rises with each change of it, its waves or its devices
 * @property {string} title
 * @property {string} protocol
 * @property {number} version
 * @property {string | null} sha256
 * @property {string[]} sites slugs, as far as the reader sees them
 * @property {number} other_sites how many the reader does not see
 * @property {"draft" | "submitted" | "approved" | "scheduled" | "running" | "paused" | "completed" | "aborted" | "rolling_back" | "rolled_back"} state
 * @property {string | null} reason
 * @property {Record<string, any>} facts
 * @property {string} text where it stands, in words
 * @property {number} wave the one that is open; 0: none yet
 * @property {number} devices
 * @property {Partial<Record<TargetState, number>>} counts
 * @property {Wave[]} progress
 * @property {number} soak_s
 * @property {number} deadline_s
 * @property {number} pace_per_minute
 * @property {"automatic" | "manual"} advance
 * @property {string | null} start_at
 * @property {string | null} started_at
 * @property {string | null} ended_at
 * @property {number} decisions how many were made
 */

const FRESH_MS = 600_000; // as `fleet.rollouts.queries`: so long a rollout that is over stays in sight
const AT_WORK = new Set(["scheduled", "running", "paused", "rolling_back"]);
const OPEN = /** @type {const} */ (["offered", "received", "held", "applying", "claimed"]);

export const emptyRollouts = () => ({
  /** A snapshot came: what is not here is not in sight. */
  complete: false,
  /** By id. @type {Map<string, Rollout>} */
  rollouts: new Map(),
});

/** @typedef {ReturnType<typeof emptyRollouts>} RolloutStore */
/** @typedef {{all: boolean, ids: Set<string>}} Changed */

/** Take one message of the live socket in; what it says of other things changes nothing here.
 * @param {RolloutStore} store @param {Record<string, any>} message @returns {Changed} */
export function take(store, message) {
  /** @type {Changed} */
  const changed = { all: false, ids: new Set() };
  if (message.type === "snapshot" && message.rollouts) {
    const newer = store.rollouts;
    store.rollouts = new Map();
    for (const rollout of message.rollouts) {
      const known = newer.get(rollout.id); // an answer to our own request may have been quicker than the snapshot
      put(store, known && known.rev > rollout.rev ? known : rollout, changed);
    }
    store.complete = changed.all = true;
  }
  for (const event of message.events ?? []) {
    if (event.kind !== "rollout") continue;
    const { kind, ...rollout } = event;
    put(store, /** @type {Rollout} */ (rollout), changed);
  }
  return changed;
}

/** Take one rollout in, as an event or an answer tells it; a repeat or a late arrival changes nothing.
 * @param {RolloutStore} store @param {Rollout} rollout @param {Changed} [changed] */
export function put(store, rollout, changed) {
  const known = store.rollouts.get(rollout.id);
  if (known && rollout.rev <= known.rev) return false;
  store.rollouts.set(rollout.id, rollout);
  changed?.ids.add(rollout.id);
  return true;
}

/** How many of its devices have an offer of which nobody knows yet what became of it. @param {Pick<Rollout, "counts">} rollout */
export const openOf = ({ counts }) => OPEN.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

/** Whether a fresh snapshot would hold it.  Twin of `fleet.rollouts.queries.in_sight`.
 * @param {Rollout} rollout @param {number} nowMs of the server */
export function inSight(rollout, nowMs) {
  if (AT_WORK.has(rollout.state)) return true;
  if (rollout.ended_at !== null && Date.parse(rollout.ended_at) > nowMs - FRESH_MS) return true;
  return rollout.state === "aborted" && openOf(rollout) > 0;
}

/** Forget what is no longer in sight; return the ids. @param {RolloutStore} store @param {number} nowMs of the server */
export function prune(store, nowMs) {
  const gone = Array.from(store.rollouts.values()).filter((one) => !inSight(one, nowMs));
  for (const { id } of gone) store.rollouts.delete(id);
  return new Set(gone.map(({ id }) => id));
}
