// What the bar of alerts says.  Pure.  `dutyWords` is the twin of `duty_words` in dashboards/words/bar_texts.py.

import { fill } from "./words.js";

/** @typedef {Record<string, string>} Texts */
/** @typedef {import("./alerts-store.js").Alert} Alert */
/** @typedef {import("./alerts-store.js").Duty} Duty */

const MOST = 3;

/**
 * Who is on this duty, and whether it is missing somewhere.
 * @param {Duty[]} sites @param {"care" | "technical"} duty @param {Texts} texts @returns {[string, boolean]}
 */
export function dutyWords(sites, duty, texts) {
  const missing = sites.filter((one) => !one[duty].length).map((one) => one.name);
  if (missing.length && missing.length === sites.length) return [texts[`duty.${duty}.nobody`], true];
  if (missing.length) return [fill(texts[`duty.${duty}.nobody.at`], { sites: listed(missing, texts) }), true];
  /** @type {Map<string, string[]>} */
  const places = new Map();
  for (const one of sites) {
    for (const name of one[duty]) places.set(name, [...(places.get(name) ?? []), one.name]);
  }
  const who = Array.from(places, ([name, at]) =>
    at.length === sites.length ? name : fill(texts["duty.at"], { who: name, site: at.join(", ") }));
  return [fill(texts[`duty.${duty}`], { who: listed(who, texts) }), false];
}

/** @param {string[]} names @param {Texts} texts */
function listed(names, texts) {
  const shown = names.slice(0, MOST).join(", ");
  return names.length <= MOST ? shown : fill(texts["duty.more"], { list: shown, n: names.length - MOST });
}

/** Where an alert is: the device as people call it, or what else it is about. @param {Alert} alert @param {Texts} texts */
export const whereOf = (alert, texts) =>
  alert.device_name || alert.device || alert.subject || (alert.site === null ? texts["newest.server"] : "");

/** What an alert says now: one that is over says so. @param {Alert} alert @param {Texts} texts */
export function textOf(alert, texts) {
  if (alert.state !== "cleared") return alert.text;
  return fill(texts[alert.acknowledged_at === null ? "newest.missed" : "newest.over"], { text: alert.text });
}
