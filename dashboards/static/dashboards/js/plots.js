// Plots with uPlot: what all of them share.  Gaps are hatched, late data is dotted and named: colour only repeats it.

import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";

/** @typedef {import("./traces.js").Band} Band */

const DAY_S = 86_400;

/** The page's colours, as they are now. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return {
    text: of("--text"), quiet: of("--quiet"), line: of("--line"), surface: of("--surface"),
    delivered: of("--on"), set: of("--text"), planned: of("--paused"), good: of("--good"),
    warn: of("--warn"), alarm: of("--alarm"), soft: of("--on-soft"),
  };
}

/** Call this whenever light turns to dark, or back. @param {() => void} redraw */
export function onTheme(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** A pattern of slanted lines, or of dots. @param {CanvasRenderingContext2D} context @param {string} colour
 * @param {"hatch" | "dots"} kind */
function pattern(context, colour, kind) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10;
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 1.5;
  if (kind === "dots") pen.fillRect(4, 4, 2, 2);
  else {
    for (const shift of [-5, 0, 5, 10]) {
      pen.moveTo(shift - 1, 11);
      pen.lineTo(shift + 11, -1);
    }
    pen.stroke();
  }
  return /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
}

/**
 * A plugin that draws bands behind the lines: `gap` hatched, `late` dotted, `session` as a bar on top.
 * @param {() => Band[]} bandsOf @param {Record<string, string>} texts
 */
export function bands(bandsOf, texts) {
  const draw = (/** @type {any} */ plot) => {
    const { ctx, bbox } = plot;
    const ink = colours();
    const patterns = { gap: pattern(ctx, ink.warn, "hatch"), late: pattern(ctx, ink.planned, "dots") };
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { from, to, kind, label } of bandsOf()) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
      if (right <= bbox.left || left >= bbox.left + bbox.width) continue;
      const width = Math.max(1.5, right - left);
      if (kind === "session") {
        ctx.fillStyle = ink.good;
        ctx.fillRect(left, bbox.top, width, 4 * devicePixelRatio);
        continue;
      }
      ctx.globalAlpha = 0.55;
      ctx.fillStyle = patterns[/** @type {"gap" | "late"} */ (kind)];
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
      name(ctx, label ?? texts[`plot.${kind}`], left, bbox.top, width, ink);
    }
    ctx.restore();
  };
  return { hooks: { drawClear: draw } };
}

/** Name a band where there is room. @param {CanvasRenderingContext2D} context @param {string} words
 * @param {number} left @param {number} top @param {number} width @param {ReturnType<typeof colours>} ink */
function name(context, words, left, top, width, ink) {
  if (!words) return;
  context.font = `${12 * devicePixelRatio}px "Inter Variable", system-ui, sans-serif`;
  const size = context.measureText(words).width;
  if (size + 8 > width) return;
  context.fillStyle = ink.surface;
  context.fillRect(left + 2, top + 6 * devicePixelRatio, size + 6, 16 * devicePixelRatio);
  context.fillStyle = ink.text;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText(words, left + 5, top + 14 * devicePixelRatio);
}

/** The page's language; English dates as the server writes them, day first. */
export const language = () => (document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang);

/** An empty axis at the right, as wide as one with numbers: so that times stand above each other. */
export const spare = () => ({
  scale: "y", side: 1, size: 52, label: " ", labelSize: 16, values: () => [], grid: { show: false }, ticks: { show: false },
});

/** Ticks of time in the site's zone; the day is told where it changes. @param {string | undefined} zone */
export function timeTicks(zone) {
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  const seconds = new Intl.DateTimeFormat(language(), /** @type {any} */ ({ ...clock, second: "2-digit" }));
  const minutes = new Intl.DateTimeFormat(language(), /** @type {any} */ (clock));
  const days = new Intl.DateTimeFormat(language(), { day: "numeric", month: "short", timeZone: zone });
  return (/** @type {any} */ _plot, /** @type {number[]} */ splits, /** @type {number} */ _axis,
    /** @type {number} */ _space, /** @type {number} */ step) => {
    let before = "";
    return splits.map((at) => {
      const moment = new Date(at * 1000);
      const day = days.format(moment);
      if (step >= DAY_S) return day;
      const time = (step < 60 ? seconds : minutes).format(moment);
      const isNew = before !== "" && day !== before;
      before = day;
      return isNew ? `${time}\n${day}` : time;
    });
  };
}

/** @param {string | undefined} zone */
export const zoned = (zone) => (/** @type {number} */ seconds) =>
  zone ? uPlot.tzDate(new Date(seconds * 1000), zone) : new Date(seconds * 1000);

/** An axis in the page's ink. @param {Record<string, any>} more */
export function axis(more = {}) {
  const ink = colours();
  return {
    stroke: ink.quiet, font: '12px "Inter Variable", system-ui, sans-serif',
    grid: { stroke: ink.line, width: 1 }, ticks: { stroke: ink.line, width: 1, size: 4 }, ...more,
  };
}

/** A scale from 0 to a little above what there is, in even steps, so that it does not jump about.
 * @param {number} step @param {number} least */
export const upTo = (step, least) => (/** @type {any} */ _plot, /** @type {number} */ _min, /** @type {number} */ max) =>
  [0, Math.max(least, Math.ceil(((max ?? 0) * 1.05) / step) * step)];

export { uPlot };
