// One channel of the live trace: set, delivered and planned above, electrode and force below.

import { axis, bands, colours, spare, timeTicks, uPlot, upTo, zoned } from "./plots.js";

const FRESH_S = 3; // an older value is not told beside the name
const MA_HEIGHT = 170;
const SLOW_HEIGHT = 92;
const LABEL = '12px "Inter Variable", system-ui, sans-serif';
const GUTTER = 52; // left and right alike in both, so that times stand above each other

export class LiveChannel {
  /**
   * @param {HTMLElement} root @param {number} n @param {Record<string, string>} texts @param {string | undefined} zone
   * @param {() => import("./traces.js").Band[]} bandsOf
   */
  constructor(root, n, texts, zone, bandsOf) {
    this.n = n;
    this.zone = zone;
    this.figure = document.createElement("figure");
    const title = document.createElement("figcaption");
    title.textContent = texts["plot.channel"].replace("{n}", String(n));
    this.value = document.createElement("span");
    title.append(" ", this.value);
    this.figure.append(title);
    root.append(this.figure);
    this.range = /** @type {[number, number]} */ ([0, 1]);
    const inside = document.createElement("div");
    inside.setAttribute("role", "img");
    inside.setAttribute("aria-label", `${title.textContent}: ${texts["plot.set"]}, ${texts["plot.delivered"]}, mA; ${texts["plot.ohm"]}`);
    this.figure.append(inside);
    this.hasForce = false;
    this.ma = this.plotMa(inside, texts, bandsOf);
    this.slow = this.plotSlow(inside, texts, bandsOf);
    this.fit();
  }

  /** @param {Record<string, any>} more */
  options(more) {
    return {
      width: 300, legend: { show: false }, tzDate: zoned(this.zone),
      cursor: { drag: { x: false, y: false }, sync: { key: "live" }, points: { show: false } }, ...more,
      scales: { x: { time: true, range: () => this.range }, ...more.scales },
    };
  }

  /** @param {HTMLElement} inside @param {Record<string, string>} texts @param {() => any[]} bandsOf */
  plotMa(inside, texts, bandsOf) {
    const ink = colours();
    const options = this.options({
      height: MA_HEIGHT,
      plugins: [bands(bandsOf, texts)],
      scales: { y: { range: upTo(20, 20) } },
      axes: [
        axis({ space: 72, values: timeTicks(this.zone), size: 24 }),
        axis({ size: GUTTER, label: "mA", labelSize: 16, labelFont: LABEL }),
        spare(),
      ],
      series: [
        {},
        { label: texts["plot.planned"], stroke: ink.planned, width: 1.5, dash: [2, 4], spanGaps: false, points: { show: false } },
        { label: texts["plot.set"], stroke: ink.set, width: 1.5, dash: [8, 4], spanGaps: false, points: { show: false } },
        { label: texts["plot.delivered"], stroke: ink.delivered, width: 2, spanGaps: false, points: { show: false } },
      ],
    });
    return new uPlot(options, [[], [], [], []], inside);
  }

  /** @param {HTMLElement} inside @param {Record<string, string>} texts @param {() => any[]} bandsOf */
  plotSlow(inside, texts, bandsOf) {
    const ink = colours();
    const options = this.options({
      height: SLOW_HEIGHT,
      plugins: [bands(bandsOf, { ...texts, "plot.gap": "", "plot.late": "" })],
      scales: { y: { range: upTo(500, 1000) }, force: { range: upTo(100, 100) } },
      axes: [
        axis({ values: () => [], size: 6 }),
        axis({ size: GUTTER, label: "Ω", labelSize: 16, labelFont: LABEL, space: 24 }),
        axis({ scale: "force", side: 1, size: GUTTER, label: "N", labelSize: 16, labelFont: LABEL, space: 24, grid: { show: false }, show: true,
          values: (/** @type {any} */ _plot, /** @type {number[]} */ splits) => (this.hasForce ? splits : splits.map(() => "")) }),
      ],
      series: [
        {},
        { label: texts["plot.ohm"], stroke: ink.warn, width: 1.5, spanGaps: false, points: { show: false } },
        { label: texts["plot.force"], scale: "force", stroke: ink.good, width: 1.5, dash: [6, 3], spanGaps: false, points: { show: false } },
      ],
    });
    return new uPlot(options, [[], [], []], inside);
  }

  /** As wide as there is room. */
  fit() {
    const width = Math.max(240, Math.floor(this.figure.clientWidth));
    if (width === this.ma.width) return;
    this.ma.setSize({ width, height: MA_HEIGHT });
    this.slow.setSize({ width, height: SLOW_HEIGHT });
  }

  /**
   * @param {import("./traces.js").Traces} traces @param {[number, number]} range s
   * @param {(elapsedS: number) => number | null} planned
   */
  draw(traces, range, planned) {
    const isFresh = (traces.last()?.endMs ?? 0) / 1000 > range[1] - FRESH_S;
    this.range = range;
    const fast = traces.samples(this.n, range[0] * 1000 - 2000, planned);
    const slow = traces.slow(this.n, range[0] * 1000 - 2000);
    this.hasForce = slow.hasForce;
    this.ma.setData([fast.t, fast.planned, fast.set, fast.ma]);
    this.slow.setData([slow.t, slow.ohm, slow.force]);
    const at = fast.ma.length - 1;
    const newest = at < 0 || !isFresh || fast.ma[at] === null ? "" : `${fast.ma[at]?.toFixed(1)} / ${fast.set[at]?.toFixed(1)} mA`;
    if (this.value.textContent !== newest) this.value.textContent = newest;
  }

  destroy() {
    this.ma.destroy();
    this.slow.destroy();
    this.figure.remove();
  }
}
