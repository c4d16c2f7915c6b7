// One tile: its elements are looked up once, and only what differs is written.

import { drawMark } from "./command-mark.js";
import { flag, linkTo, set, write } from "./dom.js";
import { rank } from "./order.js";
import { mayBeOn } from "./words.js";

/** @typedef {import("./words.js").Face} Face */
/** @typedef {import("./words.js").ChannelFace} ChannelFace */
/** @typedef {import("./command-words.js").CommandFace} Mark what became of that which was asked of it */

const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("tile"));
const blankChannel = /** @type {HTMLTemplateElement} */ (document.getElementById("channel"));

/** Percent of the bar; a background needs no layout. @param {HTMLElement} fill @param {number | string} percent */
const stretch = (fill, percent) => (fill.style.backgroundSize = `${percent}% 100%`);

/** Within the bar even at its end. @param {HTMLElement} mark @param {number | string} percent */
const shift = (mark, percent) => (mark.style.backgroundPosition = `${percent}% 0`);

/** @param {HTMLElement} root @param {string} priority of its worst alert that is true; nothing for none */
function markAlert(root, priority) {
  if (priority) set(root, "data-alert", priority);
  else root.removeAttribute("data-alert");
}

class Channel {
  /** @param {Element} row */
  constructor(row) {
    this.row = row;
    this.number = /** @type {Text} */ (row.querySelector(".n")?.lastChild);
    this.fill = /** @type {HTMLElement} */ (row.querySelector(".fill"));
    this.mark = /** @type {HTMLElement} */ (row.querySelector(".mark"));
    stretch(this.fill, this.fill.dataset.at ?? "0");
    shift(this.mark, this.mark.dataset.at ?? "0");
    this.ma = /** @type {Element} */ (row.querySelector(".ma b"));
    this.set = /** @type {Element} */ (row.querySelector(".set"));
    this.contact = /** @type {Element} */ (row.querySelector(".contact span"));
    /** @type {ChannelFace | null} */
    this.shown = null;
  }

  /** @param {ChannelFace} face */
  draw(face) {
    const shown = this.shown;
    this.shown = face;
    if (shown?.n !== face.n) this.number.nodeValue = String(face.n);
    if (shown?.fill !== face.fill) stretch(this.fill, face.fill);
    if (shown?.mark !== face.mark) shift(this.mark, face.mark);
    if (shown?.ma !== face.ma) write(this.ma, face.ma);
    if (shown?.set !== face.set) write(this.set, face.set);
    if (shown?.contact !== face.contact) {
      set(this.row, "data-contact", face.contact);
      write(this.contact, face.contact_words);
    }
  }
}

export class Tile {
  /** @param {HTMLElement} root the article of `partials/tile.html` */
  constructor(root) {
    this.root = root;
    /** @type {Record<string, Element>} */
    this.parts = {};
    for (const part of root.querySelectorAll("[data-f]")) {
      this.parts[/** @type {HTMLElement} */ (part).dataset.f ?? ""] = part;
    }
    this.list = /** @type {Element} */ (root.querySelector(".channels"));
    this.channels = Array.from(this.list.children, (row) => new Channel(row));
    /** @type {Face | null} */
    this.shown = null;
    /** What order and choice need to know. @type {import("./strip.js").Trouble} */
    this.entry = this.read();
    /** When the device was last heard, Unix ms of the server. @type {number | null} */
    this.heardMs = root.dataset.heard ? Date.parse(root.dataset.heard) : null;
    /** When it came or moved last, monotonic ms. */
    this.movedMs = -Infinity;
    /** It is laid out and painted: near what is seen, which the browser says (`content-visibility`). */
    this.isNear = true;
  }

  /** What the server rendered; the tile need not be drawn to be chosen. */
  read() {
    const { dataset } = this.root;
    const said = (/** @type {string} */ field) => this.parts[field].textContent ?? "";
    return {
      serial: dataset.serial ?? "",
      name: said("name"),
      room: said("room"),
      status: said("status"),
      next: said("next"),
      tone: dataset.tone ?? "",
      alert: dataset.alert ?? "",
      rank: Number(dataset.rank),
      in_session: "session" in dataset,
      attention: "attention" in dataset,
      silent: "silent" in dataset,
      may_be_on: "maybeOn" in dataset,
    };
  }

  /** A tile for a device that the server did not render. @param {string} serial */
  static blank(serial) {
    const root = /** @type {HTMLElement} */ (blank.content.firstElementChild?.cloneNode(true));
    root.dataset.serial = serial;
    linkTo(/** @type {HTMLAnchorElement} */ (root.querySelector("h2 a")), serial);
    return new Tile(root);
  }

  /** @param {Record<string, any>} device @param {Face} said @param {Mark | null} mark */
  draw(device, said, mark) {
    const { parts, shown } = this;
    const face = mark?.tone === "go" ? { ...said, attention: true, next: mark.step } : said;
    this.shown = face;
    this.enter(device, face, mark);
    this.heardMs = device.heard_at === null ? null : Date.parse(device.heard_at);
    write(parts.name, this.entry.name);
    write(parts.room, device.room);
    write(parts.where, device.room);
    write(parts.serial, device.serial);
    set(this.root, "data-tone", face.tone);
    if (shown?.alert !== face.alert) markAlert(this.root, face.alert);
    flag(this.root, "data-attention", face.attention);
    flag(this.root, "data-silent", face.silent);
    flag(this.root, "data-stalled", face.stalled);
    flag(this.root, "data-session", face.in_session);
    if (shown?.status !== face.status) write(parts.status, face.status);
    if (!face.silent && (shown?.silent || shown?.timing !== face.timing)) write(parts.timing, face.timing);
    if (shown?.next !== face.next) write(parts.next, face.next);
    if (shown?.note !== face.note) write(parts.note, face.note);
    if (shown?.marked !== face.marked) parts.note.classList.toggle("marked", face.marked);
    if (shown?.battery !== face.battery) write(parts.battery, face.battery);
    set(parts.power, "data-power", face.power);
    if (shown?.level !== face.level) set(parts.level, "width", `${face.level}%`);
    set(parts.linked, "data-link", device.link);
    if (shown?.link !== face.link) write(parts.link, face.link);
    this.drawChannels(face.channels);
    this.drawAsked(mark);
  }

  /** What became of a stop, though nothing was heard of the device since the page was rendered. @param {Mark | null} mark */
  tellAsked(mark) {
    write(this.parts.next, mark?.tone === "go" ? mark.step : this.entry.next);
    this.drawAsked(mark);
  }

  /** What became of a stop, and whether there is something to stop. @param {Mark | null} mark */
  drawAsked(mark) {
    const isGoThere = mark?.tone === "go"; // said where one looks for what to do
    drawMark(/** @type {HTMLElement} */ (this.parts.asked), isGoThere ? null : mark);
    flag(this.root, "data-go-there", isGoThere);
    flag(this.root, "data-maybe-on", this.entry.may_be_on);
    const { stop, stopped } = this.parts;
    if (!stop) return;
    write(stopped, ` ${this.entry.name}`);
    set(stop, "aria-disabled", String(mark?.verb === "stop" && mark.tone === "busy"));
  }

  /** @param {Record<string, any>} device @param {Face} face @param {Mark | null} mark */
  enter(device, face, mark) {
    const { entry } = this;
    entry.name = device.name || device.serial;
    entry.room = device.room;
    entry.status = face.status;
    entry.next = face.next;
    entry.tone = face.tone;
    entry.alert = face.alert;
    entry.rank = mark?.tone === "go" ? 0 : rank(device, face);
    entry.in_session = face.in_session;
    entry.attention = face.attention;
    entry.silent = face.silent;
    entry.may_be_on = mayBeOn(device);
  }

  /** @param {ChannelFace[]} faces */
  drawChannels(faces) {
    while (this.channels.length > faces.length) this.channels.pop()?.row.remove();
    while (this.channels.length < faces.length) {
      const row = /** @type {Element} */ (blankChannel.content.firstElementChild?.cloneNode(true));
      this.list.append(row);
      this.channels.push(new Channel(row));
    }
    this.list.classList.toggle("many", faces.length > 4);
    faces.forEach((face, at) => this.channels[at].draw(face));
  }

  /** The age ticks by itself; where the device is silent it is what matters most. @param {string} words */
  tick(words) {
    write(this.parts.age, words);
    if (this.root.hasAttribute("data-silent")) write(this.parts.timing, words);
  }
}
