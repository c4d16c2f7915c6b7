// Light, dark, or as the computer says; remembered in a cookie, so that the server renders the right one at once.

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const button = document.getElementById("theme");

function current() {
  return document.documentElement.dataset.theme ?? "auto";
}

function label() {
  if (!button) return;
  const words = button.dataset[current()] ?? "";
  button.title = words;
  /** @type {HTMLElement} */ (button.querySelector(".vh")).textContent = words;
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(/** @type {"auto"} */ (current())) + 1) % THEMES.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    document.cookie = `theme=${next};path=/;max-age=31536000;samesite=lax`;
    label();
  });
  label();
}
