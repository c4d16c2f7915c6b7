// Stops of a room or the site that run: how many devices have proved it, and to whom somebody has to go.  It lies over
// the page, so that a stop of somebody else moves nothing under a finger.

import { csrf } from "./asking.js";
import { byId, linkTo, set, write } from "./dom.js";
import { hours } from "./liveness.js";
import { countOf, isToldBy, keep } from "./stop-count.js";
import { fill } from "./words.js";

const LOOK_MS = 1_000; // while something waits for proof, whatever the socket says
const LOOK_LATER_MS = 15_000;
const LINGER_MS = 60_000; // so long one of which all is confirmed is still told
const UNFOLDED_MS = 8_000; // so long it stays unfolded once all of it is confirmed
const LOST_MS = 3_500; // without an answer for so long, the house cannot tell what became of it

/** @typedef {import("./stop-count.js").Command} Command */
/** @typedef {import("./ask.js").Ask} Ask */
/** @typedef {import("./strip.js").Trouble} Trouble */
/** @typedef {Record<string, string>} Texts */

/** @param {Element} root @param {string} field @returns {HTMLElement} */
const part = (root, field) => /** @type {HTMLElement} */ (root.querySelector(`[data-f="${field}"]`));

/** How it looks. @param {Run} run @param {import("./stop-count.js").Sums} sums */
function markOf(run, { asked, confirmed, unconfirmed }) {
  if (asksNobody(run)) return "good";
  if (asked) return unconfirmed ? "alarm" : confirmed === asked ? "good" : "wait";
  const stage = run.ask?.stage(performance.now());
  return stage === "sending" || stage === "sent" ? "wait" : "alarm";
}

/** Nothing was on, or possibly on: the house says so, or dispatch in its place. @param {Run} run */
const asksNobody = ({ told, ask }) => told?.asked === 0 || (told === null && ask !== null && ask.isCounted && ask.parts.size === 0);

/** One stop. */
class Run {
  /** @type {Map<string, Command>} */
  commands = new Map();
  /** What `GET stops/<id>` says of it besides; without it only what is in sight is known. @type {Record<string, any> | null} */
  told = null;
  /** Pressed on this page. @type {Ask | null} */
  ask = null;
  isHidden = false;
  isToldElsewhere = false; // by a later stop of the same devices
  lookMs = 0;
  seenMs = performance.now(); // when something of it was in sight last: what a later stop made good is not
  doneMs = Infinity; // when it was first seen that all of it is confirmed
  said = "";
  mark = "wait";

  /** @param {string} id @param {HTMLElement} root */
  constructor(id, root) {
    this.id = id;
    this.root = root;
    this.details = /** @type {HTMLDetailsElement} */ (root.querySelector("details"));
    root.dataset.stop = id;
  }

  /** @param {number} nowMs of the server */
  sums(nowMs) {
    return countOf(this.commands.values(), nowMs);
  }
}

export class StopPanel {
  /** @type {Map<string, Run>} */
  runs = new Map();
  /** One question at a time: a browser has few connections, and a stop needs one. */
  looking = false;

  /** @param {{asker: import("./asker.js").Asker, texts: Texts, mayStop: boolean, stopUrl: string, entries: () => Trouble[],
   *   markOf: (serial: string) => {short: string} | null, serverNow: () => number}} options `serverNow`: Unix ms */
  constructor({ asker, texts, mayStop, stopUrl, entries, markOf, serverNow }) {
    this.asker = asker;
    this.texts = texts;
    this.mayStop = mayStop;
    this.stopUrl = stopUrl;
    this.entries = entries;
    this.markOf = markOf;
    this.serverNow = serverNow;
    this.place = byId("stops");
    this.blank = /** @type {HTMLTemplateElement} */ (byId("stop-run"));
    this.place.addEventListener("click", (event) => this.press(event));
    this.place.addEventListener("submit", (event) => this.explain(event));
    setInterval(() => this.tick(), 500);
  }

  /** @param {string} id */
  runOf(id) {
    let run = this.runs.get(id);
    if (run === undefined) {
      const root = /** @type {HTMLElement} */ (this.blank.content.firstElementChild?.cloneNode(true));
      this.runs.set(id, (run = new Run(id, root)));
      this.place.prepend(root);
    }
    return run;
  }

  /** Somebody pressed it here: it is told open, from before the house has it. @param {Ask} ask */
  begin(ask) {
    const run = this.runOf(ask.id);
    run.ask = ask;
    run.isHidden = false;
    for (const other of this.runs.values()) other.details.open = other === run;
    ask.on("change", () => this.draw(run));
    this.draw(run);
  }

  /** Take in what is in sight of commands. */
  take() {
    const commands = this.asker.store.commands.values();
    /** @type {Map<string, Command[]>} */
    const byStop = new Map();
    for (const command of commands) {
      if (!command.stop) continue;
      const known = byStop.get(command.stop);
      if (known) known.push(command);
      else byStop.set(command.stop, [command]);
    }
    for (const run of this.runs.values()) if (byStop.has(run.id) || this.asker.asks.has(run.id)) run.seenMs = performance.now();
    for (const [id, some] of byStop) {
      const run = this.runOf(id);
      if (keep(run.commands, some)) this.draw(run);
    }
  }

  // --- asking the house, so that the count is whole and true though the socket is silent ---

  tick() {
    const now = performance.now();
    this.take();
    for (const run of this.runs.values()) {
      if (this.isOver(run, now)) {
        run.root.remove();
        this.runs.delete(run.id);
        this.place.hidden = !this.runs.size;
        continue;
      }
      if (this.mayStop && now >= run.lookMs && !this.looking && (run.commands.size || run.ask?.house)) void this.look(run);
      if (run.mark === "wait" || (run.ask && !run.told)) this.draw(run); // its time may be over by now
    }
    this.tellOnce();
  }

  /** Of stops that wait for the same devices the latest is shown: pressed five times, it is one thing to do. */
  tellOnce() {
    const runs = Array.from(this.runs.values());
    for (const run of runs) {
      const isTold = runs.some((other) => other !== run && isToldBy(run.commands.values(), other.commands.values()));
      if (isTold === run.isToldElsewhere || run.root.contains(document.activeElement)) continue;
      run.isToldElsewhere = isTold;
      this.draw(run);
    }
  }

  /** @param {Run} run @param {number} now */
  isOver(run, now) {
    if (run.root.contains(document.activeElement) || run.root.matches(":hover")) return false;
    if (now - run.doneMs > UNFOLDED_MS) run.details.open = false; // the tiles beneath it are needed again
    return now - Math.min(run.doneMs, run.seenMs) > LINGER_MS;
  }

  /** @param {Run} run */
  async look(run) {
    this.looking = true;
    try {
      const answer = await fetch(`/api/v1/stops/${run.id}`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(LOST_MS) });
      if (answer.ok) {
        run.told = await answer.json();
        keep(run.commands, run.told?.commands ?? []);
        this.draw(run);
      }
    } catch {
      // nobody answers: the tiles say by themselves what that means
    } finally {
      this.looking = false;
      run.lookMs = performance.now() + (run.sums(this.serverNow()).waiting || !run.told ? LOOK_MS : LOOK_LATER_MS);
    }
  }

  // --- hands ---

  /** @param {Event} event */
  press({ target }) {
    if (!(target instanceof Element) || !target.closest('[data-does="hide"]')) return;
    const run = this.runs.get(/** @type {HTMLElement | null} */ (target.closest(".stop-run"))?.dataset.stop ?? "");
    if (!run) return;
    run.isHidden = true;
    this.draw(run);
  }

  /** A reason, added after the deed. @param {SubmitEvent} event */
  async explain(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const run = this.runs.get(/** @type {HTMLElement | null} */ (form.closest(".stop-run"))?.dataset.stop ?? "");
    const reason = String(new FormData(form).get("reason") ?? "").trim();
    if (!run || !reason) return;
    const said = part(form, "why-said");
    try {
      const answer = await fetch(`/api/v1/stops/${run.id}/reason`, {
        method: "POST", body: JSON.stringify({ reason }), signal: AbortSignal.timeout(10_000),
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? "");
      if (run.told) run.told.reason = reason;
      write(said, "");
      this.draw(run);
    } catch (error) {
      write(said, fill(this.texts["stops.why_failed"], { why: error instanceof Error ? error.message : "" }).trim());
    }
  }

  // --- drawing ---

  /** @param {Run} run */
  draw(run) {
    const { texts } = this;
    const { root } = run;
    const sums = run.sums(this.serverNow());
    const local = run.commands.size ? null : this.localWords(run);
    const words = local ?? this.sumWords(sums, run.told !== null);
    const mark = markOf(run, sums);
    run.doneMs = mark === "good" ? Math.min(run.doneMs, performance.now()) : Infinity;
    if (mark === "alarm" && run.mark !== mark) run.isHidden = false; // who hid it has to know
    run.mark = mark;
    set(root, "data-mark", mark);
    write(part(root, "title"), this.titleOf(run));
    write(part(root, "sums"), words);
    write(part(root, "who"), this.whoOf(run));
    this.drawAdvice(run, sums, mark);
    this.drawRooms(part(root, "rooms"), local && mark === "alarm" ? this.supposed(run) : sums.rooms);
    this.drawWhy(run);
    const page = /** @type {HTMLAnchorElement} */ (part(root, "page"));
    page.hidden = !this.stopUrl || !run.commands.size;
    if (!page.hidden) page.href = this.stopUrl.replace("00000000-0000-0000-0000-000000000000", run.id);
    root.hidden = run.isHidden || run.isToldElsewhere;
    this.place.hidden = Array.from(this.runs.values()).every((one) => one.root.hidden);
    this.speak(run, mark, words);
  }

  /** What this page knows before the house tells of it. @param {Run} run */
  localWords(run) {
    if (asksNobody(run)) return this.texts["stops.nobody"];
    if (!run.ask) return this.texts["stops.sending"];
    const words = this.texts[`stops.${run.ask.stage(performance.now())}`] ?? this.texts["stops.sending"];
    return fill(words, { why: run.ask.refusal });
  }

  /** Whom it was meant for, where the house tells of nobody: all of them have to be looked at. @param {Run} run */
  supposed(run) {
    const serials = new Set(run.ask?.parts.keys());
    const some = this.entries().filter(({ serial }) => serials.has(serial));
    return countOf(some.map(({ serial, name, room }) => ({ id: serial, device: serial, device_name: name, room, state: "unconfirmed" })), 0).rooms;
  }

  /** @param {import("./stop-count.js").Sums} sums @param {boolean} isWhole */
  sumWords({ asked, confirmed, unconfirmed, waiting }, isWhole) {
    const { texts } = this;
    const said = [];
    if (isWhole) said.push(fill(texts["stops.confirmed"], { n: confirmed, m: asked }));
    if (unconfirmed) said.push(fill(texts[unconfirmed === 1 ? "stops.to_go.one" : "stops.to_go"], { n: unconfirmed }));
    if (waiting) said.push(fill(texts["stops.waiting"], { n: waiting }));
    return said.join(", ") || fill(texts["stops.confirmed"], { n: confirmed, m: asked });
  }

  /** @param {Run} run */
  titleOf(run) {
    const room = run.told ? run.told.room : run.ask ? run.ask.wish.room : null;
    if (room) return fill(this.texts["stops.room"], { room });
    return run.told || run.ask ? this.texts["stops.site"] : this.texts["stops.some"];
  }

  /** @param {Run} run */
  whoOf(run) {
    const [any] = run.commands.values();
    const at = run.told?.requested_at ?? any?.requested_at;
    if (!at) return "";
    const time = hours.format(Date.parse(at));
    const who = run.told?.actor ?? any?.actor;
    return who ? fill(this.texts["stops.by"], { who, time }) : fill(this.texts["stops.at"], { time });
  }

  /** @param {Run} run @param {import("./stop-count.js").Sums} sums @param {string} mark */
  drawAdvice(run, sums, mark) {
    const advice = part(run.root, "advice");
    advice.hidden = mark !== "alarm";
    if (!advice.hidden) write(advice, this.texts["stops.go"]);
  }

  /** @param {HTMLElement} list @param {import("./stop-count.js").Room[]} rooms */
  drawRooms(list, rooms) {
    const { texts } = this;
    const key = JSON.stringify(rooms.map(({ room, asked, confirmed, waiting, go_to }) => [room, asked, confirmed, waiting, go_to.map(({ id }) => id)]));
    if (list.dataset.key === key) return; // what somebody is about to press stays the same element
    list.dataset.key = key;
    list.replaceChildren(...rooms.map(({ room, asked, confirmed, go_to }) => {
      const item = document.createElement("li");
      const line = item.appendChild(document.createElement("p"));
      line.appendChild(document.createElement("b")).textContent = room || texts["stops.no_room"];
      line.appendChild(document.createElement("span")).textContent = fill(texts["stops.of"], { n: confirmed, m: asked });
      if (go_to.length) item.appendChild(document.createElement("ul")).append(...go_to.map((one) => this.goTo(one)));
      return item;
    }));
  }

  /** @param {Command} command */
  goTo(command) {
    const item = document.createElement("li");
    const link = item.appendChild(document.createElement(document.body.dataset.deviceUrl ? "a" : "span"));
    link.appendChild(document.createElement("span")).textContent = command.device_name || command.device;
    link.appendChild(document.createElement("b")).textContent = this.markOf(command.device)?.short ?? this.texts["stops.go_there"];
    if (link instanceof HTMLAnchorElement) linkTo(link, command.device);
    return item;
  }

  /** @param {Run} run */
  drawWhy(run) {
    const form = part(run.root, "why");
    const reason = run.told?.reason ?? "";
    form.hidden = !this.mayStop || !run.told;
    const [label, button] = [form.querySelector("label"), form.querySelector("button")];
    if (label) label.hidden = reason !== "";
    if (button) button.hidden = reason !== "";
    if (reason) write(part(form, "why-said"), fill(this.texts["stops.why"], { reason }));
  }

  /** Told aloud when it begins and when it ends, not at each device. @param {Run} run @param {string} mark @param {string} words */
  speak(run, mark, words) {
    const said = mark === "wait" ? "wait" : words;
    if (run.said === said) return;
    run.said = said;
    write(byId("stops-said"), `${this.titleOf(run)}: ${words}`);
  }
}
