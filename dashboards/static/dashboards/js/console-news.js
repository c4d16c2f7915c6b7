// What a screen reader hears of new alerts: a high one at once and by itself, others gathered.

import { byUrgency, isQuiet } from "./alerts-store.js";
import { byId } from "./dom.js";
import { whereOf } from "./console-row.js";
import { fill } from "./words.js";

const GATHER_MS = 3_000;

/** @typedef {import("./console-order.js").Told} Told */

export class Announcer {
  /** What was known before, with how often each was told anew. @type {Map<number, number>} */
  known = new Map();
  /** @type {Told[]} */
  gathered = [];
  timer = 0;
  isFirst = true;

  /** @param {Record<string, string>} texts @param {import("./console-row.js").About} about */
  constructor(texts, about) {
    this.texts = texts;
    this.about = about;
  }

  /** @param {Map<number, any>} alerts @param {{all: boolean, ids: Set<number>}} changed */
  hear(alerts, { all, ids }) {
    const fresh = [];
    for (const id of all ? alerts.keys() : ids) {
      const alert = alerts.get(id);
      if (!alert) this.known.delete(id);
      else {
        if ((this.known.get(id) ?? -1) < alert.episode && !alert.late && !isQuiet(alert)) fresh.push(alert);
        this.known.set(id, alert.episode ?? 0);
      }
    }
    if (this.isFirst) this.isFirst = false; // what was there before is read in the list
    else this.tell(fresh);
  }

  /** @param {Told[]} fresh */
  tell(fresh) {
    const [high] = fresh.filter((alert) => alert.priority === "high").sort(byUrgency);
    if (high) this.say("news-high", [high]);
    this.gathered.push(...fresh.filter((alert) => alert !== high));
    if (this.gathered.length && !this.timer) {
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.say("news", this.gathered.splice(0).sort(byUrgency));
      }, GATHER_MS);
    }
  }

  /** @param {string} id @param {Told[]} alerts the most urgent first */
  say(id, alerts) {
    const [top] = alerts;
    const priority = this.texts[`priority.${top.priority}`];
    const high = alerts.filter((alert) => alert.priority === "high").length;
    byId(id).textContent = alerts.length === 1
      ? fill(this.texts["news.one"], { priority, what: top.text, where: whereOf(top, this.about) })
      : fill(this.texts["news.many"], { n: alerts.length, high, what: top.text });
  }
}
