// The console: every open alert, live; what to do about the chosen one; one key to acknowledge.

import { feed } from "./alerts-feed.js";
import { AlertView } from "./alert-view.js";
import { Deeds } from "./console-deeds.js";
import { WindowedList } from "./console-list.js";
import { Announcer } from "./console-news.js";
import { NONE, addressOf, arrange, choiceOf, hold, isAsking, neighbour, nextAsking, together } from "./console-order.js";
import { Row } from "./console-row.js";
import { byId, say, set } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { legend } from "./legend.js";
import { fill } from "./words.js";

const TICK_MS = 1_000;
const DRAW_MS = 250; // a tab that gets no frames draws all the same
const STOOD_MS = 400; // a line that just moved here was not the one aimed at
const READ_MS = 700; // nobody has read the next alert sooner
const LEFT_LYING_MS = 8_000; // a pointer that does not move is nobody's hand

/** @typedef {import("./console-order.js").Line} Line */

const texts = JSON.parse(byId("console-texts").textContent ?? "{}");
const known = JSON.parse(byId("console-about").textContent ?? "{}");
const main = byId("content");
const form = /** @type {HTMLFormElement} */ (byId("choose"));
const root = byId("lines");
const pane = byId("pane");
const wide = matchMedia("(min-width: 72rem)"); // as alerts.css
const urlOf = (/** @type {number} */ id) => known.alert_url.replace(known.any, String(id));

let choice = choiceOf(location.search);
let selected = NONE;
let waiting = 0;
let stirredMs = -Infinity;
let movedOnMs = -Infinity; // when a key's deed chose the next alert
/** @type {Set<number>} */
const unfolded = new Set();

const about = { texts, sites: known.sites, people: known.people, now: () => feed.now(), selected: () => selected, url: urlOf };
const template = /** @type {HTMLTemplateElement} */ (byId("row"));
/** @type {WindowedList<Line>} */
const list = new WindowedList(root, () => new Row(template, about));
const view = new AlertView(pane, texts, urlOf);
const news = new Announcer(texts, about);
const deeds = new Deeds(/** @type {HTMLDialogElement} */ (byId("deed")), texts, { done, said });
const keysDialog = legend(/** @type {HTMLDialogElement} */ (byId("legend")));

// --- what is shown ---

/** A hand is on the list: a line must not slip away under it. */
function isHeld() {
  return root.matches(":hover") && performance.now() - stirredMs < LEFT_LYING_MS;
}

function refresh() {
  const { alerts } = feed.store;
  const wanted = arrange(alerts, choice, unfolded);
  const shown = isHeld() && list.lines.length ? hold(list.lines, wanted.lines) : { lines: wanted.lines, waiting: 0 };
  waiting = shown.waiting;
  if (!("windowed" in root.dataset)) {
    root.replaceChildren(); // what the server rendered
    root.dataset.windowed = "";
  }
  list.show(shown.lines);
  for (const [name, count] of Object.entries(wanted.counts)) say(`count-${name}`, String(count));
  say("sum", wanted.explained ? fill(texts["explained"], { n: wanted.explained }) : "");
  const button = byId("waiting");
  button.hidden = !waiting;
  if (waiting) button.textContent = fill(texts["waiting"], { n: waiting });
  const isFiltered = addressOf(choice) !== "";
  byId("none").hidden = shown.lines.length > 0 || isFiltered;
  byId("no-match").hidden = shown.lines.length > 0 || !isFiltered;
  byId("clear").hidden = !isFiltered;
  offerTogether();
  showChosen();
  const high = wanted.counts.high;
  document.title = `${high ? `(${high}) ` : ""}${texts["title"]} · Myofleet`;
}

/** @returns {number[]} */
const togetherNow = () => together(list.seen, (id) => list.seenForMs(id));

function offerTogether() {
  const button = byId("together");
  const ids = togetherNow();
  button.hidden = ids.length === 0;
  if (ids.length) button.textContent = fill(texts[ids.length === 1 ? "together.one" : "together"], { n: ids.length });
}

function showChosen() {
  if (!wide.matches || selected === NONE) return;
  const alert = feed.store.alerts.get(selected);
  if (alert) view.show(alert.id, alert.rev);
  else view.show(selected, Infinity); // it was closed meanwhile
}

/** @param {number} id */
function choose(id) {
  if (id === NONE) return;
  selected = id;
  for (const [drawn, row] of list.drawn) /** @type {Row} */ (row).select(drawn === id);
  list.reveal(id, Number(byId("sum").closest(".over-lines")?.getBoundingClientRect().bottom ?? 0));
  showChosen();
}

// --- what is heard ---

/** @param {import("./alerts-store.js").Changed} changed @returns {Promise<void>} when it has been drawn */
function take(changed) {
  if (!changed.all && !changed.ids.size) return Promise.resolve();
  const draw = () => {
    refresh();
    news.hear(feed.store.alerts, changed);
    const ids = changed.all ? [...feed.store.alerts.keys()] : [...changed.ids];
    document.dispatchEvent(new CustomEvent("myofleet:alerts-drawn", { detail: { ids, t: performance.now() } }));
  };
  if (document.hidden) {
    draw();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    let isDrawn = false;
    const once = () => {
      if (isDrawn) return;
      isDrawn = true;
      draw();
      resolve();
    };
    requestAnimationFrame(once);
    setTimeout(once, DRAW_MS);
  });
}

// --- what somebody does ---

/** @param {import("./console-deeds.js").Done} told */
function done({ alerts }) {
  void feed.hear({ type: "events", events: alerts.map((alert) => ({ ...alert, kind: "alert" })) });
}

let saidTimer = 0;

/** @param {string} words @param {"info" | "error"} level */
function said(words, level) {
  const note = byId("said");
  note.dataset.level = level;
  note.textContent = words;
  note.hidden = false;
  clearTimeout(saidTimer);
  if (level === "info") saidTimer = setTimeout(() => { note.hidden = true; }, 8_000);
}

/** @param {number} id @param {boolean} [byKey] */
async function acknowledge(id, byKey = false) {
  const alert = feed.store.alerts.get(id);
  if (!alert) return said(texts["none.selected"], "error");
  if (!isAsking(alert)) return said(texts["is.answered"], "info");
  if (!(await deeds.send(`${urlOf(id)}acknowledge/`)) || !byKey || selected !== id) return;
  choose(nextAsking(list.lines, id));
  movedOnMs = performance.now();
}

/** A key that is held, or pressed twice in a row, acknowledges one alert and not also the next. @param {KeyboardEvent} event */
function acknowledgeByKey(event) {
  if (!event.repeat && performance.now() - movedOnMs > READ_MS) void acknowledge(selected, true);
}

function acknowledgeTogether() {
  const ids = togetherNow();
  if (ids.length) void deeds.send(known.together_url, { ids: ids.map(String) });
}

/** @param {"shelve" | "close" | "assign"} name */
function ask(name) {
  if (selected === NONE) said(texts["none.selected"], "error");
  else void deeds.open(`${urlOf(selected)}${name}/`, texts[`deed.${name}`]);
}

/** @param {number} id */
function fold(id) {
  if (!unfolded.delete(id)) unfolded.add(id);
  refresh();
}

/** @param {number} id @param {string} does */
function press(id, does) {
  if (list.stoodForMs(id) < STOOD_MS) return said(texts["moved"], "error");
  if (does === "fold") fold(id);
  else void acknowledge(id);
}

root.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const id = Number(/** @type {HTMLElement | null} */ (target.closest(".alert"))?.dataset.id ?? NONE);
  const does = /** @type {HTMLElement | null} */ (target.closest("[data-does]"))?.dataset.does;
  if (id === NONE) return;
  if (does) return press(id, does);
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (wide.matches) {
    event.preventDefault();
    choose(id);
  } else if (!target.closest("a")) location.href = urlOf(id);
});
for (const kind of ["pointermove", "pointerdown"]) {
  root.addEventListener(kind, () => { stirredMs = performance.now(); }, { passive: true });
}
root.addEventListener("pointerleave", () => { if (waiting || list.lines.some((line) => line.gone)) refresh(); });
byId("waiting").addEventListener("click", () => {
  stirredMs = -Infinity;
  refresh();
});
byId("together").addEventListener("click", acknowledgeTogether);
byId("more").addEventListener("click", () => {
  set(byId("more"), "aria-expanded", String(form.toggleAttribute("data-open")));
});
byId("keys").addEventListener("click", () => keysDialog.show());

pane.addEventListener("submit", async (event) => {
  const deed = /** @type {HTMLFormElement} */ (event.target);
  if (!("deed" in deed.dataset)) return;
  event.preventDefault();
  if (await deeds.post(deed.action, new FormData(deed))) deed.reset();
});
pane.addEventListener("click", (event) => {
  const link = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-dialog]"));
  if (!link) return;
  event.preventDefault();
  ask(/** @type {"shelve" | "close" | "assign"} */ (link.dataset.dialog));
});

// --- what somebody chooses ---

/** Let the form say what is chosen. */
function fillForm() {
  for (const [name, value] of Object.entries(choice)) {
    const field = form.elements.namedItem(name);
    if (field instanceof RadioNodeList || field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
  }
}

/** @param {import("./console-order.js").Choice} next */
function chose(next) {
  choice = next;
  history.replaceState(null, "", `${location.pathname}${addressOf(choice)}`);
  fillForm();
  stirredMs = -Infinity;
  refresh();
}

form.addEventListener("input", () => chose(choiceOf(`?${new URLSearchParams(/** @type {any} */ (new FormData(form)))}`)));
form.addEventListener("submit", (event) => event.preventDefault());
main.addEventListener("click", ({ target }) => {
  if (/** @type {Element} */ (target).closest('[data-does="clear"]')) chose(choiceOf(""));
});

const search = /** @type {HTMLInputElement} */ (byId("q"));

/** @param {number} by */
const step = (by) => (/** @type {KeyboardEvent} */ event) => {
  event.preventDefault();
  choose(neighbour(list.lines, selected, by));
  const alert = feed.store.alerts.get(selected);
  if (alert) news.read(alert);
};

listenToKeys({
  j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1),
  a: acknowledgeByKey,
  A: (event) => { if (!event.repeat) acknowledgeTogether(); },
  s: () => ask("shelve"),
  c: () => ask("close"),
  f: () => { if (selected !== NONE) fold(selected); },
  Enter: (event) => {
    const isElsewhere = /** @type {Element} */ (event.target).closest("a, button, summary");
    if (!isElsewhere && selected !== NONE) location.href = urlOf(selected);
  },
  "/": (event) => {
    event.preventDefault();
    search.focus();
    search.select();
  },
  "?": () => keysDialog.show(),
  Escape: () => {
    if (document.activeElement === search) search.blur();
    else if (addressOf(choice)) chose(choiceOf(""));
  },
});

// --- begin ---

const bar = document.getElementById("alertbar"); // it stays on top, and its height is its own affair
if (bar) new ResizeObserver(() => main.style.setProperty("--bar", `${bar.offsetHeight}px`)).observe(bar);

fillForm();
feed.watch((state) => set(main, "data-alerts-live", state));
feed.listen(take);
feed.open(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/v1/alerts`);
wide.addEventListener("change", showChosen);
setInterval(() => {
  if (document.hidden) return;
  const now = feed.now() ?? Date.now();
  for (const row of list.drawn.values()) /** @type {Row} */ (row).tick(now);
  offerTogether();
  view.tick();
  if ((waiting || list.lines.some((line) => line.gone)) && !isHeld()) refresh();
}, TICK_MS);
