// History: a device's past over days, as deep as one likes; the address always leads to what is seen.

import { fill, join, now, texts, write, zone } from "./devicepage.js";
import { axis, bands, colours, language, onTheme, spare, timeTicks, uPlot, upTo, zoned } from "./plots.js";
import { columnsOf } from "./traces.js";
import { clock } from "./words.js";
import { address, asked, ending, moved, zoomed } from "./zoom.js";

const MA_HEIGHT = 170;
const SELF_HEIGHT = 120;
const FOLLOW_MS = 30_000; // a range that ends now goes on with it
const RETRY_S = 5;
const ROWS = 200; // of the table below the plots

/** @typedef {import("./zoom.js").Range} Range */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const panel = byId("history");
const root = byId("plots");
const note = byId("history-note");
/** @type {Range} */
let range = asked(location.search, Date.now());
/** @type {any[]} */
let plots = [];
/** @type {Record<string, any> | null} */
let trace = null;
/** @type {AbortController | null} */
let asking = null;
let retry = 0;

const moments = new Intl.DateTimeFormat(language(), {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone,
});
const moment = (/** @type {number | string} */ at) => moments.format(new Date(at));

// --- where we are ---

/** @param {Range} next */
function go(next) {
  range = next;
  const where = address(range);
  // A drag selects in every plot at once, and each tells: one step back must undo it.
  if (where !== location.search) history.pushState(null, "", where);
  read();
}

addEventListener("popstate", () => {
  range = asked(location.search, now());
  read();
});

// --- reading ---

async function read() {
  asking?.abort();
  const mine = (asking = new AbortController());
  clearTimeout(retry);
  if (range.last) range = ending(range.last, now());
  mark();
  if (trace === null) tell(texts["plot.loading"]);
  panel.setAttribute("aria-busy", "true");
  const points = Math.max(300, Math.min(3000, Math.floor(root.clientWidth * 1.5)));
  const asks = new URLSearchParams({ from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString(), points: String(points) });
  try {
    const answer = await fetch(`${panel.dataset.trace}?${asks}`, { signal: mine.signal });
    const said = await answer.json();
    if (answer.status === 422) return tell(fill(texts["plot.refused"], { why: said.detail }), "warning");
    if (!answer.ok) throw new Error(said.detail ?? String(answer.status));
    trace = said;
    draw();
  } catch (error) {
    if (mine.signal.aborted) return;
    tell(fill(texts["plot.failed"], { why: error instanceof Error ? error.message : String(error), n: RETRY_S }), "error");
    retry = setTimeout(read, RETRY_S * 1000);
  } finally {
    if (asking === mine) panel.removeAttribute("aria-busy");
  }
}

/** @param {string} words @param {string} [level] */
function tell(words, level = "info") {
  write(note, words);
  note.dataset.level = level;
  note.hidden = words === "";
}

/** Say which range is shown. */
function mark() {
  write(byId("range"), `${moment(range.from)} – ${moment(range.to)}`);
  for (const link of panel.querySelectorAll("[data-last]")) {
    if (/** @type {HTMLElement} */ (link).dataset.last === range.last) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// --- drawing ---

function draw() {
  for (const plot of plots.splice(0)) plot.destroy();
  root.replaceChildren();
  if (!trace) return;
  const columns = columnsOf(trace);
  tell(columns.t.length ? "" : texts["plot.none"]);
  write(byId("source"), columns.t.length ? texts[`source.${trace.source}`] : "");
  for (const channel of columns.channels) {
    const isUsed = [...channel.max, ...channel.set].some((ma) => ma !== null && ma > 0);
    if (isUsed) plots.push(current(channel, columns.t));
  }
  if (columns.t.length) plots.push(itself(columns));
  list();
  panel.dataset.shown = `${trace.from}/${trace.to}`;
}

function bandsNow() {
  const of = (/** @type {string[]} */ [from, to]) => ({ from: Date.parse(from) / 1000, to: Date.parse(to) / 1000 });
  const gaps = (trace?.gaps ?? []).map((/** @type {string[]} */ gap, /** @type {number} */ at) =>
    ({ ...of(gap), kind: "gap", label: why(at) }));
  return [...(trace?.sessions ?? []).map((/** @type {string[]} */ one) => ({ ...of(one), kind: "session" })), ...gaps];
}

/** @param {number} at which gap */
const why = (at) => texts[`gap.${trace?.gap_reasons?.[at] ?? "unknown"}`];

/** @param {string} words @param {number} height @param {Record<string, any>} more @param {any[][]} data */
function plot(words, height, more, data) {
  const figure = document.createElement("figure");
  const title = document.createElement("figcaption");
  title.textContent = words;
  const inside = document.createElement("div");
  inside.setAttribute("role", "img");
  inside.setAttribute("aria-label", `${words}, ${byId("range").textContent}`);
  figure.append(title, inside);
  root.append(figure);
  const low = Date.parse(trace?.from) / 1000;
  const high = Date.parse(trace?.to) / 1000;
  const made = new uPlot({
    width: width(), height, legend: { show: false }, tzDate: zoned(zone),
    cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "history" }, bind: { dblclick: () => back } },
    hooks: { setSelect: [selected] }, plugins: [bands(bandsNow, texts)], ...more,
    scales: { x: { time: true, range: [low, high] }, ...more.scales },
  }, data, inside);
  return made;
}

const left = { size: 52, labelSize: 16, labelFont: '12px "Inter Variable"' };
const quiet = { spanGaps: false, points: { show: false } };

/** @param {any} channel @param {number[]} t */
function current(channel, t) {
  const ink = colours();
  return plot(fill(texts["plot.channel"], { n: channel.n }), MA_HEIGHT, {
    scales: { y: { range: upTo(20, 20) } },
    axes: [axis({ space: 72, values: timeTicks(zone), size: 38 }), axis({ ...left, label: "mA" }), spare()],
    bands: [{ series: [4, 3], fill: `color-mix(in srgb, ${ink.delivered} 25%, transparent)` }],
    series: [
      {},
      { ...quiet, label: texts["plot.set"], stroke: ink.set, width: 1.5, dash: [8, 4] },
      { ...quiet, label: texts["plot.delivered"], stroke: ink.delivered, width: 1.5 },
      { ...quiet, stroke: "transparent" },
      { ...quiet, stroke: "transparent" },
    ],
  }, [t, channel.set, channel.ma, channel.min, channel.max]);
}

/** @param {ReturnType<typeof columnsOf>} columns */
function itself(columns) {
  const ink = colours();
  return plot(`${texts["plot.soc"]} · ${texts["plot.temp"]}`, SELF_HEIGHT, {
    scales: { y: { range: [0, 100] }, temp: { range: upTo(20, 40) } },
    axes: [axis({ space: 72, values: timeTicks(zone), size: 38 }), axis({ ...left, label: "%" }),
      axis({ scale: "temp", side: 1, ...left, label: "°C", grid: { show: false } })],
    series: [
      {},
      { ...quiet, label: texts["plot.soc"], stroke: ink.good, width: 1.5 },
      { ...quiet, label: texts["plot.temp"], scale: "temp", stroke: ink.warn, width: 1.5, dash: [6, 3] },
    ],
  }, [columns.t, columns.soc, columns.temp]);
}

const width = () => Math.max(240, Math.floor(root.clientWidth));

/** What was found, in words: a plot is no table. */
function list() {
  const rows = byId("found-rows");
  const all = [
    ...(trace?.gaps ?? []).map((/** @type {string[]} */ [from, to], /** @type {number} */ at) => ({ what: rows.dataset.gap, from, to, why: why(at) })),
    ...(trace?.sessions ?? []).map((/** @type {string[]} */ [from, to]) => ({ what: rows.dataset.session, from, to, why: "" })),
  ].sort((a, b) => Date.parse(b.from) - Date.parse(a.from));
  byId("found").hidden = all.length === 0;
  rows.replaceChildren(...all.slice(0, ROWS).map((one) => row(one)));
  if (all.length > ROWS) rows.append(row({ what: fill(rows.dataset.more ?? "", { n: all.length - ROWS }), from: "", to: "", why: "" }));
}

/** @param {{what: string | undefined, from: string, to: string, why: string}} one */
function row({ what, from, to, why: reason }) {
  const made = document.createElement("tr");
  const long = from ? clock(Date.parse(to) - Date.parse(from)) : "";
  const cells = [what ?? "", from && moment(from), to && moment(to), long, reason];
  made.append(...cells.map((words, at) => {
    const cell = document.createElement("td");
    cell.textContent = words;
    if (at === 3) cell.className = "num";
    return cell;
  }));
  return made;
}

// --- hands ---

/** @param {any} from a plot in which somebody dragged */
function selected(from) {
  const { left: start, width: length } = from.select;
  if (length < 5) return;
  const low = from.posToVal(start, "x") * 1000;
  const high = from.posToVal(start + length, "x") * 1000;
  go(zoomed({ from: low, to: high, last: null }, 1, now()));
}

const back = () => go(zoomed(range, 2, now()));

/** @type {Record<string, () => Range>} */
const moves = {
  earlier: () => moved(range, -0.5, now()),
  later: () => moved(range, 0.5, now()),
  in: () => zoomed(range, 0.5, now()),
  out: () => zoomed(range, 2, now()),
};
/** @type {Record<string, string>} */
const keys = { ArrowLeft: "earlier", ArrowRight: "later", "+": "in", "=": "in", "-": "out" };

panel.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const move = /** @type {HTMLElement | null} */ (target.closest("[data-move]"))?.dataset.move;
  const link = /** @type {HTMLElement | null} */ (target.closest("[data-last]"));
  if (move) go(moves[move]());
  else if (link?.dataset.last && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    go(ending(link.dataset.last, now()));
  }
});
document.addEventListener("keydown", (event) => {
  const isTyping = /** @type {HTMLElement} */ (event.target).closest("input, select, textarea, .scroll, .tabs");
  const move = keys[event.key];
  if (!move || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  go(moves[move]());
});
new ResizeObserver(() => {
  for (const each of plots) if (each.width !== width()) each.setSize({ width: width(), height: each.height });
}).observe(root);
setInterval(() => range.last && !document.hidden && read(), FOLLOW_MS);
onTheme(draw);
history.replaceState(null, "", address(range));
read();
join();
