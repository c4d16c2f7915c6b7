// What a page says of that which was asked of a device: the API's command object in, words out.  Pure.
// The twin of `dashboards/words/commands.py`; a test holds the two together.  Nothing is said to be stopped but on the
// device's proof; what should have been proved by now is said to be unproved, also while nobody has told us so.

import { fill } from "./words.js";

const PATIENT_MS = 1_000; // after its time a word may still be on its way
const TO_ZERO = new Set(["stop", "pause"]);
/** @type {Record<string, string>} */
const WAYS = { requested: "requested", published: "published", received: "received", done: "unproved" };
const LEFT = /** @type {const} */ (["published_at", "received_at", "done_at", "refuted_at"]); // each shows that it left
const ON_ITS_WAY = new Set(Object.values(WAYS));
/** @type {Record<string, string>} */
const TONES = { confirmed: "good", done: "good", refused: "warn", late: "warn", silent: "warn" };

/** @typedef {Record<string, string>} Texts */
/** @typedef {import("./commands-store.js").Command} Command */
/**
 * @typedef {object} CommandFace
 * @property {string} id
 * @property {string | null} stop id of the stop of many that it is part of
 * @property {string} verb
 * @property {string} stage
 * @property {"busy" | "good" | "go" | "warn"} tone on its way · proved · somebody has to go there · did not happen, or is not known to have
 * @property {string} deed
 * @property {string} short
 * @property {string} long
 * @property {string} next what to do now
 * @property {string} step the same on a tile, where somebody has to go there: what to do first, then why
 * @property {number | null} left_s until it has to be proved
 */

/** What is said of a command at this moment of the server's clock.
 * @param {Command} command @param {number} nowMs @param {Texts} texts @returns {CommandFace} */
export function faceOf(command, nowMs, texts) {
  const stage = stageOf(command, nowMs);
  const { id, stop, verb } = command;
  const tone = /** @type {CommandFace["tone"]} */ (
    TONES[stage] ?? (ON_ITS_WAY.has(stage) ? "busy" : TO_ZERO.has(verb) ? "go" : "warn"));
  const known = { deed: deed(command, texts), why: why(command, texts), took: took(command, texts) };
  const due = tone === "busy" ? ms(command.proof_due_at) : null;
  return {
    id,
    stop,
    verb,
    stage,
    tone,
    deed: known.deed,
    short: say(`cmd.${stage}`, verb, texts, known),
    long: say(`cmd.long.${stage}`, verb, texts, known) + besides(command, stage, texts, known),
    next: tone === "go" || tone === "warn" ? nextStep(command, tone, texts) : "",
    step: tone === "go" ? say(`step.${stage}`, verb, texts, known) : "",
    // A page's clock may be a moment behind: nothing is left of more time than there ever was.
    left_s: due === null ? null : Math.max(0, Math.ceil((due - Math.max(nowMs, ms(command.requested_at) ?? 0)) / 1000)),
  };
}

/** How far it has come, which is its state and what time has made of it since. @param {Command} command @param {number} nowMs */
export function stageOf(command, nowMs) {
  const { state, verb } = command;
  if ((state === "unconfirmed" || state === "expired") && isUnsent(command)) return "unsent";
  if (state === "unconfirmed") return command.refuted_at !== null ? "refuted" : "unconfirmed";
  if (state === "expired") return command.answer?.outcome === "expired" ? "late" : "silent";
  if (state === "confirmed" || state === "refused") return state;
  const due = ms(command.proof_due_at);
  if (due === null && state === "done") return "done";
  if (due !== null && nowMs >= due + (TO_ZERO.has(verb) ? 0 : PATIENT_MS)) return "unconfirmed";
  if (due === null && nowMs >= (ms(command.expires_at) ?? 0) + PATIENT_MS) return "silent";
  return WAYS[state];
}

/** Nothing shows that it ever left the server: nobody noted that, and the device never answered. @param {Command} command */
const isUnsent = (command) => command.answer === null && LEFT.every((step) => command[step] === null);

/** What was asked for: "Lower channel 2 to at most 30 mA".
 * @param {{verb: string, args: Record<string, any>}} command @param {Texts} texts */
export function deed({ verb, args }, texts) {
  if (verb === "lower" && "to_ma" in args) {
    const key = (args.channel ?? null) === null ? "deed.lower" : "deed.lower.channel";
    return fill(texts[key], { ma: tenths(args.to_ma).replace(/\.0$/, ""), n: args.channel });
  }
  return texts[`deed.${verb}`] || verb;
}

/**
 * What is said of a press of which the server has told nothing yet.
 * @param {import("./ask.js").Ask} ask @param {string | null} serial of a stop of many: which device
 * @param {number} nowMs monotonic @param {Texts} texts @returns {CommandFace}
 */
export function localFace(ask, serial, nowMs, texts) {
  const { verb, args } = ask.wish;
  const stage = ask.stage(nowMs, serial);
  const isZero = TO_ZERO.has(verb);
  const isUnderWay = stage === "sending" || stage === "sent";
  const known = { deed: deed({ verb, args }, texts), why: ask.refusal || ask.trouble };
  return {
    id: ask.id,
    stop: ask.wish.serial === null ? ask.id : null,
    verb,
    stage,
    tone: isUnderWay ? "busy" : isZero ? "go" : "warn",
    deed: known.deed,
    short: say(`ask.${stage}`, isZero ? "go" : "", texts, known),
    long: say(`ask.long.${stage}`, "", texts, known).trim(),
    next: isUnderWay ? "" : texts[`ask.next.${stage}.${verb}`] || say("cmd.next", verb, texts, known),
    step: isZero && !isUnderWay ? say(`step.${stage}`, verb, texts, known) : "",
    left_s: stage === "sent" && isZero ? Math.max(0, Math.ceil((ask.proofDueMs - nowMs) / 1000)) : null,
  };
}

/** The words for this verb, or else those for all.
 * @param {string} key @param {string} verb @param {Texts} texts @param {Record<string, string>} known */
const say = (key, verb, texts, known) => fill(texts[`${key}.${verb}`] || texts[key] || "", known);

/** What to do now.  Where a device says that it is in no session, there is nothing to go and lower.
 * @param {Command} command @param {string} tone @param {Texts} texts */
const nextStep = ({ verb, answer }, tone, texts) =>
  tone === "warn" && answer?.reason === "no_session" ? texts["cmd.next.idle"] : say("cmd.next", verb, texts, {});

/** What else is to be known: it was not confirmed in time, or the device itself would not.
 * @param {Command} command @param {string} stage @param {Texts} texts @param {Record<string, string>} known */
function besides({ answer, unconfirmed_at: late }, stage, texts, known) {
  if (stage === "confirmed" && late !== null) return texts["cmd.besides.late"];
  const outcome = answer?.outcome ?? "";
  if (stage === "unconfirmed" && (outcome === "refused" || outcome === "expired")) {
    return fill(texts[`cmd.besides.${outcome}`], known);
  }
  return "";
}

/** @param {Command} command @param {Texts} texts */
function why({ answer }, texts) {
  return texts[`cmd.why.${answer?.reason || "none"}`] || texts["cmd.why.other"];
}

/** How long it took from the press to the proof. @param {Command} command @param {Texts} texts */
function took({ confirmed_at: confirmed, requested_at: requested }, texts) {
  const at = ms(confirmed);
  if (at === null) return "";
  const tookMs = Math.max(0, at - (ms(requested) ?? 0));
  if (tookMs < 10_000) return fill(texts["cmd.unit.s"], { n: tenths(tookMs / 1000) });
  const seconds = Math.floor(tookMs / 1000 + 0.5);
  if (seconds < 120) return fill(texts["cmd.unit.s"], { n: seconds });
  if (seconds < 7200) return fill(texts["cmd.unit.min"], { n: Math.floor((seconds + 30) / 60) });
  return fill(texts["cmd.unit.h"], { n: Math.floor((seconds + 1800) / 3600) });
}

/** One decimal; halves are rounded up. @param {number} value */
function tenths(value) {
  const tens = Math.floor(value * 10 + 0.5);
  return `${Math.floor(tens / 10)}.${tens % 10}`;
}

/** @param {string | null} moment */
const ms = (moment) => (moment === null ? null : Date.parse(moment));
