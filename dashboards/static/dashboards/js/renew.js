// A page that nobody loads again: it comes back by itself, and never into a server that does not answer.

const REST_MS = 60_000; // between two loads that nobody asked for: two servers of different builds must not juggle it
const STUCK_MS = 90_000; // without a word drawn for so long while the server answers: begin afresh
const RETRY_MS = 5_000;
const LAST = "myofleet-renewed";

/** Whether the server would give this page; a revoked link has a page of its own. */
async function answers() {
  try {
    const { status } = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    return status < 500;
  } catch {
    return false;
  }
}

/** Load the page again as soon as the server gives it. */
export async function reload() {
  while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  try {
    sessionStorage.setItem(LAST, String(Date.now()));
  } catch {
    // a browser that keeps nothing: then the rest between two loads is not kept either
  }
  location.reload();
}

function hasRested() {
  try {
    const last = Number(sessionStorage.getItem(LAST) ?? 0);
    return !(Math.abs(Date.now() - last) < REST_MS); // a clock that was set must not keep us waiting
  } catch {
    return true;
  }
}

/**
 * @param {{build: string, kiosk: boolean, mayReload: () => boolean}} options `mayReload`: nobody is at the page
 */
export function keepRenewed({ build, kiosk, mayReload }) {
  let other = false;
  let renewing = false;
  let aliveMs = performance.now();

  const renew = () => {
    renewing = true;
    reload();
  };

  return {
    /** A snapshot came from a server of this build. @param {unknown} theirs */
    met(theirs) {
      other = typeof theirs === "string" && theirs !== build;
    },
    /** Something was drawn, or there was nothing to draw and the server is known to be away. */
    alive() {
      if (kiosk && aliveMs !== Infinity) endRefresh();
      aliveMs = performance.now();
    },
    /** Called every second. */
    tick() {
      if (renewing) return;
      if (other && hasRested() && (kiosk || mayReload())) renew();
      else if (kiosk && performance.now() - aliveMs > STUCK_MS && hasRested()) renew();
    },
  };
}

let refreshes = true;

/** The page lives: end the refresh that its head asks for in case it would not. */
function endRefresh() {
  if (!refreshes || document.readyState !== "complete") return;
  refreshes = false;
  document.querySelector('meta[http-equiv="refresh"]')?.remove();
  window.stop();
}
