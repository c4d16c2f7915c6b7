// A session's charts: planned, set and delivered current of each channel over session time.

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { clock as durationOf } from "./words.js";

/**
 * @typedef {{n: number, set_ma: (number | null)[], ma: (number | null)[]}} Given
 * @typedef {{n: number, planned: (number | null)[], limit: (number | null)[]}} Planned
 * @typedef {{t: number[], channels: Given[], plan: {length_s: number, t: number[], channels: Planned[]} | null,
 *   pauses: number[], late: [number, number][]}} Plot
 * @typedef {{delivered: string, set: string, planned: string, limit: string, line: string, text: string,
 *   late: string}} Palette
 */

/** Paper is white, whatever colours the screen has. @type {Palette} */
const PAPER = {
  delivered: "#0b5cad", set: "#333", planned: "rgb(0 0 0 / 14%)", limit: "#999", line: "#ddd", text: "#333",
  late: "rgb(232 145 45 / 18%)",
};
const SCREEN_PX = 150;
const PAPER_PX = { width: 628, height: 68 };
const FONT = '"Inter Variable", system-ui, sans-serif';

/** Session time. @param {number} s */
const clock = (s) => durationOf(s * 1000);

/** @returns {Palette} */
function screen() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return {
    delivered: colour("--on"), set: colour("--text"), planned: `color-mix(in srgb, ${colour("--quiet")} 28%, transparent)`,
    limit: colour("--quiet"), line: colour("--line"), text: colour("--quiet"),
    late: `color-mix(in srgb, ${colour("--warn-line")} 22%, transparent)`,
  };
}

/** Columns of one channel: time, planned, limit, set, delivered. @param {Plot} plot @param {number} n */
export function columns(plot, n) {
  const planned = plot.plan?.channels.find((one) => one.n === n);
  const given = plot.channels.find((one) => one.n === n);
  const tables = [
    [plot.plan && planned ? plot.plan.t : [], planned?.planned ?? [], planned?.limit ?? []],
    [given ? plot.t : [], given?.set_ma ?? [], given?.ma ?? []],
  ];
  const data = /** @type {any} */ (uPlot.join(/** @type {any} */ (tables)));
  for (const ys of data.slice(1)) widen(ys);
  return data;
}

/**
 * A hole is one from end to end, also where another line has a corner in it.
 * @param {(number | null | undefined)[]} ys undefined: this line has no point here
 */
function widen(ys) {
  let hole = false;
  for (let at = 0; at < ys.length; at += 1) {
    if (ys[at] === undefined) {
      if (hole) ys[at] = null;
    } else hole = ys[at] === null;
  }
}

/** The highest current of all channels, so that their charts can be compared. @param {Plot} plot */
function highest(plot) {
  let most = 10;
  for (const one of plot.channels) for (const ma of [...one.ma, ...one.set_ma]) most = Math.max(most, ma ?? 0);
  for (const one of plot.plan?.channels ?? []) for (const ma of [...one.planned, ...one.limit]) most = Math.max(most, ma ?? 0);
  return most * 1.08;
}

/** Draws and redraws the charts of a page. */
export class Charts {
  /** @param {HTMLElement} root holds one `.plot[data-channel]` a channel @param {Record<string, string>} texts */
  constructor(root, texts) {
    this.root = root;
    this.texts = texts;
    /** @type {Plot | null} */
    this.plot = null;
    /** @type {{chart: any, place: HTMLElement}[]} */
    this.drawn = [];
    this.onPaper = false;
    new ResizeObserver(() => this.fit()).observe(root);
  }

  /** @param {Plot} plot */
  draw(plot) {
    this.plot = plot;
    for (const { chart } of this.drawn) chart.destroy();
    this.drawn = [];
    const palette = this.onPaper ? PAPER : screen();
    for (const figure of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll(".plot"))) {
      this.drawOne(figure, plot, palette);
    }
  }

  /** Draws for paper, or for the screen again. @param {boolean} onPaper */
  print(onPaper) {
    if (this.onPaper === onPaper) return;
    this.onPaper = onPaper;
    if (this.plot) this.draw(this.plot);
  }

  fit() {
    if (this.onPaper) return;
    for (const { chart, place } of this.drawn) {
      const width = place.clientWidth;
      if (width && width !== chart.width) chart.setSize({ width, height: SCREEN_PX });
    }
  }

  /** @param {HTMLElement} figure @param {Plot} plot @param {Palette} palette */
  drawOne(figure, plot, palette) {
    const n = Number(figure.dataset.channel);
    const place = /** @type {HTMLElement} */ (figure.querySelector(".canvas"));
    const readout = figure.querySelector(".readout") ?? figure.querySelector("figcaption")?.appendChild(output());
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", this.texts.label.replace("{n}", String(n)));
    const data = columns(plot, n);
    if (!data[0].length) {
      place.textContent = this.texts.none;
      return;
    }
    place.textContent = "";
    const size = this.onPaper ? PAPER_PX : { width: place.clientWidth || 600, height: SCREEN_PX };
    const chart = new uPlot(options(plot, palette, this.texts, size, readout), data, place);
    this.drawn.push({ chart, place });
  }
}

function output() {
  const out = document.createElement("span");
  out.className = "readout";
  out.setAttribute("aria-hidden", "true");
  return out;
}

/**
 * @param {Plot} plot @param {Palette} palette @param {Record<string, string>} texts
 * @param {{width: number, height: number}} size @param {Element | null | undefined} readout
 */
function options(plot, palette, texts, size, readout) {
  const end = Math.max(plot.plan?.length_s ?? 0, plot.t.at(-1) ?? 0, 1);
  const small = palette === PAPER;
  const axis = { stroke: palette.text, font: `${small ? 9 : 12}px ${FONT}`, grid: { stroke: palette.line, width: 1 }, ticks: { show: false } };
  return /** @type {any} */ ({
    ...size,
    padding: [6, 22, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "session" }, points: { size: 6 } },
    scales: { x: { time: false, range: (/** @type {any} */ u, /** @type {number} */ low, /** @type {number} */ high) => (u.zoomed ? [low, high] : [0, end]) }, y: { range: [0, highest(plot)] } },
    axes: [
      { ...axis, size: small ? 18 : 26, space: 60, incrs: [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400], values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map(clock) },
      { ...axis, size: small ? 26 : 40, space: small ? 18 : 28 },
    ],
    series: [
      {},
      { label: texts.planned, stroke: palette.planned, fill: palette.planned, width: 1, points: { show: false } },
      { label: texts.limit, stroke: palette.limit, dash: [2, 4], width: 1, points: { show: false } },
      { label: texts.set, stroke: palette.set, dash: [6, 4], width: 1, points: { show: false } },
      { label: texts.delivered, stroke: palette.delivered, width: 1.5, points: { show: false } },
    ],
    hooks: {
      drawClear: [(/** @type {any} */ chart) => marks(chart, plot, palette)],
      setCursor: [(/** @type {any} */ chart) => tell(chart, readout, texts)],
      setSelect: [(/** @type {any} */ chart) => { chart.zoomed = chart.select.width > 0; }],
    },
  });
}

/** Behind the lines: where late data lies, and where the session was paused. @param {any} chart @param {Plot} plot @param {Palette} palette */
function marks(chart, plot, palette) {
  const { ctx } = chart;
  const { left, top, width, height } = chart.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = palette.late;
  for (const [from, to] of plot.late) {
    const x = chart.valToPos(from, "x", true);
    ctx.fillRect(x, top, Math.max(1, chart.valToPos(to, "x", true) - x), height);
  }
  ctx.strokeStyle = palette.text;
  ctx.setLineDash([3, 3]);
  for (const at of plot.pauses) {
    const x = Math.round(chart.valToPos(at, "x", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
  }
  ctx.restore();
}

/** @param {any} chart @param {Element | null | undefined} readout @param {Record<string, string>} texts */
function tell(chart, readout, texts) {
  if (!readout) return;
  const at = chart.cursor.idx;
  if (at === null || at === undefined) {
    readout.textContent = "";
    return;
  }
  const parts = [clock(chart.data[0][at])];
  for (const [n, name] of [[1, texts.planned], [3, texts.set], [4, texts.delivered]]) {
    const ma = chart.data[/** @type {number} */ (n)][at];
    if (typeof ma === "number") parts.push(`${name} ${ma.toFixed(1)}`);
  }
  readout.textContent = parts.join(" · ");
}
