// Making what is seen like what the server says now, touching only what differs: focus, selection and open help stay.

/** @type {Record<string, string>} */
const KEPT = { DETAILS: "open", INPUT: "value" };

/** @param {Node} old @param {Node} fresh */
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
export function sameChildren(old, fresh) {
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

/** What a reader opened stays open, and what was typed stays. @param {Element} old @param {Element} fresh */
function sameAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && KEPT[old.nodeName] !== name) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/** @param {Node} node */
const keyOf = (node) => (node instanceof Element ? node.getAttribute("data-key") : null);
