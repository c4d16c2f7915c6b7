// Pages about people, sites, tokens and screens: copying what is shown once, no form sent twice, a clock beside
// a time zone.  Everything works without this file; it only saves a hand.

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-copy]"))) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.copy ?? ""));
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) continue; // not without HTTPS: then by hand
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied ?? "";
  });
}

for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener("submit", (event) => {
    if (/** @type {HTMLElement} */ (form).dataset.sent) event.preventDefault();
    /** @type {HTMLElement} */ (form).dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  // Back from where a form led: it may be sent again.
  for (const form of document.querySelectorAll("form[data-sent]")) delete /** @type {HTMLElement} */ (form).dataset.sent;
});

const words = document.getElementById("zone-clock");
const typed = /** @type {HTMLInputElement | null} */ (document.getElementById(words?.dataset.for ?? ""));

function tellTime() {
  if (!words || !typed) return;
  try {
    const options = /** @type {const} */ ({ timeZone: typed.value, weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
    const time = new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date());
    words.textContent = (words.dataset.words ?? "").replace("{time}", time);
  } catch {
    words.textContent = words.dataset.unknown ?? "";
  }
}

typed?.addEventListener("input", tellTime);
