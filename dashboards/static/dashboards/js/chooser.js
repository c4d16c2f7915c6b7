// The bar above the wall: what to show and in which order; it stands in the address, and the order is remembered.

import { addressOf, choiceOf } from "./choice.js";
import { byId } from "./dom.js";

const YEAR_S = 31_536_000;
const WRITE_MS = 150; // after the last letter of a search
const EVERYTHING = { room: "", state: "", text: "" };

const form = /** @type {HTMLFormElement} */ (byId("choose"));
const room = /** @type {HTMLSelectElement} */ (byId("room"));
const state = /** @type {HTMLSelectElement} */ (byId("state"));
const search = /** @type {HTMLInputElement} */ (byId("q"));
const more = byId("choose-more");
const kiosk = "kiosk" in document.body.dataset;

/** What the address says. */
export function chosen() {
  const remembered = /(?:^|; )wall_order=(\w+)/.exec(document.cookie)?.[1] ?? "";
  return choiceOf(location.search, { remembered, kiosk });
}

/** What is chosen, in words: a screen on the wall shows no lists. @param {import("./choice.js").Choice} choice */
export function described(choice) {
  const named = choice.state ? state.options[state.selectedIndex]?.text : "";
  return [choice.room, named, choice.text && `“${choice.text}”`].filter(Boolean).join(" · ");
}

/** @param {import("./choice.js").Choice} choice */
function show(choice) {
  for (const radio of form.querySelectorAll("[name=order]")) {
    const { value } = /** @type {HTMLInputElement} */ (radio);
    /** @type {HTMLInputElement} */ (radio).checked = value === choice.order;
  }
  if (choice.room && !Array.from(room.options, ({ value }) => value).includes(choice.room)) {
    room.add(new Option(choice.room));
  }
  room.value = choice.room;
  state.value = choice.state;
  if (search.value !== choice.text) search.value = choice.text;
  for (const button of document.querySelectorAll(".counts [data-filter]")) {
    const { filter } = /** @type {HTMLElement} */ (button).dataset;
    button.setAttribute("aria-pressed", String(filter === (choice.state || "all")));
  }
  const screen = document.getElementById("screen"); // a screen on the wall of one room shows that room
  if (screen instanceof HTMLAnchorElement) screen.search = addressOf("kiosk=1", { ...choice, order: "" });
}

/** @param {{changed: (choice: import("./choice.js").Choice) => void}} options */
export function watchChoice({ changed }) {
  let choice = chosen();

  /** @param {Partial<import("./choice.js").Choice>} other */
  function choose(other) {
    choice = { ...choice, ...other };
    if ("order" in other && !kiosk) {
      document.cookie = `wall_order=${choice.order};path=/;max-age=${YEAR_S};samesite=lax`;
    }
    history.replaceState(null, "", location.pathname + addressOf(location.search, choice));
    show(choice);
    changed(choice);
  }

  listen(choose);
  window.addEventListener("popstate", () => {
    choice = chosen();
    show(choice);
    changed(choice);
  });
  show(choice); // a browser that keeps what was typed would say otherwise

  return {
    clear: () => choose(EVERYTHING),
    search() {
      unfold(true);
      search.focus();
      search.select();
    },
    filter() {
      unfold(true);
      room.focus();
    },
    toggleAttention: () => choose({ state: choice.state === "attention" ? "" : "attention" }),
    toggleOrder: () => choose({ order: choice.order === "place" ? "trouble" : "place" }),
  };
}

/** @param {(other: Partial<import("./choice.js").Choice>) => void} choose */
function listen(choose) {
  let writing = 0;

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    if (target === room) choose({ room: room.value });
    else if (target === state) choose({ state: state.value });
    else if (target instanceof HTMLInputElement && target.name === "order") choose({ order: target.value });
  });
  search.addEventListener("input", () => {
    clearTimeout(writing);
    writing = setTimeout(() => choose({ text: search.value.trim() }), WRITE_MS);
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const button = target.closest("[data-filter]");
    if (button instanceof HTMLElement) choose({ state: button.dataset.filter === "all" ? "" : button.dataset.filter });
    else if (target.closest('[data-does="clear"]')) choose(EVERYTHING);
  });
  more.addEventListener("click", () => unfold(more.getAttribute("aria-expanded") !== "true"));
}

/** On a phone the bar is folded. @param {boolean} open */
function unfold(open) {
  more.setAttribute("aria-expanded", String(open));
}
