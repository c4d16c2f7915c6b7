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

const keyOf = (/** @type {Element} */ row) => /** @type {HTMLElement} */ (row).dataset.key;

/**
 * The rows as they are now.  Under a pointer they keep their places: what came waits until it has left, and what went
 * looks like what is old.
 * @param {Element} old @param {Element} now @returns {ChildNode[]}
 */
function placed(old, now) {
  if (!old.matches("tbody:hover")) return [...now.childNodes];
  const told = new Map(Array.from(now.children, (row) => [keyOf(row), row]));
  return Array.from(old.children, (row) => {
    const news = told.get(keyOf(row));
    row.toggleAttribute("data-old", news === undefined);
    return news ?? row;
  });
}

/** Put what the server says now in the place of what it said. @param {HTMLTableElement} table @param {Document} fresh */
function renew(table, fresh) {
  for (const selector of ["[data-renew]", `table[data-list="${table.dataset.list}"] tbody`, ".pager .total", ".pager .as-of", "#list-feed"]) {
    const [old, now] = [document.querySelector(selector), fresh.querySelector(selector)];
    if (!old || !now) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.closest("tr")?.dataset.key;
    const at = focused ? Array.from(focused.closest("tr, span")?.querySelectorAll("a, summary") ?? []).indexOf(focused) : -1;
    old.replaceChildren(...placed(old, now));
    if (!focused) continue;
    const home = key === undefined ? old : old.querySelector(`tr[data-key="${CSS.escape(key)}"]`);
    /** @type {HTMLElement | undefined} */ (home?.querySelectorAll("a, summary")[at])?.focus({ preventScroll: true });
  }
}

/** @param {HTMLTableElement} table */
async function refresh(table) {
  if (isBusy(table.tBodies[0])) return;
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual", signal });
  if (answer.type === "opaqueredirect" || answer.status === 404) return location.reload(); // logged out, or no longer ours
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

let asking = false;

/** @param {HTMLTableElement} table */
async function again(table) {
  if (asking) return; // an older answer must not come after a newer one
  asking = true;
  try {
    await refresh(table);
    tell(table, false);
  } catch {
    tell(table, true);
  } finally {
    asking = false;
  }
}

const everyMs = Number(table?.dataset.refreshS ?? 0) * 1000;
if (table && everyMs) {
  setInterval(() => void again(table), everyMs);
  table.tBodies[0].addEventListener("pointerleave", () => void again(table));
  document.addEventListener("visibilitychange", () => void again(table));
}
