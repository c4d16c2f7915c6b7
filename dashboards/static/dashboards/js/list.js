// Lists: a clean address from the filters' form, and fresh rows while the page is open.
// Everything works without this file; it only saves a hand.

const ANSWER_MS = 5_000; // a server that says nothing for so long is away

const table = /** @type {HTMLTableElement | null} */ (document.querySelector("table[data-list]"));
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.filters"));

form?.addEventListener("submit", () => {
  const empty = Array.from(form.elements).filter((one) => "name" in one && "value" in one && one.value === "");
  for (const one of empty) /** @type {HTMLInputElement} */ (one).disabled = true;
  setTimeout(() => empty.forEach((one) => (/** @type {HTMLInputElement} */ (one).disabled = false)));
});

/** Whether somebody is busy with the rows: then they stay as they are. @param {Element} body */
function isBusy(body) {
  const selection = document.getSelection();
  const selects = selection && !selection.isCollapsed && body.contains(selection.anchorNode);
  return document.hidden || selects || body.querySelector("details[open]") || body.matches(":active");
}

/** Whether the rows would change places under a pointer. @param {Element} body @param {Element} now */
function wouldMove(body, now) {
  const keys = (/** @type {Element} */ rows) => Array.from(rows.children, (row) => /** @type {HTMLElement} */ (row).dataset.key);
  return body.matches("tbody:hover") && keys(body).join("\n") !== keys(now).join("\n");
}

/** Put what the server says now in the place of what it said. @param {HTMLTableElement} table @param {Document} fresh */
function renew(table, fresh) {
  for (const selector of [`table[data-list="${table.dataset.list}"] tbody`, ".pager .total", ".pager .as-of", "#list-feed"]) {
    const [old, now] = [document.querySelector(selector), fresh.querySelector(selector)];
    if (!old || !now || wouldMove(old, now)) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.closest("tr")?.dataset.key;
    const at = focused ? Array.from(focused.closest("tr, span")?.querySelectorAll("a, summary") ?? []).indexOf(focused) : -1;
    old.replaceChildren(...now.childNodes);
    if (!focused) continue;
    const home = key === undefined ? old : old.querySelector(`tr[data-key="${CSS.escape(key)}"]`);
    /** @type {HTMLElement | undefined} */ (home?.querySelectorAll("a, summary")[at])?.focus({ preventScroll: true });
  }
}

/** @param {HTMLTableElement} table */
async function refresh(table) {
  if (isBusy(table.tBodies[0])) return;
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error", signal });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!isBusy(table.tBodies[0])) renew(table, fresh);
}

/** Rows that could not be read anew do not look like those that were. @param {HTMLTableElement} table @param {boolean} isOld */
function tell(table, isOld) {
  table.toggleAttribute("data-old", isOld);
  const note = document.getElementById("list-old");
  if (note) note.hidden = !isOld;
}

const everyMs = Number(table?.dataset.refreshS ?? 0) * 1000;
if (table && everyMs) {
  setInterval(() => refresh(table).then(() => tell(table, false), () => tell(table, true)), everyMs);
}
