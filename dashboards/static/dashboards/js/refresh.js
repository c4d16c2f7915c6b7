// Keeps a page true without a socket: asks for what changes every two seconds, lets ages tick in between, and says
// so when no answer comes.  What is asked for is the page's own template, so words are written in one place.

import { age } from "./words.js";

const EVERY_MS = 2_000;
const LOST_MS = 4_500; // without an answer for so long, the page is old
const TICK_MS = 250;

/** Make `old` like `fresh`, touching only what differs: focus, selection and open help stay. @param {Node} old @param {Node} fresh */
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    /** @type {ChildNode} */ (old).replaceWith(fresh);
    return;
  }
  if (old instanceof Element && fresh instanceof Element) {
    sameAttributes(old, fresh);
    sameChildren(old, fresh);
  } else if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
}

/**
 * What comes or goes among children moves none of the others: each is found again by its kind.
 * @param {Element} old @param {Element} fresh
 */
function sameChildren(old, fresh) {
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const found = again(at, wanted);
    if (found === null) {
      old.insertBefore(wanted, at);
      continue;
    }
    while (at !== found) at = dropped(/** @type {ChildNode} */ (at));
    at = found.nextSibling;
    morph(found, wanted);
  }
  while (at !== null) at = dropped(at);
}

/** The sibling from `at` on that `wanted` is the news of; of texts, which are all alike, the next alone. @param {ChildNode | null} at @param {Node} wanted */
function again(at, wanted) {
  if (!(wanted instanceof Element)) return at?.nodeName === wanted.nodeName ? at : null;
  const kind = (/** @type {Element} */ one) => [one.nodeName, keyOf(one), one.className].join();
  let found = at;
  while (found !== null && !(found instanceof Element && kind(found) === kind(wanted))) found = found.nextSibling;
  return found;
}

/** @param {ChildNode} node @returns {ChildNode | null} what stood after it */
function dropped(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** What a reader opened stays open. @param {Element} old @param {Element} fresh */
function sameAttributes(old, fresh) {
  const keep = old.nodeName === "DETAILS" ? ["open"] : [];
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !keep.includes(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/** @param {Node} node */
const keyOf = (node) => (node instanceof Element ? node.getAttribute("data-key") : null);

/** @param {HTMLElement} place whose `data-refresh` is the address of what stands in it */
function keep(place) {
  const spans = Object.entries(/** @type {HTMLElement} */ (document.getElementById("spans")).dataset);
  const texts = Object.fromEntries(spans.map(([unit, text]) => [`span.${unit}`, text ?? ""]));
  const span = (/** @type {number} */ ms) => age(ms, texts, "span");
  const lost = /** @type {HTMLElement} */ (document.querySelector("[data-lost]"));
  let answeredAt = performance.now();
  let asking = false;

  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const sent = performance.now();
      const options = { cache: /** @type {const} */ ("no-store"), redirect: /** @type {const} */ ("manual"), signal: AbortSignal.timeout(LOST_MS) };
      const answer = await fetch(place.dataset.refresh ?? "", options);
      if (answer.type === "opaqueredirect" || answer.status === 404) return location.reload(); // logged out, or no longer ours
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        sameChildren(place, fresh);
        answeredAt = sent;
        tick();
      }
    } catch {
      // no answer: the tick says so once it has lasted
    } finally {
      asking = false;
    }
  }

  function tick() {
    const elapsed = performance.now() - answeredAt;
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-age-ms]"))) {
      const text = one.dataset.ageMs ? span(Number(one.dataset.ageMs) + elapsed) : "";
      if (one.dataset.ageMs && one.textContent !== text) one.textContent = text;
    }
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-limit-ms]"))) {
      one.toggleAttribute("data-mute", Number(one.dataset.heardMs || Infinity) + elapsed > Number(one.dataset.limitMs));
    }
    const isLost = elapsed > LOST_MS;
    lost.hidden = !isLost;
    document.body.toggleAttribute("data-lost", isLost);
    if (isLost) /** @type {HTMLElement} */ (lost.querySelector("[data-lost-age]")).textContent = span(elapsed);
  }

  setInterval(ask, EVERY_MS);
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    answeredAt = Math.max(answeredAt, performance.now() - EVERY_MS); // it was not asked meanwhile
    ask();
  });
}

if (typeof document !== "undefined") {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-refresh]"))) keep(place);
}
