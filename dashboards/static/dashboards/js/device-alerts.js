// The open alerts of a device, on its page.

import { feed } from "./alerts-feed.js";
import { byUrgency } from "./alerts-store.js";
import { set, write } from "./dom.js";
import { fill } from "./words.js";

/** @typedef {import("./alerts-store.js").Alert & {acknowledged_by?: string | null}} Alert */

const panel = /** @type {HTMLElement} */ (document.getElementById("device-alerts"));
const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("alert-line"));
const said = /** @type {HTMLElement} */ (document.getElementById("device-alerts-said"));
const list = /** @type {HTMLElement} */ (panel.querySelector("ol"));
const serial = document.body.dataset.serial ?? "";
const { alertsUrl = "/alerts/" } = document.getElementById("alertbar")?.dataset ?? {};
/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById("alert-line-texts")?.textContent ?? "{}");

/** @type {Map<number, HTMLElement>} */
const rows = new Map();
for (const row of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-id]"))) rows.set(Number(row.dataset.id), row);

/** @param {Alert} alert the twin of `_who` in words/alert_lines.py */
function whoOf(alert) {
  if (alert.cause !== null) return texts["line.explained"];
  if (alert.shelved_until !== null) return texts["line.shelved"];
  if (alert.late) return texts["line.late"];
  if (alert.state !== "acknowledged") return texts[`line.${alert.state}`];
  return alert.acknowledged_by ? fill(texts["line.acknowledged"], { name: alert.acknowledged_by }) : texts["line.acknowledged.nobody"];
}

/** @param {Alert} alert */
function draw(alert) {
  const row = rows.get(alert.id) ?? /** @type {HTMLElement} */ (blank.content.firstElementChild?.cloneNode(true));
  rows.set(alert.id, row);
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(`[data-f="${name}"]`));
  set(row, "data-id", String(alert.id));
  set(row, "data-priority", alert.priority);
  set(row, "data-state", alert.state);
  write(part("priority"), texts[`line.${alert.priority}`]);
  write(part("text"), alert.text);
  set(part("text"), "href", `${alertsUrl}${alert.id}/`);
  write(part("who"), whoOf(alert));
  if (alert.state === "cleared") part("todo").hidden = true; // what was to be done while it was true
  set(/** @type {Element} */ (row.querySelector("time")), "data-age", alert.raised_at);
  const form = /** @type {HTMLFormElement} */ (row.querySelector("form"));
  set(form, "action", `${alertsUrl}${alert.id}/acknowledge/`);
  form.hidden = alert.state !== "raised" || !("mayAcknowledge" in panel.dataset);
  return row;
}

function drawAll() {
  const mine = [...feed.store.alerts.values()].filter((alert) => alert.device === serial).sort(byUrgency);
  const ids = new Set(mine.map((alert) => alert.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  let at = list.firstElementChild;
  for (const alert of mine) {
    const row = draw(alert);
    if (row === at) at = at.nextElementSibling;
    else list.insertBefore(row, at);
  }
  panel.hidden = mine.length === 0;
}

/** Acknowledge without leaving the page; the change itself comes as every change does. @param {SubmitEvent} event */
async function acknowledge(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  event.preventDefault();
  const token = document.querySelector('[name="csrfmiddlewaretoken"]');
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(), redirect: "error", signal: AbortSignal.timeout(10_000),
      headers: { Accept: "application/json", "X-CSRFToken": /** @type {HTMLInputElement | null} */ (token)?.value ?? "" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    said.hidden = true;
  } catch {
    said.hidden = false;
    write(said, texts["line.failed"]);
  }
}

list.addEventListener("submit", (event) => void acknowledge(event));
feed.listen((changed) => {
  if (changed.all || changed.ids.size) drawAll();
});
