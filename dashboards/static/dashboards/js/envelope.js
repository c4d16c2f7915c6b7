// A session in its protocol's envelope: planned beside set and delivered, over session time.

import { axis, colours, onTheme, uPlot, upTo } from "./plots.js";
import { clock } from "./words.js";

const HEIGHT = 190;
const AGAIN_MS = 15_000; // how often an open session is read anew

/** @typedef {{t: number[], ma: (number | null)[]}} Line */

export class Envelope {
  /** @param {HTMLElement | null} panel @param {{texts: Record<string, string>, now: () => number}} page */
  static of(panel, page) {
    return panel ? new Envelope(panel, page) : null;
  }

  /** @param {HTMLElement} panel @param {{texts: Record<string, string>, now: () => number}} page */
  constructor(panel, { texts }) {
    this.panel = panel;
    this.texts = texts;
    this.session = panel.dataset.session ?? "";
    this.root = /** @type {HTMLElement} */ (panel.querySelector("#envelope-plots"));
    this.note = /** @type {HTMLElement} */ (panel.querySelector("#envelope-note"));
    this.why = document.createElement("p");
    this.why.className = "quiet";
    this.note.after(this.why);
    /** @type {Record<string, any> | null} */
    this.told = null;
    this.isOpen = false;
    /** @type {any[]} */
    this.plots = [];
    this.read();
    onTheme(() => this.draw());
    new ResizeObserver(() => this.fit()).observe(this.root);
    setInterval(() => this.isOpen && !document.hidden && this.read(), AGAIN_MS);
  }

  /** Another session may have begun. @param {Record<string, any>} device */
  follow(device) {
    this.isOpen = device.session !== null;
    if (device.session === null || device.session === this.session) return;
    this.session = device.session;
    this.told = null;
    this.read();
  }

  /** The planned line of a channel, if this session is shown and its document is kept. @param {number} n
   * @param {string | null} session @returns {Line | null} */
  lineOf(n, session) {
    const planned = session === this.told?.session ? this.told?.planned : null;
    const channel = planned?.channels.find((/** @type {any} */ one) => one.n === n);
    return channel ? { t: planned.t, ma: channel.ma } : null;
  }

  async read() {
    try {
      const answer = await fetch(`${this.panel.dataset.envelope}?session=${encodeURIComponent(this.session)}`);
      if (!answer.ok) throw new Error(String(answer.status));
      this.told = await answer.json();
      this.why.textContent = this.told?.why ?? "";
      this.draw();
    } catch (error) {
      if (!this.told) {
        const why = error instanceof Error ? error.message : String(error);
        this.why.textContent = this.texts["plot.failed"].replace("{why}", why).replace("{n}", "15");
        this.isOpen = true; // so that it is tried again
      }
    }
  }

  draw() {
    for (const plot of this.plots.splice(0)) plot.destroy();
    this.root.replaceChildren();
    if (!this.told) return;
    const { planned, delivered } = this.told;
    const shown = delivered.channels.filter((/** @type {any} */ one) => isUsed(one, planned));
    if (!delivered.t.length) this.why.textContent ||= this.texts["plot.none"];
    for (const channel of shown) this.plots.push(this.plot(channel, planned, delivered.t));
    this.fit();
  }

  /** @param {any} channel @param {any} planned @param {number[]} t */
  plot(channel, planned, t) {
    const figure = document.createElement("figure");
    const title = document.createElement("figcaption");
    title.textContent = this.texts["plot.channel"].replace("{n}", channel.n);
    const inside = document.createElement("div");
    inside.setAttribute("role", "img");
    inside.setAttribute("aria-label", `${title.textContent}: ${this.texts["plot.planned"]}, ${this.texts["plot.set"]}, ${this.texts["plot.delivered"]}, mA`);
    figure.append(title, inside);
    this.root.append(figure);
    const line = planned?.channels.find((/** @type {any} */ one) => one.n === channel.n);
    const length = Math.max(planned ? planned.length_ms / 1000 : 0, t[t.length - 1] ?? 0, 10);
    const silent = (/** @type {number[]} */ column) => column.map(() => undefined);
    const told = [t, silent(t), silent(t), channel.set_ma, channel.ma, channel.ma_min, channel.ma_max];
    const plan = line ? [planned.t, line.limit_ma, line.ma, ...[3, 4, 5, 6].map(() => silent(planned.t))] : null;
    return new uPlot(this.options(length), plan ? joined(plan, told) : told, inside);
  }

  /** @param {number} length of the session, s */
  options(length) {
    const ink = colours();
    const times = (/** @type {any} */ _plot, /** @type {number[]} */ splits) => splits.map((s) => clock(s * 1000));
    return {
      width: 300, height: HEIGHT, legend: { show: false }, cursor: { drag: { x: false, y: false }, sync: { key: "envelope" } },
      scales: { x: { time: false, range: [0, length] }, y: { range: upTo(20, 20) } },
      axes: [axis({ space: 60, values: times, size: 24, incrs: [10, 30, 60, 120, 300, 600, 1800, 3600] }), axis({ size: 52, label: "mA", labelSize: 16, labelFont: '12px "Inter Variable"' })],
      bands: [{ series: [6, 5], fill: `color-mix(in srgb, ${ink.delivered} 25%, transparent)` }],
      series: [
        {},
        { stroke: ink.alarm, width: 1, dash: [6, 4], spanGaps: false, points: { show: false } },
        { label: this.texts["plot.planned"], stroke: ink.planned, width: 1.5, dash: [2, 4], spanGaps: false, points: { show: false } },
        { label: this.texts["plot.set"], stroke: ink.set, width: 1.5, dash: [8, 4], spanGaps: false, points: { show: false } },
        { label: this.texts["plot.delivered"], stroke: ink.delivered, width: 1.5, spanGaps: false, points: { show: false } },
        { stroke: "transparent", spanGaps: false, points: { show: false } },
        { stroke: "transparent", spanGaps: false, points: { show: false } },
      ],
    };
  }

  fit() {
    const width = Math.max(240, Math.floor(this.root.clientWidth));
    for (const plot of this.plots) if (plot.width !== width) plot.setSize({ width, height: HEIGHT });
  }
}

/** @param {any} channel @param {any} planned */
const isUsed = (channel, planned) =>
  channel.ma_max.some((/** @type {number | null} */ ma) => (ma ?? 0) > 0) ||
  channel.set_ma.some((/** @type {number | null} */ ma) => (ma ?? 0) > 0) ||
  (planned?.channels ?? []).some((/** @type {any} */ one) => one.n === channel.n);

/**
 * Two tables over the same kind of time as one, in order of time.  uPlot joins lines over `undefined`, which stands
 * for "this table says nothing here", and breaks them at null.
 * @param {any[][]} a @param {any[][]} b
 */
function joined(a, b) {
  const rows = [];
  for (const table of [a, b]) table[0].forEach((t, at) => rows.push(table.map((column) => column[at])));
  rows.sort((left, right) => left[0] - right[0]);
  return a.map((_column, at) => rows.map((row) => row[at]));
}
