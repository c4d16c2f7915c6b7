// The samples around an alert as a small plot: what was measured before and after it rose, and where nothing was.

import { axis, bands, colours, timeTicks, uPlot, upTo, zoned } from "./plots.js";
import { columnsOf } from "./traces.js";
import { fill } from "./words.js";

const HEIGHT_PX = 130;
const MOST = 4; // charts: an alert of a whole device shows the channels that were in use

/** @typedef {Record<string, string>} Texts */
/** @typedef {{from: string, to: string, raised_at: string, cleared_at: string | null, channel: number | null,
 *   measures: string[], trace: Record<string, any>}} Evidence */
/** @typedef {{words: string, columns: any[][], series: any[], least: number, step: number}} Chart */

/** Draw the evidence of an alert into a place that the server made for it. */
export class EvidencePlot {
  /** @type {any[]} */
  plots = [];
  /** @type {Evidence | null} */
  evidence = null;

  /** @param {HTMLElement} root @param {Texts} texts @param {string | undefined} zone */
  constructor(root, texts, zone) {
    this.root = root;
    this.texts = texts;
    this.zone = zone;
    new ResizeObserver(() => this.fit()).observe(root);
  }

  /** @param {string} url */
  async read(url) {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error(String(answer.status));
      this.evidence = await answer.json();
      this.draw();
    } catch {
      this.tell(this.texts["evidence.failed"]);
    }
  }

  /** @param {string} words */
  tell(words) {
    this.clear();
    const note = document.createElement("p");
    note.className = "quiet";
    note.textContent = words;
    this.root.replaceChildren(note);
    this.root.dataset.drawn = "none";
  }

  clear() {
    for (const plot of this.plots.splice(0)) plot.destroy();
    this.root.replaceChildren();
  }

  draw() {
    if (!this.evidence) return;
    const charts = chartsOf(this.evidence, this.texts);
    if (!charts.length) return this.tell(this.texts["evidence.none"]);
    this.clear();
    for (const chart of charts) this.plots.push(this.drawOne(chart, this.evidence));
    this.root.dataset.drawn = "yes";
  }

  /** @param {Chart} chart @param {Evidence} evidence */
  drawOne(chart, evidence) {
    const figure = document.createElement("figure");
    const caption = figure.appendChild(document.createElement("figcaption"));
    caption.textContent = chart.words;
    const place = figure.appendChild(document.createElement("div"));
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", fill(this.texts["evidence.label"], { what: chart.words }));
    this.root.append(figure);
    const low = Date.parse(evidence.from) / 1000;
    const high = Date.parse(evidence.to) / 1000;
    return new uPlot(/** @type {any} */ ({
      width: place.clientWidth || 400, height: HEIGHT_PX, legend: { show: false }, tzDate: zoned(this.zone),
      cursor: { show: false },
      plugins: [bands(() => gapsOf(evidence), this.texts), instants(evidence, this.texts)],
      scales: { x: { time: true, range: [low, high] }, y: { range: upTo(chart.step, chart.least) } },
      axes: [axis({ values: timeTicks(this.zone), space: 70 }), axis({ size: 44, space: 24 })],
      series: [{}, ...chart.series],
    }), chart.columns, place);
  }

  fit() {
    const width = this.root.clientWidth;
    for (const plot of this.plots) if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT_PX });
  }
}

/** @param {Evidence} evidence @param {Texts} texts @returns {Chart[]} */
function chartsOf(evidence, texts) {
  const columns = columnsOf(evidence.trace);
  if (!columns.t.length) return [];
  const ink = colours();
  const line = (/** @type {string} */ stroke, more = {}) => ({ stroke, width: 1.5, points: { show: false }, spanGaps: false, ...more });
  const used = columns.channels.filter(({ n, max, set, ohm }) => evidence.channel !== null ? n === evidence.channel
    : [...max, ...set].some((ma) => ma !== null && ma > 0) || ohm.some((value) => value !== null));
  /** @type {Chart[]} */
  const charts = [];
  for (const measure of evidence.measures) {
    if (measure === "soc") charts.push({ words: texts["evidence.soc"], columns: [columns.t, columns.soc], series: [line(ink.good)], least: 100, step: 20 });
    if (measure === "temp_c") charts.push({ words: texts["evidence.temp_c"], columns: [columns.t, columns.temp], series: [line(ink.warn)], least: 50, step: 10 });
    for (const channel of used.slice(0, MOST)) {
      const named = (/** @type {string} */ key) => fill(texts[key], { n: channel.n });
      if (measure === "ma") charts.push({ words: named("evidence.ma"), columns: [columns.t, channel.set, channel.max], series: [line(ink.set, { dash: [6, 4], width: 1 }), line(ink.delivered)], least: 10, step: 10 });
      if (measure === "ohm" && channel.ohm.some((/** @type {number | null} */ ohm) => ohm !== null)) {
        charts.push({ words: named("evidence.ohm"), columns: [columns.t, channel.ohm], series: [line(ink.planned)], least: 1000, step: 1000 });
      }
    }
  }
  return charts.filter(({ columns: [, ...ys] }) => ys.some((values) => values.some((value) => value !== null)));
}

/** @param {Evidence} evidence */
function gapsOf({ trace }) {
  const of = (/** @type {string[]} */ [from, to]) => ({ from: Date.parse(from) / 1000, to: Date.parse(to) / 1000 });
  return (trace.gaps ?? []).map((/** @type {string[]} */ gap) => ({ ...of(gap), kind: "gap" }));
}

/** A plugin that marks when the alert rose, and when it was true no longer. @param {Evidence} evidence @param {Texts} texts */
function instants(evidence, texts) {
  const marks = /** @type {[string | null, string][]} */ ([[evidence.raised_at, "evidence.rose"], [evidence.cleared_at, "evidence.cleared"]]);
  const draw = (/** @type {any} */ plot) => {
    const { ctx, bbox } = plot;
    const ink = colours();
    ctx.save();
    ctx.font = `600 ${12 * devicePixelRatio}px "Inter Variable", system-ui, sans-serif`;
    for (const [at, words] of marks) {
      if (at === null) continue;
      const x = Math.round(plot.valToPos(Date.parse(at) / 1000, "x", true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = words === "evidence.rose" ? ink.alarm : ink.good;
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const isLeft = x > bbox.left + bbox.width * 0.6;
      ctx.textAlign = isLeft ? "right" : "left";
      ctx.fillText(texts[words], x + (isLeft ? -5 : 5) * devicePixelRatio, bbox.top + (words === "evidence.rose" ? 12 : 26) * devicePixelRatio);
    }
    ctx.restore();
  };
  return { hooks: { draw } };
}
