// Writing into the page: only what differs, because each write costs style and layout.

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {Element} element @param {string} text */
export function write(element, text) {
  const node = element.firstChild;
  if (node === null) {
    if (text) element.textContent = text;
  } else if (node.nodeValue !== text) node.nodeValue = text;
}

/** @param {string} id @param {string} words */
export function say(id, words) {
  const element = byId(id);
  if (element.textContent !== words) element.textContent = words;
}

/** @param {Element} element @param {string} name @param {string} value */
export function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {Element} element @param {string} name @param {boolean} on */
export function flag(element, name, on) {
  if (element.hasAttribute(name) !== on) element.toggleAttribute(name, on);
}

const ANY_SERIAL = "0SERIAL0"; // as `templatetags/wall.py`

/** Let a link lead to a device, where pages lead anywhere. @param {HTMLAnchorElement} link @param {string} serial */
export function linkTo(link, serial) {
  const { deviceUrl } = document.body.dataset;
  if (deviceUrl) link.href = deviceUrl.replace(ANY_SERIAL, encodeURIComponent(serial));
}
