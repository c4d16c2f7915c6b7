// Asking devices for something, on this page: with what the server put into it (`partials/asking.html`), and the network.
//
//   import { asker, marks } from this module;
//   asker.hear(message);                    // each message of the page's live socket
//   asker.on("change", (serials) => …);     // devices whose mark differs now; also once a quarter of a second while one counts down
//   marks.of(serial)                        // what is to be drawn, see command-mark.js; null: nothing
//   const ask = asker.ask({ serial, verb: "lower", args: { channel: null, to_ma: 20 } });
//   const stop = asker.stopSite({ room, serials });
//   ask.on("change", () => marks.ofAsk(ask))

import { Ask } from "./ask.js";
import { Asker } from "./asker.js";
import { Marks } from "./marks.js";
import { Permit } from "./permit.js";
import { Presses } from "./presses.js";

const TICK_MS = 250;
const KEPT = "myofleet-asks";

/** @type {{site: string, may: string[], permit: string | null, permit_url: string, csrf: string, csrf_cookie: string,
 *   texts: Record<string, string>} | null} */
const given = JSON.parse(document.getElementById("asking")?.textContent ?? "null");

const permit = new Permit({ text: given?.permit ?? null, url: given?.permit_url ?? "" });

/** A page that is not served over TLS has no `randomUUID`. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The token that proves that a request is this page's wish: a login in another tab has given out a new one. */
export function csrf() {
  const name = given?.csrf_cookie ?? "";
  const cookie = name && document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return cookie ? cookie.slice(name.length + 1) : given?.csrf ?? "";
}

/** @param {string} url @param {RequestInit} options */
async function fetched(url, options) {
  const answer = await fetch(url, { cache: "no-store", redirect: "error", ...options });
  const body = await answer.json().catch(() => ({}));
  return { status: answer.status, body };
}

export const asker = new Asker({
  site: given?.site ?? "",
  world: {
    now: () => performance.now(),
    later: (work, ms) => setTimeout(work, ms),
    uuid,
    timeout: (ms) => AbortSignal.timeout(ms),
    permit: () => permit.held(),
    get: (url, signal) => fetched(url, { signal, headers: { Accept: "application/json" } }),
    // `keepalive`: whoever presses stop and leaves the page has pressed stop.
    post: (url, body, signal) => fetched(url, {
      method: "POST", signal, keepalive: true, body: JSON.stringify(body),
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf() },
    }),
  },
});

/** What may be asked for here by whoever is at this page. @param {string} verb */
export const may = (verb) => given?.may.includes(verb) ?? false;

/** @type {() => number | null} */
let serverNow = () => null;

/** What is to be drawn. */
export const marks = new Marks({ asker, texts: given?.texts ?? {}, serverNow: () => serverNow() ?? Date.now() });

/** Begin, once a page. @param {{now: () => number | null}} options the server's time, Unix ms, from the page's clock */
export function begin({ now }) {
  serverNow = now;
  remember();
  permit.keep();
  addEventListener("pagehide", keep);
  const place = document.getElementById("presses");
  if (place) new Presses(place, { asker, marks });
  setInterval(() => {
    asker.tick(now());
    marks.tick();
  }, TICK_MS);
}

// --- over a reload: what never reached the house is known to nobody else ---

function keep() {
  const nowMs = performance.now();
  const mine = Array.from(asker.asks.values(), (ask) => ask.kept(nowMs));
  try {
    if (mine.length) sessionStorage.setItem(KEPT, JSON.stringify({ site: asker.site, at: Date.now(), mine }));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // a browser that keeps nothing
  }
}

function remember() {
  try {
    const { site, at, mine } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    if (site !== asker.site || !mine) return;
    for (const one of mine) {
      const ask = Ask.from(one, performance.now(), Math.max(0, Date.now() - at));
      asker.asks.set(ask.id, ask);
    }
  } catch {
    // what cannot be read was not written by this build
  }
}
