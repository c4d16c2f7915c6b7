// While a stored day is being judged, its page asks every second how far it is; then it asks no more.

const EVERY_MS = 1_000;
const GOING = ["waiting", "running"];

const place = document.getElementById("replay");

/** @param {Element | null} root */
const isGoing = (root) => GOING.includes(/** @type {HTMLElement | null} */ (root?.querySelector("[data-state]"))?.dataset.state ?? "");

async function look() {
  if (!place || !isGoing(place)) return;
  try {
    const answer = await fetch(/** @type {string} */ (place.dataset.part));
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      const old = place.textContent;
      if (fresh.textContent !== old) place.replaceChildren(...fresh.childNodes);
    }
  } catch {
    // No answer: what is shown stays, and the next second asks again.
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
