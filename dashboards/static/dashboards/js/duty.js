// Duty and handovers: printing by a button, where there is a script.  Everything else works without this file.

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
