// Playing it.  One tab of a browser plays for all; which alerts sound, and how, is in `sound-pattern.js`.

import { BURSTS, PAUSE_MS, burstMs, burstNow, restsMs, sounding } from "./sound-pattern.js";

/** @typedef {import("./sound-pattern.js").Loud} Loud */
/** @typedef {import("./sound-pattern.js").Pause} Pause */
/** @typedef {"on" | "other" | "blocked" | "none" | "paused"} SoundState
 *   `other`: another tab of this browser plays · `blocked`: the browser wants a click first · `none`: it has no sound */

const PAUSE_KEY = "myofleet-sound-pause";
const PLAYED_KEY = "myofleet-sounded";
const LOCK = "myofleet-sound";
const REMEMBERED_MS = 60_000;
const VOLUME = 0.5;
const HARMONICS = [0, 1, 0.8, 0.65, 0.5, 0.4]; // a tone that is heard and placed in a room: four and more harmonics

class Sound {
  /** @type {AudioContext | null} */
  context = null;
  /** @type {PeriodicWave | null} */
  wave = null;
  /** This tab plays for the browser. */
  leads = false;
  /** Another tab does. */
  other = false;
  asking = false;
  /** @type {Set<string>} */
  played = new Set();
  /** The burst before, by the monotonic clock. @type {{priority: Loud, atMs: number} | null} */
  last = null;
  /** @type {GainNode | null} the burst that sounds now */
  voice = null;
  /** @type {Pause | null} */
  pause = readPause();
  /** A new high alert ended the pause. */
  broken = false;

  constructor() {
    this.remember();
    if (typeof AudioContext === "undefined") return;
    this.context = new AudioContext();
    this.context.onstatechange = () => this.lead();
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => this.wake(), { capture: true });
    addEventListener("storage", ({ key }) => {
      if (key === PAUSE_KEY) this.pause = readPause();
    });
    this.wake();
    this.lead();
  }

  /** What sounded on the page before this one, or in another tab: going from page to page starts nothing anew. */
  remember() {
    const { risings, priority, at } = read(PLAYED_KEY) ?? {};
    const sinceMs = Date.now() - at;
    if (!Array.isArray(risings) || !(sinceMs >= 0 && sinceMs < REMEMBERED_MS) || !(priority in BURSTS)) return;
    this.played = new Set(risings);
    this.last = { priority, atMs: performance.now() - sinceMs };
  }

  /** Ask the browser to let us play; it does after a click or a key. */
  async wake() {
    if (this.context?.state === "running") return;
    try {
      await this.context?.resume();
    } catch {
      // it still wants a click; `state` says so
    }
  }

  /** Become the tab that plays, as soon as no other is.  A tab that may not play leaves it to one that may. */
  lead() {
    if (this.leads || this.asking || this.context?.state !== "running") return;
    if (!navigator.locks) {
      this.leads = true; // without TLS no tab knows of the others: each plays
      return;
    }
    this.asking = true;
    navigator.locks.request(LOCK, () => {
      this.leads = true;
      return new Promise(() => {}); // until the tab is closed
    });
  }

  async lookAround() {
    if (this.leads || !navigator.locks) return;
    const { held = [] } = await navigator.locks.query();
    this.other = held.some((one) => one.name === LOCK);
  }

  /** @param {Map<string, Loud>} risings @returns {SoundState} */
  state(risings) {
    if (this.context === null) return "none";
    if (this.leftMs(risings) > 0) return "paused";
    if (this.context.state !== "running") return this.other ? "other" : "blocked";
    return this.leads || !this.other ? "on" : "other";
  }

  /** How long the pause still is. @param {Map<string, Loud>} risings */
  leftMs(risings) {
    const leftMs = restsMs(this.pause, risings, Date.now());
    if (leftMs === 0 && this.pause !== null) {
      this.broken = this.pause.untilMs > Date.now();
      this.keep(null);
    }
    return leftMs;
  }

  /** Rest for two minutes, of what is open now. @param {Map<string, Loud>} risings */
  rest(risings) {
    this.broken = false;
    this.keep({ untilMs: Date.now() + PAUSE_MS, heard: [...risings.keys()] });
    this.hush();
  }

  resume() {
    this.broken = false;
    this.keep(null);
  }

  /** @param {Pause | null} pause */
  keep(pause) {
    this.pause = pause;
    store(PAUSE_KEY, pause);
  }

  /**
   * Let time pass: sound what has to.  Called twice a second and with every change.
   * @param {Iterable<import("./alerts-store.js").Alert>} alerts @param {Set<string>} duties @param {Set<string>} away
   */
  tick(alerts, duties, away) {
    const now = sounding(alerts, duties, away);
    const rests = this.leftMs(now.risings) > 0;
    const atMs = performance.now();
    const burst = rests ? null : burstNow(now, this.played, this.last, atMs);
    if (burst !== null && this.leads && this.context?.state === "running") {
      this.burst(burst);
      this.last = { priority: burst, atMs };
      store(PLAYED_KEY, { risings: [...now.risings.keys()], priority: burst, at: Date.now() });
    }
    if (burst !== null || rests) this.played = new Set(now.risings.keys());
    return now;
  }

  /** Play one burst; a louder one takes the place of what sounds. @param {Loud} priority */
  burst(priority) {
    const { context } = this;
    if (context === null) return;
    this.hush();
    this.wave ??= context.createPeriodicWave(new Float32Array(HARMONICS.length), Float32Array.from(HARMONICS));
    const voice = (this.voice = new GainNode(context, { gain: VOLUME }));
    voice.connect(context.destination);
    const { hz, pulseMs, startsMs } = BURSTS[priority];
    const edgeS = pulseMs / 1000 / 6; // pulses that begin and end softly startle nobody, and do not click
    for (const startMs of startsMs) {
      const at = context.currentTime + 0.03 + startMs / 1000;
      const end = at + pulseMs / 1000;
      const tone = new OscillatorNode(context, { frequency: hz, periodicWave: this.wave });
      const shape = new GainNode(context, { gain: 0 });
      shape.gain.setValueAtTime(0, at);
      shape.gain.linearRampToValueAtTime(1, at + edgeS);
      shape.gain.setValueAtTime(1, end - edgeS);
      shape.gain.linearRampToValueAtTime(0, end);
      tone.connect(shape).connect(voice);
      tone.start(at);
      tone.stop(end);
    }
    document.dispatchEvent(new CustomEvent("myofleet:sounded", { detail: { priority } }));
  }

  hush() {
    this.voice?.disconnect();
    this.voice = null;
  }

  /** Play all three, whatever is open, and say which is playing. @param {(priority: Loud | null) => void} said */
  async test(said) {
    await this.wake();
    for (const priority of /** @type {Loud[]} */ (["high", "medium", "low"])) {
      said(priority);
      this.burst(priority);
      this.last = { priority, atMs: performance.now() };
      await new Promise((resolve) => setTimeout(resolve, burstMs(priority) + 700));
    }
    said(null);
  }
}

/** @returns {Pause | null} */
function readPause() {
  const { untilMs, heard } = read(PAUSE_KEY) ?? {};
  return Number.isFinite(untilMs) && Array.isArray(heard) ? { untilMs, heard } : null;
}

/** @param {string} key */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {object | null} value null: forget it */
function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // a browser that keeps nothing: then each tab goes by itself
  }
}

export const sound = new Sound();
