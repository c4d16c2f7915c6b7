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

  for (const place of places) {
    listen(place, ["pointerenter", "pointerleave", "focusin", "focusout"], () => setTimeout(changed));
    listen(place, ["touchstart", "touchend", "touchcancel"], touch, { passive: true });
  }
  const stir = () => (stirredMs = performance.now());
  listen(document, ["pointermove", "pointerdown", "keydown"], stir, { passive: true, capture: true });

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

/** @param {EventTarget} place @param {string[]} kinds @param {(event: any) => void} heard @param {AddEventListenerOptions} [options] */
function listen(place, kinds, heard, options) {
  for (const kind of kinds) place.addEventListener(kind, heard, options);
}
