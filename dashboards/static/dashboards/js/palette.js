// Search from any page: Ctrl-K, the button, or a barcode scanner that types a serial number and Enter.
// The box is a combobox: focus stays in the input, `aria-activedescendant` says which row is chosen.

import "./asides.js";
import { Scanner } from "./scanner.js";

/** @typedef {{kind: string, label: string, detail: string, url: string, tone?: string, state?: string,
 *   exact?: boolean}} Found */

const DEBOUNCE_MS = 120;
const MOST_RECENT = 6;
const box = /** @type {HTMLDialogElement | null} */ (document.getElementById("palette"));
const opener = document.getElementById("search");

/** What this reader opened from here before; another reader's on the same computer is forgotten. */
class Recent {
  /** @param {string} reader */
  constructor(reader) {
    this.reader = reader;
  }

  /** @returns {Found[]} */
  all() {
    try {
      const kept = JSON.parse(localStorage.getItem("recent") ?? "{}");
      return kept.reader === this.reader && Array.isArray(kept.items) ? kept.items : [];
    } catch {
      return [];
    }
  }

  /** @param {Found} item */
  add({ kind, label, detail, url }) {
    const items = [{ kind, label, detail, url }]; // without its state, which will be another one then
    items.push(...this.all().filter((one) => one.url !== url));
    try {
      localStorage.setItem("recent", JSON.stringify({ reader: this.reader, items: items.slice(0, MOST_RECENT) }));
    } catch {
      // a browser that keeps nothing remembers nothing
    }
  }
}

class Palette {
  /** @param {HTMLDialogElement} box */
  constructor(box) {
    this.box = box;
    this.words = box.dataset;
    this.input = /** @type {HTMLInputElement} */ (box.querySelector("input"));
    this.list = /** @type {HTMLElement} */ (box.querySelector("[role=listbox]"));
    this.say = /** @type {HTMLElement} */ (box.querySelector("[role=status]"));
    this.recent = new Recent(box.dataset.reader ?? "");
    /** @type {Found[]} */
    this.shown = [];
    this.chosen = -1;
    /** The text that `shown` answers. @type {string | null} */
    this.answered = null;
    /** @type {AbortController | null} */
    this.asking = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.soon = undefined;
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => {
      this.list.ariaBusy = "true"; // what is listed answers something else
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.look(), DEBOUNCE_MS);
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("keydown", (event) => event.stopPropagation()); // the page's own keys are not meant
    this.box.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
    this.box.querySelector("[data-does=close]")?.addEventListener("click", () => this.box.close());
    this.box.addEventListener("click", (event) => {
      if (event.target === this.box) this.box.close(); // beside it
    });
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // focus stays in the input
    this.list.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("li");
      const item = row && this.shown[Array.from(this.list.children).indexOf(row)];
      if (item) this.go(item, event.ctrlKey || event.metaKey);
    });
  }

  /** @param {string} text */
  open(text = "") {
    if (!this.box.open) this.box.showModal();
    this.input.value = text;
    this.input.focus();
    this.answered = null;
    this.list.ariaBusy = "true";
    this.look();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const count = this.shown.length;
    if (event.key === "Enter") this.enter(event);
    else if (event.key === "ArrowDown" && count) this.choose((this.chosen + 1) % count);
    else if (event.key === "ArrowUp" && count) this.choose((this.chosen + count - 1 + Number(this.chosen < 0)) % count);
    else if (event.key === "Home" && event.ctrlKey) this.choose(0);
    else if (event.key === "End" && event.ctrlKey) this.choose(count - 1);
    else return;
    event.preventDefault();
  }

  /** What was typed counts, even if its answer is not here yet: a scanner is faster. @param {KeyboardEvent} event */
  async enter(event) {
    const beside = event.ctrlKey || event.metaKey;
    if (this.answered !== this.text) {
      clearTimeout(this.soon);
      await this.look();
    }
    const item = this.shown[this.chosen] ?? (this.text ? this.shown[0] : undefined);
    if (item) this.go(item, beside);
  }

  get text() {
    return this.input.value.trim();
  }

  async look() {
    const text = this.text;
    this.asking?.abort();
    this.asking = new AbortController();
    const slow = setTimeout(() => (this.say.textContent = this.words.searching ?? ""), 400);
    try {
      const found = await ask(this.words.url ?? "", text, this.asking.signal);
      this.draw(text, text ? found : this.withRecent(found));
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      this.draw(text, []);
      this.say.textContent = this.words.failed ?? "";
    } finally {
      clearTimeout(slow);
    }
  }

  /** @param {Found[]} found */
  withRecent(found) {
    const recent = this.recent.all();
    return [...recent, ...found.filter((one) => !recent.some(({ url }) => url === one.url))];
  }

  /** @param {string} text @param {Found[]} found */
  draw(text, found) {
    this.answered = text;
    this.shown = found;
    this.list.ariaBusy = String(text !== this.text);
    this.list.replaceChildren(...found.map((item, n) => this.row(item, n)));
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.choose(text && found.length ? 0 : -1);
    const some = (this.words.some ?? "").replace("{n}", String(found.length));
    this.say.textContent = found.length ? (text ? some : "") : (this.words.none ?? "");
  }

  /** @param {Found} item @param {number} n */
  row(item, n) {
    const row = document.createElement("li");
    row.id = `palette-${n}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    const mark = document.createElement("span");
    if (item.tone) {
      row.dataset.tone = item.tone;
      mark.className = "shape";
      mark.ariaHidden = "true";
    }
    const detail = [item.state, item.detail].filter(Boolean).join(" · ");
    const parts = { b: item.label, detail, kind: this.kind(item, n) };
    row.classList.toggle("short", !detail);
    row.append(mark, ...Object.entries(parts).filter(([, words]) => words).map(([name, words]) => part(name, words)));
    return row;
  }

  /** @param {Found} item @param {number} n */
  kind(item, n) {
    const name = `kind${item.kind[0].toUpperCase()}${item.kind.slice(1)}`;
    const isRecent = !this.text && n < this.recent.all().length;
    return isRecent ? `${this.words[name] ?? ""} · ${this.words.recent ?? ""}` : (this.words[name] ?? "");
  }

  /** @param {number} n */
  choose(n) {
    const rows = this.list.children;
    rows[this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = n;
    rows[n]?.setAttribute("aria-selected", "true");
    rows[n]?.scrollIntoView({ block: "nearest" });
    if (rows[n]) this.input.setAttribute("aria-activedescendant", rows[n].id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {Found} item @param {boolean} beside in a new tab */
  go(item, beside) {
    this.recent.add(item);
    this.box.close();
    if (beside) window.open(item.url, "_blank", "noopener");
    else location.assign(item.url);
  }

  /** Open the device that was scanned; what is no serial number is looked for. @param {string} text */
  async scanned(text) {
    const found = await ask(this.words.url ?? "", text).catch(() => []);
    const item = found.find((one) => one.kind === "device" && one.exact);
    if (item) this.go(item, false);
    else this.open(text);
  }
}

/** @param {string} name @param {string} words */
function part(name, words) {
  const element = document.createElement(name === "b" ? "b" : "span");
  if (name !== "b") element.className = name;
  element.textContent = words;
  return element;
}

/** @param {string} url @param {string} text @param {AbortSignal} [signal] @returns {Promise<Found[]>} */
async function ask(url, text, signal) {
  const answer = await fetch(`${url}?q=${encodeURIComponent(text)}`, { signal, headers: { Accept: "application/json" } });
  if (answer.redirected) location.reload(); // logged out meanwhile: the page leads to the login and back
  if (!answer.ok) throw new Error(`search answered ${answer.status}`);
  return (await answer.json()).items;
}

if (box) {
  const palette = new Palette(box);
  const key = opener?.querySelector("kbd");
  if (key && /Mac|iPhone|iPad/.test(navigator.userAgent)) key.textContent = "⌘K";
  opener?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the list of devices, in a tab of its own
    event.preventDefault();
    palette.open();
  });
  const toggle = (/** @type {KeyboardEvent} */ event) => {
    const asked = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!asked) return;
    event.preventDefault();
    if (box.open) box.close();
    else palette.open();
  };
  document.addEventListener("keydown", toggle, { capture: true });
  const scanner = new Scanner();
  document.addEventListener(
    "keydown",
    (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (event.isComposing || target.closest("input, textarea, select, [contenteditable]")) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const heard = scanner.hear(event.key, event.timeStamp);
      if (heard.taken) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      if (heard.text) palette.scanned(heard.text);
    },
    { capture: true },
  );
}
