// The wall: what the server says, drawn at the screen's pace; and what it no longer says, said aloud.

import { asker, begin, marks } from "./asking.js";
import { Board } from "./board.js";
import { chosen, watchChoice } from "./chooser.js";
import { ServerClock } from "./clock.js";
import { byId, flag, say } from "./dom.js";
import { watchHands } from "./hands.js";
import { listenToKeys, walk } from "./keys.js";
import { legend } from "./legend.js";
import { listen } from "./live.js";
import { hours, Liveness } from "./liveness.js";
import { keepRenewed, reload } from "./renew.js";
import { emptyStore, take } from "./store.js";
import { watchDeeds } from "./wall-deeds.js";
import { fill } from "./words.js";

const SLOTS = 8; // of a second: each ages its share of the tiles, so that no frame has to lay out all of them
const TURN_MS = 12_000; // a page of a screen on the wall
const { body } = document;
const kiosk = "kiosk" in body.dataset;
const wall = byId("content");
/** @type {Record<string, string>} */
const texts = JSON.parse(byId("texts").textContent ?? "{}");
const store = emptyStore();
const server = new ServerClock();
const liveness = new Liveness(server, texts);
const hands = watchHands([wall, byId("strip")], { kiosk, changed: () => board.settle() });
const renewal = keepRenewed({ build: body.dataset.build ?? "", kiosk, mayReload: () => document.hidden || !hands.here });
const board = new Board({
  texts, store, server, choice: chosen(), markOf: (serial) => marks.of(serial), isHeld: () => hands.here, drawn: () => liveness.judge(),
});

// --- listening ---

/** @param {Record<string, any>} message */
async function hear(message) {
  try {
    if (message.type === "error") return;
    if (message.type === "snapshot") renewal.met(message.build);
    const changed = take(store, message);
    asker.hear(message);
    if (changed.pulse && store.pulse) liveness.hear(/** @type {any} */ (store.pulse));
    if (changed.all) board.hear();
    await board.drawing.ask(changed.all ? store.devices.keys() : changed.serials);
    liveness.faulty = false;
    renewal.alive();
  } catch (error) {
    liveness.faulty = true;
    console.error(error);
    setTimeout(() => live.resync(), 1000);
  }
}

/** @param {"open" | "down" | "left"} state */
function turned(state) {
  liveness.connected = state === "open";
  if (state === "left") {
    liveness.leave();
    setTimeout(reload, 1500); // the server says where to go: log in, or nowhere
  } else liveness.judge();
}

// --- time ---

let slot = 0;

function tick() {
  slot = (slot + 1) % SLOTS;
  board.tick(slot, SLOTS);
  const now = server.now(performance.now());
  if (now !== null) say("now", hours.format(now));
  liveness.judge();
  if (slot) return;
  renewal.tick();
  if (kiosk) flag(body, "data-idle", hands.idle);
}

/** Tell a time in the site's zone and in UTC to whoever points at it. @param {PointerEvent} event */
function explain({ target }) {
  if (!(target instanceof Element)) return;
  const link = target.closest(".link");
  const heardMs = board.tiles.get(/** @type {HTMLElement | null} */ (link?.closest(".tile"))?.dataset.serial ?? "")?.heardMs;
  const now = server.now(performance.now());
  if (link instanceof HTMLElement && heardMs) link.title = fill(texts["heard.title"], times(heardMs));
  else if (target.closest("#now") && now !== null) {
    byId("now").title = fill(texts["now.title"], { zone: body.dataset.timeZone ?? "", ...times(now) });
  }
}

/** @param {number} ms */
const times = (ms) => ({
  local: hours.format(ms),
  utc: new Date(ms).toISOString().slice(0, 19).replace("T", " "),
});

// --- hands ---

/** Leave what one is in: the search, a tile, and at last the choice. */
function escape() {
  const { activeElement } = document;
  if (activeElement instanceof HTMLElement && activeElement !== body && activeElement !== wall) activeElement.blur();
  else choice.clear();
}

begin({ now: () => server.now(performance.now()) });
asker.on("change", (serials) => void board.drawing.ask(serials));
watchDeeds({ asker, marks, texts, entries: () => board.entries(), now: () => server.now(performance.now()),
  hasJustMoved: (serial) => board.hasJustMoved(serial) });
await board.adopt();
const choice = watchChoice({ changed: (choice) => board.choose(choice) });
const help = legend(/** @type {HTMLDialogElement} */ (byId("legend")));
for (const button of document.querySelectorAll('[data-does="legend"]')) button.addEventListener("click", help.show);
byId("page-back").addEventListener("click", () => board.turn(-1, { force: true }));
byId("page-on").addEventListener("click", () => board.turn(1, { force: true }));
const step = (/** @type {KeyboardEvent} */ event) => walk(wall, event);
const then = (/** @type {() => void} */ act) => (/** @type {KeyboardEvent} */ event) => {
  event.preventDefault();
  act();
};
listenToKeys({
  ArrowLeft: step, ArrowRight: step, ArrowUp: step, ArrowDown: step,
  "/": then(choice.search),
  "?": then(help.show),
  f: then(choice.filter),
  a: then(choice.toggleAttention),
  o: then(choice.toggleOrder),
  n: then(() => board.turn(1, { force: true })),
  p: then(() => board.turn(-1, { force: true })),
  Escape: then(escape),
});
document.addEventListener("pointerover", explain);
document.addEventListener("visibilitychange", () => board.drawing.wake());
setInterval(tick, 1000 / SLOTS);
if (kiosk) setInterval(() => board.turn(1), TURN_MS);

const scheme = location.protocol === "https:" ? "wss" : "ws";
const asked = new URLSearchParams({ site: body.dataset.site ?? "", alerts: "none" });
if (body.dataset.display) asked.set("display", body.dataset.display);
const live = listen(`${scheme}://${location.host}/ws/v1/live?${asked}`, { take: hear, turned });
