// Turning push on in this browser; says in words why it cannot be.

const WORKER = "/push-worker.js";
const place = /** @type {HTMLElement | null} */ (document.getElementById("push"));
const said = /** @type {HTMLElement | null} */ (document.getElementById("push-said"));
const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("push-on"));

/** @param {string} which one of the texts beside the button @param {"info" | "warning" | "error"} level @param {string} [more] */
function say(which, level, more = "") {
  if (!said) return;
  said.hidden = false;
  said.dataset.level = level;
  said.textContent = [said.dataset[which] ?? "", more].filter(Boolean).join(" ");
}

/** Why this browser cannot be pushed to; null: it can. */
function obstacle() {
  if (!isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return "unable";
  return Notification.permission === "denied" ? "denied" : null;
}

/** The server's public key as browsers want it. @param {string} text base64url */
function bytesOf(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (one) => one.charCodeAt(0));
}

/** @param {PushSubscription} subscription @param {string} key */
function isFor(subscription, key) {
  const held = subscription.options.applicationServerKey;
  const wanted = bytesOf(key);
  if (held === null || held.byteLength !== wanted.length) return false;
  return new Uint8Array(held).every((one, at) => one === wanted[at]);
}

/** What people call this browser: "Firefox, Linux". */
function nameOf() {
  const agent = navigator.userAgent;
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((one) => agent.includes(`${one}/`)) ?? "";
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"].find((one) => agent.includes(one)) ?? "";
  const names = /** @type {Record<string, string>} */ ({ Edg: "Edge", OPR: "Opera", "Mac OS": "macOS", CrOS: "ChromeOS" });
  return [browser, system].filter(Boolean).map((one) => names[one] ?? one).join(", ");
}

/** @param {string} key @param {string} url where its address is kept */
async function turnOn(key, url) {
  if ((await Notification.requestPermission()) !== "granted") return say("denied", "error");
  const worker = await navigator.serviceWorker.register(WORKER);
  await navigator.serviceWorker.ready;
  const before = await worker.pushManager.getSubscription();
  if (before && !isFor(before, key)) await before.unsubscribe(); // made for a key that this server no longer has
  const address = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
  const token = /** @type {HTMLInputElement | null} */ (document.querySelector('[name="csrfmiddlewaretoken"]'))?.value;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token ?? "" },
    body: JSON.stringify({ ...address.toJSON(), name: nameOf() }),
  });
  if (answer.ok) return location.reload();
  const { error = "" } = await answer.json().catch(() => ({}));
  say("refused", "error", error);
}

const { key, url } = place?.dataset ?? {};
if (key && url && button) {
  const why = obstacle();
  if (why) say(why, "warning");
  else {
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await turnOn(key, url);
      } catch (error) {
        say("failed", "error", error instanceof Error ? error.message : "");
      } finally {
        button.disabled = false;
      }
    });
  }
}
