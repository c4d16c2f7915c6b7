// What opens beside a word or a button: the account's menu, the help of a word.  It opens and closes without this
// file; here it closes by itself (Esc, a press elsewhere), and a word's help stays in sight at any edge.

const ASIDES = "details.help, details.menu";
const EDGE_PX = 8;

/** Put the help where all of it can be read, whatever scrolls or cuts off around it. @param {HTMLDetailsElement} help */
function place(help) {
  const text = /** @type {HTMLElement | null} */ (help.querySelector("summary ~ *"));
  if (!text) return;
  const word = help.getBoundingClientRect();
  Object.assign(text.style, { position: "fixed", left: "0", top: "0" });
  const { width, height } = text.getBoundingClientRect();
  const left = Math.max(EDGE_PX, Math.min(word.left, innerWidth - width - EDGE_PX));
  const below = word.bottom + EDGE_PX / 2;
  const top = below + height > innerHeight ? Math.max(EDGE_PX, word.top - height - EDGE_PX / 2) : below;
  Object.assign(text.style, { left: `${left}px`, top: `${top}px` });
}

/** @param {Node | null} [except] what was pressed: an aside that holds it stays */
function close(except = null) {
  for (const aside of document.querySelectorAll(ASIDES)) {
    if (!except || !aside.contains(except)) aside.removeAttribute("open");
  }
}

document.addEventListener(
  "toggle",
  (event) => {
    const aside = /** @type {HTMLElement} */ (event.target);
    if (aside instanceof HTMLDetailsElement && aside.open && aside.matches("details.help")) place(aside);
  },
  { capture: true }, // `toggle` does not bubble
);
document.addEventListener("click", (event) => close(/** @type {Node} */ (event.target)));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest(ASIDES);
  if (open?.hasAttribute("open")) /** @type {HTMLElement | null} */ (open.querySelector("summary"))?.focus();
  close();
});
const follow = () => {
  for (const help of document.querySelectorAll("details.help[open]")) place(/** @type {HTMLDetailsElement} */ (help));
};
addEventListener("scroll", follow, { capture: true, passive: true });
addEventListener("resize", follow);
