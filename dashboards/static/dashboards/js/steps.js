// What to do about a device: one short instruction for the worst thing it says.  Pure.
// The twin of `dashboards/words/steps.py`; a test holds the two together.

/** @typedef {Record<string, any>} Device the API's device object */
/** @typedef {[key: string, about: number | string]} Step a key of the texts, and the channel it speaks of */

/** @type {Step} */
const NOTHING = ["", ""];
/** @type {Record<string, string>} */
const PADS = { electrode: "pad", timeout: "cable" };

/** The next step. @param {Device} device @param {string} tone @param {boolean} low the battery, not charging @returns {Step} */
export function step(device, tone, low) {
  const flows = device.output === "on" || device.output === "ramping";
  const names = device.conditions.map((/** @type {string} */ condition) => condition.split(":", 1)[0]);
  if (tone === "silent") return [flows ? "maybe_on" : "look", ""];
  if (tone === "conflict") return ["conflict", ""];
  if (flows && device.link === "online" && device.state !== "running") return ["is_on", ""];
  if (names.includes("estop")) return ["estop", ""];
  if (tone === "fault" || names.includes("fault")) return ["fault", ""];
  return padOf(device) ?? complaintOf(device, names) ?? upkeepOf(device, tone, low);
}

/** @param {Device} device @returns {Step | null} */
function padOf(device) {
  for (const { contact, n } of device.channels) {
    if (Object.hasOwn(PADS, contact ?? "")) return [PADS[contact], n];
  }
  return named(device, "electrode_off");
}

/** The pad that a condition of this name speaks of. @param {Device} device @param {string} name @returns {Step | null} */
function named(device, name) {
  for (const condition of device.conditions) {
    const colon = condition.indexOf(":");
    if ((colon < 0 ? condition : condition.slice(0, colon)) !== name) continue;
    const what = colon < 0 ? "" : condition.slice(colon + 1);
    return what ? ["pad", what] : ["pads", ""];
  }
  return null;
}

/** @param {Device} device @param {string[]} names @returns {Step | null} */
function complaintOf(device, names) {
  if (!names.length) return null;
  if (names.includes("overtemp")) return ["hot", ""];
  return named(device, "low_current") ?? (names.every((one) => one === "low_battery") ? chargeOf(device) : ["complains", ""]);
}

/** What does not call anybody at once. @param {Device} device @param {string} tone @param {boolean} low @returns {Step} */
function upkeepOf(device, tone, low) {
  if (tone === "never") return ["connect", ""];
  if (tone === "lost") return device.link === "offline" && device.state !== "offline" ? ["power", ""] : NOTHING;
  if (tone === "unknown") return ["complains", ""];
  const weak = device.channels.find((/** @type {Device} */ channel) => channel.contact === "low_current");
  if (weak) return ["pad", weak.n];
  return low ? chargeOf(device) : officeOf(device);
}

/** @param {Device} device @returns {Step} */
function officeOf({ locked, held, clock_skew_ms: skew }) {
  if (locked !== null) return ["locked", ""];
  if (held === "user") return ["confirm", ""];
  return skew !== null && Math.abs(skew) > 30000 ? ["clock", ""] : NOTHING;
}

/** @param {Device} device @returns {Step} */
const chargeOf = (device) => [device.session !== null ? "charge_after" : "charge", ""];
