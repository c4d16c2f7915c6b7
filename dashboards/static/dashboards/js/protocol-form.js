// The protocol form: draws the envelope while it is typed, asks the server what is to be said at each box, adds and
// moves steps without leaving the page, and keeps what is not saved from being lost.  Everything works without this
// file, with a page load a press.

import { TooLong, planOf } from "./protocol-plan.js";
import { oneCycle, whole } from "./protocol-drawing.js";
import { say, show } from "./protocol-envelope.js";
import { drawable, number, read } from "./protocol-sheet.js";
import { clock } from "./words.js";

const CHECK_AFTER_MS = 400; // since the last key
const ANSWER_MS = 5_000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("protocol-form"));
const steps = /** @type {HTMLElement} */ (document.getElementById("steps"));
const envelope = /** @type {HTMLElement} */ (document.getElementById("envelope"));
const figures = /** @type {HTMLElement} */ (document.getElementById("envelope-figures"));
const state = /** @type {HTMLElement} */ (document.getElementById("check-state"));
const complaints = document.getElementById("complaints");

let isDirty = form.dataset.dirty === "yes";
let isLeaving = false;
let checks = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
document.documentElement.dataset.scripts = "yes";

/** What stands in the boxes. @returns {import("./protocol-sheet.js").Sheet} */
function sheet() {
  const data = new FormData(form);
  /** @type {import("./protocol-sheet.js").Sheet} */
  const found = { top: {}, channels: data.getAll("channels").map(Number).sort((a, b) => a - b), steps: [] };
  for (const fieldset of steps.querySelectorAll("[data-step]")) found.steps[Number(/** @type {HTMLElement} */ (fieldset).dataset.step)] = {};
  for (const [name, value] of data) {
    const [word, at, ...box] = name.split(".");
    const text = String(value).trim().replace(/\s+/g, " ");
    if (word === "steps" && box.length) (found.steps[Number(at)] ??= {})[box.join(".")] = text;
    else found.top[name] = text;
  }
  return found;
}

// --- drawing ---

function draw() {
  const { named = "", cycleNamed = "", one = "", many = "", missing = "", tooLong = "", dense = "" } = envelope.dataset;
  const document_ = drawable(read(sheet()));
  for (const place of steps.querySelectorAll("[data-cycle]")) place.replaceChildren();
  figures.textContent = "";
  if (!document_) return say(envelope, missing);
  let plan;
  try {
    plan = planOf(document_);
  } catch (error) {
    if (error instanceof TooLong) return say(envelope, tooLong);
    throw error;
  }
  if (!plan.length_ms) return say(envelope, missing);
  const drawing = whole(plan);
  show(envelope, drawing, { named, one, many });
  const words = (figures.dataset.words ?? "").replace("{time}", clock(plan.length_ms)).replace("{n}", String(plan.contractions));
  figures.textContent = drawing.dense ? `${words}. ${dense}` : words;
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (steps.querySelectorAll("[data-cycle]"))) {
    const cycle = oneCycle(plan, Number(place.dataset.cycle));
    if (cycle) show(place, cycle, { named: cycleNamed, one, many });
  }
}

// --- what the server has to say ---

async function check() {
  const round = (checks += 1);
  const id = /** @type {HTMLInputElement | null} */ (document.getElementById("box-id"))?.value.trim() ?? form.dataset.id ?? "";
  try {
    const answer = await fetch(form.dataset.check ?? "", {
      method: "POST", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(ANSWER_MS),
      body: JSON.stringify({ ...read(sheet()), id: id || "draft" }),
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": new FormData(form).get("csrfmiddlewaretoken")?.toString() ?? "" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const { findings } = await answer.json();
    if (round === checks) tell(findings);
  } catch {
    if (round === checks) state.textContent = state.dataset.away ?? "";
  }
}

/** @typedef {{path: string, field: string, severity: string, text: string, code: string}} Finding */

/** @param {Finding[]} findings */
function tell(findings) {
  /** @type {Map<Element, HTMLElement[]>} */
  const places = new Map(Array.from(form.querySelectorAll("ul.told:not(#box-id-told)"), (list) => [list, []]));
  for (const one of findings) {
    for (const [list, text] of sayings(one)) places.get(list)?.push(line(one.severity, text));
  }
  for (const [list, text] of unread()) places.set(list, [line("error", text)]);
  for (const [list, lines] of places) {
    const same = lines.length === list.children.length && lines.every((one, at) => one.textContent === list.children[at].textContent);
    if (!same) list.replaceChildren(...lines);
    const box = /** @type {HTMLElement | null} */ (form.querySelector(`[aria-describedby~="${list.id}"]`));
    if (lines.some((one) => one.dataset.level === "error")) box?.setAttribute("aria-invalid", "true");
    else box?.removeAttribute("aria-invalid");
  }
  const errors = findings.filter((one) => one.severity === "error").length;
  state.textContent = errors ? (state.dataset.errors ?? "").replace("{n}", String(errors)) : state.dataset.none ?? "";
}

/** @param {string} level @param {string} text */
function line(level, text) {
  const item = document.createElement("li");
  item.dataset.level = level;
  item.textContent = text;
  return item;
}

/** Where a finding is told, and how: at its box, else at its step, the channels, or below all, with its field.
 * @param {Finding} one @returns {[Element, string][]} */
function sayings({ path, field, text, code }) {
  const toldAt = (/** @type {string} */ id) => /** @type {Element} */ (document.getElementById(`${id}-told`));
  const box = path && form.querySelector(`[data-path="${CSS.escape(path)}"]`);
  if (box) return [[toldAt(box.id), text]];
  const [word, at, name] = path.split(".");
  if (word === "steps" && name === "target_ma" && code === "missing") {
    const empty = Array.from(/** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll(`[data-path^="${CSS.escape(`${path}.`)}"]`)))
      .filter((one) => !one.value.trim() && !one.readOnly);
    return empty.map((one) => [toldAt(one.id), form.dataset.noTarget ?? ""]);
  }
  const place = { steps: at === undefined ? null : toldAt(`step-${Number(at) + 1}`), channels_used: toldAt("channels") }[word];
  return [[place ?? toldAt("whole"), path === `steps.${at}` || word === "channels_used" ? text : `${field}: ${text}`]];
}

/** What was typed where a number belongs, and is none. @returns {[Element, string][]} */
function unread() {
  const boxes = Array.from(/** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[data-number]")));
  return boxes.filter((box) => box.value.trim() && number("", box.value) === null).map((box) => [
    /** @type {Element} */ (document.getElementById(`${box.id}-told`)),
    (form.dataset.noNumber ?? "").replace("{text}", box.value.trim().slice(0, 20)),
  ]);
}

// --- steps come, go and move without a page load ---

/** @param {string} deed */
async function change(deed) {
  const data = new FormData(form);
  data.set("deed", deed);
  const answer = await fetch(location.href, { method: "POST", body: data, redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("steps");
  if (!fresh) throw new Error("no steps");
  steps.replaceChildren(...fresh.childNodes);
  focusAfter(deed);
  typed();
}

/** The step that was worked on keeps the focus, wherever it went. @param {string} deed */
function focusAfter(deed) {
  const [word, number] = deed.split(":");
  const all = /** @type {NodeListOf<HTMLElement>} */ (steps.querySelectorAll("[data-step]"));
  const at = { up: Number(number) - 1, down: Number(number) + 1, copy: Number(number) + 1, remove: Math.min(Number(number), all.length - 1), add: all.length - 1 }[word];
  if (at === undefined) return;
  /** @type {HTMLElement | null | undefined} */ (all[at]?.querySelector(word === "up" || word === "down" ? `[value^="${word}:"], .step-acts button` : "input, select"))?.focus();
}

// --- not to be lost ---

function typed() {
  isDirty = true;
  draw();
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_AFTER_MS);
}

form.addEventListener("input", (event) => {
  const target = /** @type {HTMLInputElement} */ (event.target);
  if (target.dataset.tolerance) tick(target, true);
  if (target.name === "channels") change("channels").catch(() => form.requestSubmit(/** @type {HTMLElement} */ (form.querySelector('[value="channels"]'))));
  typed();
});

/** A channel to tolerance has no target. @param {HTMLInputElement} box @param {boolean} byHand */
function tick(box, byHand) {
  const target = /** @type {HTMLInputElement | null} */ (form.querySelector(`input[data-path="${CSS.escape(box.dataset.tolerance ?? "")}"]`));
  if (!target) return;
  target.readOnly = box.checked;
  if (box.checked && byHand) target.value = "";
}

form.addEventListener("submit", (event) => {
  const pressed = /** @type {HTMLButtonElement | null} */ (event.submitter);
  const deed = pressed?.value ?? "save";
  if (deed !== "save") {
    event.preventDefault();
    change(deed).catch(() => {
      isLeaving = true;
      const field = Object.assign(document.createElement("input"), { type: "hidden", name: "deed", value: deed });
      form.append(field);
      form.submit();
    });
    return;
  }
  if (isLeaving) event.preventDefault(); // a double click saves once
  isLeaving = true;
});
addEventListener("pageshow", () => (isLeaving = false));
addEventListener("beforeunload", (event) => {
  if (isDirty && !isLeaving) event.preventDefault();
});
document.querySelector("[data-leave]")?.addEventListener("click", () => (isLeaving = true));

for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[data-tolerance]"))) tick(box, false);
draw();
complaints?.focus();
