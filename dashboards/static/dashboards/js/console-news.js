// What a screen reader hears of new alerts below high, a few seconds' worth at a time.  The bar says the high ones.

import { byUrgency, isLine } from "./alerts-store.js";
import { byId } from "./dom.js";
import { whereOf, whoOf } from "./console-row.js";
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
        if ((this.known.get(id) ?? -1) < alert.episode && !alert.late && isLine(alert)) fresh.push(alert);
        this.known.set(id, alert.episode ?? 0);
      }
    }
    if (this.isFirst) this.isFirst = false; // what was there before is read in the list
    else this.tell(fresh);
  }

  /** @param {Told[]} fresh */
  tell(fresh) {
    this.gathered.push(...fresh.filter((alert) => alert.priority !== "high"));
    if (!this.gathered.length || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.say(this.gathered.splice(0).sort(byUrgency));
    }, GATHER_MS);
  }

  /** Read one aloud that was chosen by key. @param {Told} alert */
  read(alert) {
    const who = whoOf(alert, this.about, this.about.now() ?? Date.now());
    byId("news").textContent = [this.texts[`priority.${alert.priority}`], alert.text, whereOf(alert, this.about), who].join(". ");
  }

  /** @param {Told[]} alerts the most urgent first */
  say(alerts) {
    const [top] = alerts;
    byId("news").textContent = alerts.length === 1
      ? fill(this.texts["news.one"], { priority: this.texts[`priority.${top.priority}`], what: top.text, where: whereOf(top, this.about) })
      : fill(this.texts["news.many"], { n: alerts.length, what: top.text, where: whereOf(top, this.about) });
  }
}
