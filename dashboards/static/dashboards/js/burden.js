// Plots of how much alerts ask of people: counts over time before bands of what is aimed at.

import { axis, colours, onTheme, timeTicks, uPlot, upTo, zoned } from "./plots.js";

/**
 * @typedef {{name: string, label: string, values: any[], bands: [number, number]}} Plot
 * @typedef {{zone: string, from_s: number, to_s: number, bin_s: number, plots: Plot[], texts: Record<string, string>}} Load
 */

const HEIGHT = 170;
const DAY_S = 86_400;
const LEAST = 12; // alarms: a quiet month must not look like a wild one

/** The columns of one plot: times and counts. @param {Load} load @param {Plot} plot @returns {[number[], number[]]} */
export function columns(load, plot) {
  if (plot.name === "days") return [plot.values.map((one) => one[0]), plot.values.map((one) => one[1])];
  const middle = load.bin_s / 2;
  return [plot.values.map((_count, n) => load.from_s + n * load.bin_s + middle), plot.values];
}

/** Bands behind the bars, each with its limit where there is room. @param {[number, number]} limits */
function bands([good, borne]) {
  const draw = (/** @type {any} */ plot) => {
    const { ctx, bbox } = plot;
    const ink = colours();
    const most = plot.scales.y.max;
    const at = (/** @type {number} */ value) => plot.valToPos(Math.min(value, most), "y", true);
    ctx.save();
    for (const [from, to, colour] of /** @type {[number, number, string][]} */ ([
      [0, good, ink.good], [good, borne, ink.warn], [borne, most, ink.alarm],
    ])) {
      if (from >= most) continue;
      ctx.globalAlpha = 0.1;
      ctx.fillStyle = colour;
      ctx.fillRect(bbox.left, at(to), bbox.width, at(from) - at(to));
      if (to >= most) continue;
      ctx.globalAlpha = 0.8;
      ctx.strokeStyle = colour;
      ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, at(to));
      ctx.lineTo(bbox.left + bbox.width, at(to));
      ctx.stroke();
    }
    ctx.restore();
  };
  return { hooks: { drawClear: draw } };
}

/** @param {Load} load @param {Plot} plot @param {HTMLElement} place @param {HTMLElement} readout */
function draw(load, plot, place, readout) {
  const ink = colours();
  const step = plot.name === "days" ? DAY_S : load.bin_s;
  const moment = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang, {
    day: "numeric", month: "short", timeZone: load.zone, hourCycle: "h23",
    ...(plot.name === "days" ? {} : { hour: "2-digit", minute: "2-digit" }),
  });
  const options = {
    width: place.clientWidth || 600, height: HEIGHT, tzDate: zoned(load.zone), padding: [8, 16, 0, 0],
    legend: { show: false }, cursor: { y: false },
    scales: { x: { range: span(load, plot) }, y: { range: upTo(plot.name === "days" ? 10 : 2, LEAST) } },
    series: [
      {},
      { label: plot.label, stroke: ink.delivered, fill: ink.delivered, width: 0, points: { show: false },
        paths: uPlot.paths.bars({ size: [0.9, 48, 1], align: 0 }) },
    ],
    axes: [axis({ values: timeTicks(load.zone), ...(plot.name === "days" ? { incrs: [DAY_S, 7 * DAY_S, 30 * DAY_S] } : {}) }), axis({ size: 48 })],
    plugins: [bands(plot.bands)],
    hooks: {
      setCursor: [(/** @type {any} */ drawn) => {
        const n = drawn.cursor.idx;
        const count = n === null || n === undefined ? undefined : drawn.data[1][n];
        const from = count === undefined ? 0 : drawn.data[0][n] - (plot.name === "days" ? 0 : step / 2);
        readout.textContent = count === undefined ? "" : `${moment.format(new Date(from * 1000))} · ${count}`;
      }],
      setSelect: [(/** @type {any} */ drawn) => { drawn.zoomed = drawn.select.width > 0; }],
    },
  };
  return new uPlot(/** @type {any} */ (options), /** @type {any} */ (columns(load, plot)), place);
}

/** The whole span, in whole days where days are drawn, unless somebody zoomed in. @param {Load} load @param {Plot} plot */
function span(load, plot) {
  const last = Math.max(load.to_s, load.from_s + 600);
  const days = plot.name === "days" && plot.values.length > 0;
  const whole = days ? [plot.values[0][0] - DAY_S / 2, plot.values[plot.values.length - 1][0] + DAY_S / 2] : [load.from_s, last];
  return (/** @type {any} */ drawn, /** @type {number} */ low, /** @type {number} */ high) => (drawn.zoomed ? [low, high] : whole);
}

/** @param {HTMLElement} root @param {Load} load */
function show(root, load) {
  /** @type {{plot: Plot, place: HTMLElement, readout: HTMLElement}[]} */
  const places = load.plots.map((plot) => {
    const figure = document.createElement("figure");
    figure.className = "plot";
    const caption = document.createElement("figcaption");
    const readout = document.createElement("span");
    readout.setAttribute("aria-hidden", "true");
    caption.append(plot.label, readout);
    const place = document.createElement("div");
    place.className = "canvas";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", plot.label);
    figure.append(caption, place);
    root.append(figure);
    return { plot, place, readout };
  });
  /** @type {any[]} */
  let drawn = [];
  const redraw = () => {
    for (const one of drawn.splice(0)) one.destroy();
    drawn = places.map(({ plot, place, readout }) => draw(load, plot, place, readout));
    root.dataset.drawn = String(drawn.length);
  };
  redraw();
  onTheme(redraw);
  new ResizeObserver(() => {
    for (const [n, one] of drawn.entries()) {
      const width = places[n].place.clientWidth;
      if (width && width !== one.width) one.setSize({ width, height: HEIGHT });
    }
  }).observe(root);
}

const source = document.getElementById("burden-plots");
const root = document.getElementById("plots");
if (source && root) {
  const load = /** @type {Load} */ (JSON.parse(/** @type {string} */ (source.textContent)));
  if (load.plots.every((plot) => plot.values.length === 0)) root.textContent = load.texts.none;
  else show(root, load);
}
