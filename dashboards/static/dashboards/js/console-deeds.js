// What somebody does with alerts: sent to the server, and told only once the server has said so.

import { fill } from "./words.js";

const ANSWER_MS = 10_000;

/** @typedef {{alerts: Record<string, any>[], said: string}} Done what the server answers to a deed */
/** @typedef {{done: (done: Done) => void, said: (words: string, level: "info" | "error") => void}} Options */

const token = () =>
  /** @type {HTMLInputElement | null} */ (document.querySelector("input[name=csrfmiddlewaretoken]"))?.value ?? "";

export class Deeds {
  /** @param {HTMLDialogElement} dialog @param {Record<string, string>} texts @param {Options} options */
  constructor(dialog, texts, { done, said }) {
    this.dialog = dialog;
    this.texts = texts;
    this.done = done;
    this.said = said;
    /** Addresses that wait for an answer: a second press of the same is the same deed. @type {Set<string>} */
    this.asking = new Set();
    dialog.addEventListener("click", ({ target }) => {
      const isClose = target instanceof Element && target.closest('[data-does="close"]');
      if (isClose || target === dialog) dialog.close();
    });
    dialog.addEventListener("submit", (event) => this.submitted(event));
  }

  /** Do something that needs no more words. @param {string} url @param {Record<string, string | string[]>} [fields] */
  async send(url, fields = {}) {
    const data = new URLSearchParams(); // a form of no fields is one that the server cannot read
    for (const [name, values] of Object.entries(fields)) for (const one of [values].flat()) data.append(name, one);
    return this.post(url, data);
  }

  /** Ask for the words that a deed needs. @param {string} url @param {string} title */
  async open(url, title) {
    if (this.dialog.open) return;
    try {
      const answer = await fetch(`${url}?part=form`, { redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(String(answer.status));
      this.ask(await answer.text(), title);
      this.dialog.showModal();
      /** @type {HTMLElement | null} */ (this.dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea"))?.focus();
    } catch {
      this.said(this.texts["deed.unasked"], "error");
    }
  }

  /** @param {string} html of the server @param {string} title */
  ask(html, title) {
    const page = new DOMParser().parseFromString(html, "text/html");
    /** @type {HTMLElement} */ (this.dialog.querySelector(".asked")).replaceChildren(...page.body.childNodes);
    /** @type {HTMLElement} */ (this.dialog.querySelector("h2")).textContent = title;
  }

  /** @param {SubmitEvent} event */
  async submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.method === "dialog") return;
    event.preventDefault();
    if (await this.post(form.action, new FormData(form))) this.dialog.close();
  }

  /** Send a form; return whether it was done. @param {string} url @param {FormData | URLSearchParams} data */
  async post(url, data) {
    if (this.asking.has(url)) return false;
    this.asking.add(url);
    try {
      const answer = await fetch(url, {
        method: "POST", body: data, redirect: "error", signal: AbortSignal.timeout(ANSWER_MS),
        headers: { Accept: "application/json", "X-CSRFToken": token() },
      });
      if (answer.status === 422) {
        this.ask(await answer.text(), this.dialog.querySelector("h2")?.textContent ?? "");
        return false;
      }
      const told = await answer.json().catch(() => ({}));
      if (!answer.ok) {
        this.said(told.detail ?? fill(this.texts["deed.refused"], { status: answer.status }), "error");
        return false;
      }
      this.done(told);
      if (told.said) this.said(told.said, "info");
      return true;
    } catch {
      this.said(this.texts["deed.failed"], "error");
      return false;
    } finally {
      this.asking.delete(url);
    }
  }
}
