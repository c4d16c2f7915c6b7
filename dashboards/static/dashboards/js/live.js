// The WebSocket: one message at a time, reconnecting by itself with a jittered back-off.

const QUIET_MS = 10_000; // nothing at all for so long: ask for a fresh snapshot
const DEAD_MS = 5_000; // no answer to that: the connection only looks alive
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const SETTLED_MS = 10_000; // connected so long, the next retry is quick again
const LEFT = [4403, 4404]; // close codes: logged out, or no longer a member

/**
 * @typedef {object} Options
 * @property {(message: Record<string, any>) => Promise<void>} take resolves when the message has been drawn
 * @property {(state: "open" | "down" | "left") => void} turned
 * @property {number} [paceMs] rest between drawing a message and asking for the next
 */

/** Keep a live connection to this address for as long as the page lives. @param {string} url @param {Options} options */
export function listen(url, { take, turned, paceMs = 40 }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let retryMs = FIRST_RETRY_MS;
  let watchdog = 0;

  function connect() {
    const mine = new WebSocket(url);
    let openedAt = Infinity;
    socket = mine;
    feed(mine);
    mine.onopen = () => {
      openedAt = performance.now();
      turned("open");
    };
    mine.onmessage = async ({ data }) => {
      feed(mine);
      await take(JSON.parse(data));
      ready(mine);
    };
    mine.onclose = ({ code }) => {
      if (socket !== mine) return;
      socket = null;
      clearTimeout(watchdog);
      if (LEFT.includes(code)) return turned("left");
      turned("down");
      if (performance.now() - openedAt > SETTLED_MS) retryMs = FIRST_RETRY_MS;
      setTimeout(connect, retryMs * (0.5 + Math.random() / 2));
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    };
  }

  /** Drawn: the server may send what is newest.  A hidden tab's timers stall, and it must keep up. @param {WebSocket} mine */
  function ready(mine) {
    const ok = () => mine.readyState === WebSocket.OPEN && mine.send('"ok"');
    if (document.hidden) ok();
    else setTimeout(ok, paceMs);
  }

  /** @param {WebSocket} mine */
  function feed(mine) {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      resync();
      watchdog = setTimeout(() => hangUp(mine), DEAD_MS);
    }, QUIET_MS);
  }

  /** Closing waits for an answer that a dead connection never gives. @param {WebSocket} mine */
  function hangUp(mine) {
    mine.onopen = mine.onmessage = null;
    const closed = mine.onclose;
    mine.onclose = null;
    mine.close();
    closed?.call(mine, new CloseEvent("close", { code: 1006 }));
  }

  function resync() {
    if (socket?.readyState === WebSocket.OPEN) socket.send('{"resync":true}');
  }

  /** Say something to the server, if it can be reached. @param {object} words */
  function say(words) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(words));
  }

  connect();
  return { resync, say };
}
