// The form that writes a rollout: shows what the choices above ask for, and warns before typed words are lost.
// Everything works without this file; then all of the form is seen at once.

const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-guard]"));
const SPARE = 1; // an empty row more than are used

/** What is chosen in a group of buttons. @param {string} name */
const chosen = (name) => /** @type {HTMLInputElement | null} */ (form.querySelector(`[name="${name}"]:checked`))?.value;

function showBy() {
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-by]"))) {
    one.hidden = one.dataset.by !== (chosen("by") ?? "filter");
  }
}

const rows = /** @type {HTMLElement[]} */ (Array.from(form.querySelectorAll("[data-wave]")));
const more = /** @type {HTMLButtonElement} */ (document.getElementById("more-waves"));
const isClass = (/** @type {HTMLElement} */ row) => !["percent", "count"].includes(/** @type {HTMLSelectElement} */ (row.querySelector("select")).value);
const isUsed = (/** @type {HTMLElement} */ row) =>
  isClass(row) || row.querySelector(".errorlist") !== null || /** @type {HTMLInputElement} */ (row.querySelector("input")).value !== "";

function showWaves() {
  for (const row of rows) /** @type {HTMLInputElement} */ (row.querySelector("input")).hidden = isClass(row);
  more.hidden = rows.every((row) => !row.hidden);
}

if (form) {
  const last = rows.findLastIndex(isUsed);
  rows.forEach((row, n) => (row.hidden = n > Math.max(last, SPARE)));
  more.addEventListener("click", () => {
    const next = rows.find((row) => row.hidden);
    if (!next) return;
    next.hidden = false;
    showWaves();
    next.querySelector("input")?.focus();
  });
  showBy();
  showWaves();

  let isChanged = document.getElementById("complaints") !== null || document.getElementById("preview") !== null;
  form.addEventListener("input", () => (isChanged = true));
  form.addEventListener("change", () => {
    showBy();
    showWaves();
  });
  form.addEventListener("submit", () => (isChanged = false));
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
  (document.getElementById("complaints") ?? document.getElementById("preview"))?.focus();
}
