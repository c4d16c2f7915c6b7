// The open alerts of all sites of a reader: snapshot + events = a fresh snapshot.  Pure.
// The bar of every page and the console share one store, which `alerts-feed.js` fills.

/**
 * An alert as the API tells it (`GET alerts/<id>`), whole; of a device, a site, or a part of the server.
 * @typedef {object} Alert
 * @property {number} id
 * @property {number} rev rises with each change
 * @property {string | null} device serial; null: of a site or of the server itself
 * @property {string | null} site slug; null: of the server itself, told to everybody
 * @property {string} rule
 * @property {"high" | "medium" | "low" | "info"} priority
 * @property {"raised" | "acknowledged" | "cleared" | "closed"} state
 * @property {number | null} channel from 1
 * @property {string | null} device_name
 * @property {string | null} room
 * @property {string} subject the group or part of the server it is about
 * @property {string} title of its rule
 * @property {string} text
 * @property {"care" | "technical"} duty
 * @property {string} raised_at ISO 8601 UTC
 * @property {string | null} acknowledged_at
 * @property {string | null} shelved_until
 * @property {boolean} in_session current could flow into somebody
 * @property {boolean} late known only from late records: it pages nobody
 * @property {number | null} cause id of the alert that explains this one; null: a line of its own
 * @property {number} count risings
 * @property {number} episode risings that are told anew
 * @property {string} risen_at when it rose last
 */

/**
 * Who is on duty at a site, by name; an empty list: nobody is.
 * @typedef {{site: string, name: string, care: string[], technical: string[]}} Duty
 */

/**
 * What one message changed.  `all`: a snapshot took the place of everything; else `ids` came, changed or went.
 * @typedef {{all: boolean, ids: Set<number>, duty: boolean, away: boolean, pulse: boolean,
 *   database: boolean}} Changed
 */

/** @typedef {{high: number, medium: number, low: number, info: number}} Counts */

/** @type {Record<string, number>} */
export const RANK = { high: 0, medium: 1, low: 2, info: 3 };

/** A new store holds nothing; it is `complete` once a whole snapshot came. */
export const emptyAlerts = () => ({
  complete: false,
  /** Every open alert of the reader's sites, inhibited and shelved ones too. @type {Map<number, Alert>} */
  alerts: new Map(),
  /** By slug. @type {Map<string, Duty>} */
  duty: new Map(),
  /** Serials of devices that are out of service. @type {Set<string>} */
  away: new Set(),
  /** @type {Record<string, any> | null} */
  pulse: null,
  /** The server reads no alerts while its database is away. @type {{ok: boolean, since: string | null}} */
  database: { ok: true, since: null },
  /** Parts of a snapshot that is still coming. @type {Map<number, Alert> | null} */
  coming: null,
});

/** @typedef {ReturnType<typeof emptyAlerts>} AlertStore */

/**
 * Take one message in.  A snapshot comes in parts, and counts once its last one is here; until then what was known
 * stands.  Each event carries the whole alert; a repeat or a late arrival changes nothing; a closed one goes.
 * @param {AlertStore} store @param {Record<string, any>} message @returns {Changed}
 */
export function take(store, message) {
  /** @type {Changed} */
  const changed = { all: false, ids: new Set(), duty: false, away: false, pulse: false, database: false };
  if (message.type === "snapshot") takePart(store, message, changed);
  for (const event of message.events ?? []) takeEvent(store, event, changed);
  return changed;
}

/** @param {AlertStore} store @param {Record<string, any>} message @param {Changed} changed */
function takePart(store, message, changed) {
  if (message.part === 1) store.coming = new Map();
  if (store.coming === null) return; // its beginning was another connection's
  for (const alert of message.alerts) store.coming.set(alert.id, alert);
  for (const kind of /** @type {const} */ (["pulse", "database"])) {
    if (message[kind] !== undefined) takeEvent(store, { ...message[kind], kind }, changed);
  }
  if (message.duty !== undefined) takeEvent(store, { kind: "duty", sites: message.duty }, changed);
  if (message.away !== undefined) takeEvent(store, { kind: "away", serials: message.away }, changed);
  if (message.part < message.parts) return;
  store.alerts = store.coming;
  store.coming = null;
  store.complete = changed.all = true;
}

/** @param {AlertStore} store @param {Record<string, any>} event @param {Changed} changed */
function takeEvent(store, event, changed) {
  const { kind, ...fields } = event;
  if (kind === "alert") {
    const alert = /** @type {Alert} */ (/** @type {unknown} */ (fields));
    const known = store.alerts.get(alert.id);
    if (known && alert.rev < known.rev) return;
    if (alert.state === "closed") {
      if (!store.alerts.delete(alert.id)) return;
    } else store.alerts.set(alert.id, alert);
    changed.ids.add(alert.id);
  } else if (kind === "duty") {
    store.duty = new Map(fields.sites.map((/** @type {Duty} */ one) => [one.site, one]));
    changed.duty = true;
  } else if (kind === "away") {
    store.away = new Set(fields.serials);
    changed.away = true;
  } else if (kind === "pulse") {
    store.pulse = event;
    changed.pulse = true;
  } else if (kind === "database") {
    store.database = { ok: fields.ok, since: fields.since };
    changed.database = true;
  }
}

/** It is still so, as far as is known. @param {Alert} alert */
export const isTrue = (alert) => alert.state === "raised" || alert.state === "acknowledged";

/**
 * A line of its own: no other alert explains it, and it is not on a shelf.  A high one that is true stands though it is
 * shelved: a shelf rests its sound, and nobody may be told that nothing is wrong.  Twin of `safety.queries.counts`.
 * @param {Alert} alert
 */
export const isLine = (alert) =>
  alert.cause === null && (alert.shelved_until === null || (alert.priority === "high" && isTrue(alert)));

/**
 * Kept and told to nobody: its device is out of service.  Not so a high one in a session.
 * @param {Alert} alert @param {Set<string>} away
 */
export const isAside = (alert, away) =>
  alert.device !== null && away.has(alert.device) && !(alert.priority === "high" && alert.in_session);

/** Nobody has it: it was not acknowledged since it rose last. @param {Alert} alert */
export const isUnanswered = (alert) =>
  alert.state === "raised" || (alert.state === "cleared" && alert.acknowledged_at === null);

/** By priority, then what is true before what is over, then the newest first; of one instant the younger id.
 * @param {Alert} one @param {Alert} other */
export function byUrgency(one, other) {
  return (
    RANK[one.priority] - RANK[other.priority] ||
    Number(isTrue(other)) - Number(isTrue(one)) ||
    (one.raised_at < other.raised_at ? 1 : one.raised_at > other.raised_at ? -1 : other.id - one.id)
  );
}

/** How many lines ask for somebody, by priority. @param {Iterable<Alert>} alerts @returns {Counts} */
export function counts(alerts) {
  const counted = { high: 0, medium: 0, low: 0, info: 0 };
  for (const alert of alerts) if (isLine(alert)) counted[alert.priority]++;
  return counted;
}

/** True and nobody's, then over and nobody's, then somebody's. @param {Alert} alert */
const waiting = (alert) => (alert.state === "raised" ? 0 : isUnanswered(alert) ? 1 : 2);

/** The high alert that the bar names: the newest of those that wait most for somebody. @param {Iterable<Alert>} alerts @param {Set<string>} away */
export function newestHigh(alerts, away) {
  /** @type {Alert | null} */
  let best = null;
  for (const alert of alerts) {
    if (alert.priority !== "high" || alert.late || !isLine(alert) || isAside(alert, away)) continue;
    if (best === null || (waiting(alert) - waiting(best) || byUrgency(alert, best)) < 0) best = alert;
  }
  return best;
}

/** Those that `cause` explains, by the id of the cause. @param {Iterable<Alert>} alerts @returns {Map<number, Alert[]>} */
export function explained(alerts) {
  /** @type {Map<number, Alert[]>} */
  const under = new Map();
  for (const alert of alerts) {
    if (alert.cause === null) continue;
    const siblings = under.get(alert.cause);
    if (siblings) siblings.push(alert);
    else under.set(alert.cause, [alert]);
  }
  return under;
}
