// Duty, handovers and one's own addresses: printing by a button, and hearing each sound once.  Everything else works
// without this file.

import { sound } from "./sound.js";

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

const trial = document.getElementById("sound-test");
const said = document.getElementById("sound-said");
if (trial && said) {
  trial.hidden = false;
  trial.addEventListener("click", async ({ target }) => {
    const button = /** @type {Element} */ (target).closest("button");
    if (!button) return;
    await sound.wake();
    const plays = sound.context?.state === "running";
    if (plays) sound.burst(/** @type {import("./sound-pattern.js").Loud} */ (button.dataset.sound));
    said.hidden = false;
    said.dataset.level = plays ? "info" : "error";
    said.textContent = (plays ? said.dataset.played : sound.context ? said.dataset.blocked : said.dataset.none) ?? "";
  });
}
