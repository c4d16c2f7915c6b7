// One line of the console: what, where, since when, who has it.

import { flag, set, write } from "./dom.js";
import { isAsking } from "./console-order.js";
import { age, fill } from "./words.js";

/** @typedef {import("./console-order.js").Told} Told */
/** @typedef {import("./console-order.js").Line} Line */
/** @typedef {Record<string, string>} Texts */

/**
 * What the page knows besides the alerts themselves.
 * @typedef {{texts: Texts, sites: Record<string, string>, people: Record<string, string>, now: () => number | null,
 *   selected: () => number, url: (id: number) => string}} About
 */

/** Where it is, in the order in which one looks for it. @param {Told} alert @param {About} about */
export function whereOf(alert, { sites, texts }) {
  const parts = [];
  if (alert.device !== null) parts.push(alert.device_name || alert.device, alert.room, alert.device_name ? alert.device : "");
  const site = alert.site === null ? texts["where.server"] : sites[alert.site] ?? alert.site;
  if (alert.site === null || alert.device === null || Object.keys(sites).length > 1) parts.push(site);
  return parts.filter(Boolean).join(" · ");
}

/** Who has it, or what became of it. @param {Told} alert @param {About} about @param {number} now Unix ms at the server */
export function whoOf(alert, { texts, people }, now) {
  const name = (/** @type {string | null} */ user) => (user ? people[user] ?? user : "");
  if (alert.state === "closed") return texts["who.closed"];
  if (alert.shelved_until !== null) {
    return fill(texts["who.shelved"], { time: age(Math.max(0, Date.parse(alert.shelved_until) - now), texts, "span") });
  }
  const has = name(alert.acknowledged_by);
  if (alert.state === "cleared") return alert.acknowledged_at ? fill(texts["who.cleared.had"], { name: has }) : texts["who.cleared"];
  if (alert.state === "acknowledged") return has ? fill(texts["who.has"], { name: has }) : texts["who.somebody"];
  return alert.assignee ? fill(texts["who.assigned"], { name: name(alert.assignee) }) : texts["who.nobody"];
}

/** What else is to be known of it at a glance. @param {Told} alert @param {Texts} texts @param {number} now Unix ms */
export function tagsOf(alert, texts, now) {
  const tags = [];
  if (alert.in_session) tags.push(texts["tag.in_session"]);
  if (alert.chattering) tags.push(texts["tag.chattering"]);
  if (alert.late) tags.push(texts["tag.late"]);
  if (alert.latched && alert.state === "cleared") tags.push(texts["tag.latched"]);
  if (alert.count > 1) tags.push(fill(texts["tag.count"], { n: alert.count, time: age(now - Date.parse(alert.risen_at), texts) }));
  return tags.join(" · ");
}

export class Row {
  /** @param {HTMLTemplateElement} template @param {About} about */
  constructor(template, about) {
    this.root = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
    this.about = about;
    /** @type {Record<string, HTMLElement>} */
    this.parts = {};
    for (const part of this.root.querySelectorAll("[data-f]")) {
      this.parts[/** @type {HTMLElement} */ (part).dataset.f ?? ""] = /** @type {HTMLElement} */ (part);
    }
    /** @type {Line | null} */
    this.line = null;
  }

  /** @param {Line} line @param {number} at @param {number} of */
  fill(line, at, of) {
    const { alert } = line;
    const { root, parts, about } = this;
    const { texts } = about;
    this.line = line;
    set(root, "data-id", String(alert.id));
    set(root, "data-priority", alert.priority);
    set(root, "data-state", line.gone ? "closed" : alert.state);
    set(root, "aria-posinset", String(at + 1));
    set(root, "aria-setsize", String(of));
    flag(root, "data-under", line.depth === 1);
    flag(root, "data-shelved", alert.shelved_until !== null);
    this.select(about.selected() === alert.id);
    write(parts.priority, texts[`priority.${alert.priority}`]);
    write(parts.text, alert.text);
    set(parts.text, "href", about.url(alert.id));
    write(parts.where, whereOf(alert, about));
    this.tick(about.now() ?? Date.now());
    const can = !line.gone && isAsking(alert);
    if (parts.acknowledge.hidden === can) parts.acknowledge.hidden = !can;
    if (can) set(parts.acknowledge, "aria-label", fill(texts["acknowledge.this"], { what: alert.text }));
    const folds = line.explains > 0;
    if (parts.fold.hidden === folds) parts.fold.hidden = !folds;
    if (folds) {
      write(parts.fold, fill(texts[line.explains === 1 ? "fold.one" : "fold.many"], { n: line.explains }));
      set(parts.fold, "aria-expanded", String(line.isOpen));
    }
  }

  /** @param {boolean} is whether it is the chosen one */
  select(is) {
    flag(this.root, "data-selected", is);
    if (is) set(this.root, "aria-current", "true");
    else this.root.removeAttribute("aria-current");
  }

  /** Say its age, and what counts down, anew. @param {number} now Unix ms at the server */
  tick(now) {
    if (!this.line) return;
    const { alert, gone } = this.line;
    const { texts } = this.about;
    write(this.parts.age, age(Math.max(0, now - Date.parse(alert.raised_at)), texts));
    set(this.parts.age, "datetime", alert.raised_at);
    set(this.parts.age, "title", `${alert.raised_at.slice(0, 19).replace("T", " ")} UTC`);
    write(this.parts.tags, tagsOf(alert, texts, now));
    write(this.parts.who, gone ? texts["who.gone"] : whoOf(alert, this.about, now));
  }
}
