// One alert in full, in the console's pane and on its own page: read from the server, and read again when it changes.

import { EvidencePlot } from "./alert-evidence.js";
import { onTheme } from "./plots.js";

const EVIDENCE_MS = 5_000; // while it is true, the plot goes on

export class AlertView {
  id = 0;
  rev = -1;
  shown = -1;
  readAt = -Infinity;
  /** @type {EvidencePlot | null} */
  plot = null;
  /** @type {AbortController | null} */
  asking = null;

  /** @param {HTMLElement} root @param {Record<string, string>} texts @param {(id: number) => string} url */
  constructor(root, texts, url) {
    this.root = root;
    this.texts = texts;
    this.url = url;
    onTheme(() => this.plot?.draw());
  }

  /** Show an alert as it is at this revision. @param {number} id @param {number} rev */
  show(id, rev) {
    if (id !== this.id) {
      this.id = id;
      this.shown = -1;
      this.plot = null;
      this.root.dataset.loading = "";
    } else if (rev <= this.rev && this.shown >= rev) return;
    this.rev = rev;
    void this.read();
  }

  /** Take over what the server rendered with the page. @param {number} id @param {number} rev */
  adopt(id, rev) {
    [this.id, this.rev, this.shown] = [id, rev, rev];
    this.drawEvidence();
  }

  /** Whether somebody is writing in it: then it stays. */
  get isInUse() {
    const { activeElement: one } = document;
    return one instanceof HTMLInputElement && this.root.contains(one) && one.value !== "";
  }

  async read() {
    if (this.isInUse && this.shown >= 0) return;
    this.asking?.abort();
    const mine = (this.asking = new AbortController());
    const { id, rev } = this;
    try {
      const answer = await fetch(`${this.url(id)}?part=view`, { redirect: "error", signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine.signal.aborted || id !== this.id) return;
      this.put(page);
      this.shown = rev;
      delete this.root.dataset.loading;
    } catch {
      if (mine.signal.aborted) return;
      this.failed();
    }
  }

  /** Put the new words in the place of the old; the plot stays where it is the same alert's. @param {Document} page */
  put(page) {
    const old = this.plot && this.root.querySelector(".evidence");
    const focus = /** @type {HTMLElement | null} */ (this.root.contains(document.activeElement) ? document.activeElement : null)?.dataset.focus;
    const open = Array.from(this.root.querySelectorAll("details[open]"), (one) => one.className);
    this.root.replaceChildren(...page.body.childNodes);
    const place = this.root.querySelector(".evidence");
    if (old && place) place.replaceWith(old);
    for (const name of open) for (const one of this.root.querySelectorAll("details")) if (one.className === name) one.open = true;
    if (focus) /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-focus="${CSS.escape(focus)}"]`))?.focus({ preventScroll: true });
    this.drawEvidence();
  }

  failed() {
    delete this.root.dataset.loading;
    if (this.shown >= 0) return;
    const note = document.createElement("p");
    note.className = "note";
    note.dataset.level = "error";
    note.textContent = this.texts["view.failed"];
    this.root.replaceChildren(note);
  }

  drawEvidence() {
    const place = /** @type {HTMLElement | null} */ (this.root.querySelector(".evidence[data-url]"));
    if (!place) return;
    this.plot ??= new EvidencePlot(place, this.texts, place.dataset.timeZone);
    this.readAt = performance.now();
    void this.plot.read(place.dataset.url ?? "");
  }

  /** Called every second: what is still true is measured on. */
  tick() {
    const place = /** @type {HTMLElement | null} */ (this.root.querySelector(".evidence[data-moving]"));
    if (place && !document.hidden && performance.now() - this.readAt > EVIDENCE_MS) this.drawEvidence();
  }
}
