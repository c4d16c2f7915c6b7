// A deed that a slip must not do: held for a second, or, by keyboard, asked for twice.

const HOLD_MS = 1_000;
const AGAIN_MS = 3_000; // the second Enter comes within this, or it is a first one
const SLACK_PX = 24; // a thumb rolls while it holds

/** @typedef {"early" | "again" | "over" | "done"} Hint what happened: let go too soon; waits for the second Enter; that
 *   came too late; it was done */

/**
 * @param {HTMLElement} button shows how long it is held by `--held`, 0…1, and carries `data-holding`, `data-armed`
 * @param {{act: () => void, tell: (hint: Hint) => void}} options
 */
export function holdToAct(button, { act, tell }) {
  let startedMs = NaN;
  let timer = 0;
  let armed = 0;

  function begin() {
    startedMs = performance.now();
    button.dataset.holding = "";
    timer = setTimeout(fulfil, HOLD_MS);
    paint();
  }

  /** Drawn by script, not by an animation: whoever wants less motion still has to see how long. */
  function paint() {
    if (Number.isNaN(startedMs)) return;
    button.style.setProperty("--held", Math.min(1, (performance.now() - startedMs) / HOLD_MS).toFixed(3));
    requestAnimationFrame(paint);
  }

  function rest() {
    clearTimeout(timer);
    startedMs = NaN;
    delete button.dataset.holding;
    button.style.removeProperty("--held");
  }

  function letGo() {
    if (Number.isNaN(startedMs)) return;
    rest();
    tell("early");
  }

  function fulfil() {
    rest();
    disarm();
    tell("done");
    act();
  }

  function disarm() {
    clearTimeout(armed);
    armed = 0;
    delete button.dataset.armed;
  }

  /** Enter, or what a screen reader does instead of a finger. */
  function press() {
    if (armed) return fulfil();
    button.dataset.armed = "";
    armed = setTimeout(() => {
      disarm();
      tell("over");
    }, AGAIN_MS);
    tell("again");
  }

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return letGo();
    button.setPointerCapture(event.pointerId); // so that leaving it is noticed
    disarm();
    rest();
    begin();
  });
  button.addEventListener("pointermove", ({ clientX: x, clientY: y }) => {
    const { left, right, top, bottom } = button.getBoundingClientRect();
    if (x < left - SLACK_PX || x > right + SLACK_PX || y < top - SLACK_PX || y > bottom + SLACK_PX) letGo();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, letGo);
  document.addEventListener("visibilitychange", letGo);
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // what a long touch opens
  button.addEventListener("keydown", (event) => {
    if (event.repeat) event.preventDefault(); // a key that is held down is one press
    if (event.key === "Escape") disarm();
  });
  button.addEventListener("click", (event) => {
    if (event.detail === 0) press(); // a pointer's click is the end of a hold
  });
}
