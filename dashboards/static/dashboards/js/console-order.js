// Which alerts a console shows, and in which order: by priority, what is true before what is over, then
// the newest first.  Pure.

import { RANK, byUrgency, isTrue, isUnanswered } from "./alerts-store.js";

/** @typedef {import("./alerts-store.js").Alert} Alert */
/** @typedef {Alert & Record<string, any>} Told the alert with all that the API tells of it */

/** Those that somebody is asked about · nobody has · on a shelf · all. */
export const SHOWS = /** @type {const} */ (["open", "nobody", "shelved", "all"]);
export const PRIORITIES = /** @type {const} */ (["high", "medium", "low", "info"]);
export const NONE = 0; // no alert has this id

/**
 * What somebody chose to see; all of it stands in the address.
 * @typedef {{show: string, priority: string, site: string, duty: string, q: string}} Choice
 */

/**
 * One line of the list: an alert, how many it explains, and whether it stands under its cause.
 * @typedef {{alert: Alert, explains: number, isOpen: boolean, depth: 0 | 1, gone: boolean}} Line
 */

/** @param {string} search of the address @returns {Choice} */
export function choiceOf(search) {
  const asked = new URLSearchParams(search);
  const among = (/** @type {string} */ name, /** @type {readonly string[]} */ known) => {
    const value = asked.get(name) ?? "";
    return known.includes(value) ? value : "";
  };
  return {
    show: among("show", SHOWS) || "open",
    priority: among("priority", PRIORITIES),
    site: asked.get("site") ?? "",
    duty: among("duty", ["care", "technical"]),
    q: (asked.get("q") ?? "").slice(0, 80).trim(),
  };
}

/** The address of a choice: what is usual is left out. @param {Choice} choice */
export function addressOf(choice) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(choice)) if (value && value !== "open") parts.set(name, value);
  const text = String(parts);
  return text ? `?${text}` : "";
}

/**
 * On a shelf, and out of sight.  A shelf rests the sound of a high alert that is true, and hides it from nobody.
 * @param {Alert} alert
 */
export const isAway = (alert) => alert.shelved_until !== null && !(alert.priority === "high" && isTrue(alert));

/** Whether a choice, but for its priority, lets an alert through. @param {Choice} choice */
export function passes(choice) {
  const words = choice.q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return (/** @type {Told} */ alert) => {
    if (choice.show === "open" && isAway(alert)) return false;
    if (choice.show === "nobody" && (isAway(alert) || alert.cause !== null || !isUnanswered(alert))) return false;
    if (choice.show === "shelved" && alert.shelved_until === null) return false;
    if (choice.site && alert.site !== choice.site) return false;
    if (choice.duty && alert.duty !== choice.duty) return false;
    if (!words.length) return true;
    const said = [alert.text, alert.device, alert.device_name, alert.room].join(" ").toLocaleLowerCase();
    return words.every((word) => said.includes(word));
  };
}

/**
 * The lines to show.  What another explains stands under it, and is seen once that is unfolded; among equals in
 * priority a device's own alert stands above a group's.
 * @param {Map<number, Alert>} alerts @param {Choice} choice @param {Set<number>} unfolded
 * @returns {{lines: Line[], counts: Record<string, number>, explained: number}}
 *   `counts`: lines by priority, whichever is chosen
 */
export function arrange(alerts, choice, unfolded) {
  const through = passes(choice);
  /** @type {Map<number, Alert[]>} */
  const under = new Map();
  /** @type {Alert[]} */
  const top = [];
  let explained = 0;
  for (const alert of alerts.values()) {
    if (!through(alert)) continue;
    const cause = alert.cause === null ? undefined : alerts.get(alert.cause);
    if (cause === undefined) top.push(alert);
    else if (through(cause)) {
      explained += 1;
      const siblings = under.get(cause.id);
      if (siblings) siblings.push(alert);
      else under.set(cause.id, [alert]);
    } else if (!(choice.show === "open" && isAway(cause))) top.push(alert);
  }
  const counts = Object.fromEntries(PRIORITIES.map((name) => [name, 0]));
  for (const alert of top) counts[alert.priority] += 1;
  const seen = choice.priority ? top.filter((alert) => alert.priority === choice.priority) : top;
  const isGroup = (/** @type {Alert} */ alert) => Number(under.has(alert.id));
  const isOver = (/** @type {Alert} */ alert) => Number(!isTrue(alert));
  seen.sort((one, other) =>
    RANK[one.priority] - RANK[other.priority] || isOver(one) - isOver(other) || isGroup(one) - isGroup(other) ||
    byUrgency(one, other));
  return { lines: seen.flatMap((alert) => linesOf(alert, under.get(alert.id) ?? [], unfolded)), counts, explained };
}

/** @param {Alert} alert @param {Alert[]} theirs @param {Set<number>} unfolded @returns {Line[]} */
function linesOf(alert, theirs, unfolded) {
  const isOpen = unfolded.has(alert.id);
  /** @type {Line} */
  const line = { alert, explains: theirs.length, isOpen, depth: 0, gone: false };
  if (!isOpen) return [line];
  const below = theirs.sort(byUrgency).map((one) =>
    /** @type {Line} */ ({ alert: one, explains: 0, isOpen: false, depth: 1, gone: false }));
  return [line, ...below];
}

/**
 * The lines while a hand is on them: they stay where they are.  A new high alert comes on top all the same; other new
 * ones wait, and what went away stays as `gone`.
 * @param {Line[]} before as they are shown @param {Line[]} wanted @returns {{lines: Line[], waiting: number}}
 */
export function hold(before, wanted) {
  const now = new Map(wanted.map((line) => [line.alert.id, line]));
  const shown = new Set(before.map((line) => line.alert.id));
  const fresh = wanted.filter((line) => !shown.has(line.alert.id));
  const urgent = fresh.filter((line) => line.depth === 0 && line.alert.priority === "high");
  const stay = before.map((line) => now.get(line.alert.id) ?? { ...line, gone: true });
  return { lines: [...urgent, ...stay], waiting: fresh.length - urgent.length };
}

/** Whether it can be acknowledged now. @param {Alert} alert */
export const isAsking = (alert) => alert.state !== "closed" && isUnanswered(alert);

/**
 * Which of the lines on the screen one press may acknowledge together: no high one, nothing that is explained or gone,
 * and nothing that came so lately that it cannot have been read.
 * @param {Line[]} lines @param {(id: number) => number} seenForMs how long each is on the screen
 */
export function together(lines, seenForMs) {
  return lines
    .filter((line) => line.depth === 0 && !line.gone && line.alert.priority !== "high" && isAsking(line.alert))
    .filter((line) => seenForMs(line.alert.id) >= READ_MS)
    .map((line) => line.alert.id);
}

const READ_MS = 1_000;

/** The alert `by` lines from this one; the first if this one is not among them. @param {Line[]} lines
 * @param {number} id @param {number} by */
export function neighbour(lines, id, by) {
  if (!lines.length) return NONE;
  const at = lines.findIndex((line) => line.alert.id === id);
  if (at < 0) return lines[0].alert.id;
  return lines[Math.max(0, Math.min(lines.length - 1, at + by))].alert.id;
}

/** The next line below that nobody has, after one was acknowledged; else it stays. @param {Line[]} lines @param {number} id */
export function nextAsking(lines, id) {
  const at = lines.findIndex((line) => line.alert.id === id);
  const next = lines.slice(at + 1).find((line) => line.depth === 0 && !line.gone && isAsking(line.alert));
  return next?.alert.id ?? id;
}
