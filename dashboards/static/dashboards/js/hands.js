// Whether somebody is at the wall: with a pointer, a finger or the keyboard.  While they are, nothing moves.

const FINGER_MS = 3_000; // a finger that was lifted comes back
const IDLE_MS = 60_000; // at a screen on the wall: a mouse left lying on it is nobody

/**
 * @param {HTMLElement[]} places where nothing may move under a hand
 * @param {{kiosk: boolean, changed: () => void}} options `changed` is called when somebody came or may have left
 */
export function watchHands(places, { kiosk, changed }) {
  const hovers = matchMedia("(hover: hover)");
  let fingers = 0;
  let touchedMs = -Infinity;
  let stirredMs = performance.now();

  const stir = () => (stirredMs = performance.now());
  const later = () => setTimeout(changed);
  for (const place of places) {
    for (const kind of ["pointerenter", "pointerleave", "focusin", "focusout"]) place.addEventListener(kind, later);
    place.addEventListener("touchstart", touch, { passive: true });
    place.addEventListener("touchend", touch, { passive: true });
    place.addEventListener("touchcancel", touch, { passive: true });
  }
  for (const kind of ["pointermove", "pointerdown", "keydown"]) {
    document.addEventListener(kind, stir, { passive: true, capture: true });
  }

  /** @param {TouchEvent} event */
  function touch({ touches }) {
    fingers = touches.length;
    touchedMs = performance.now();
    if (!fingers) setTimeout(changed, FINGER_MS + 50);
    changed();
  }

  return {
    /** Whether nothing may move now. */
    get here() {
      const now = performance.now();
      if (fingers > 0 || now - touchedMs < FINGER_MS) return true;
      if (kiosk && now - stirredMs > IDLE_MS) return false;
      const { activeElement } = document;
      return places.some((place) =>
        (hovers.matches && place.matches(":hover")) || (place !== activeElement && place.contains(activeElement)));
    },
    /** Whether nothing at all has moved for a while, so that a pointer need not be shown. */
    get idle() {
      return performance.now() - stirredMs > 5_000;
    },
  };
}
