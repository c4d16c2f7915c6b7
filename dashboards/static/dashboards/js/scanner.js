// Tells a barcode scanner, which types like a keyboard, from a person.  Pure: the time is an argument.

const FASTEST_HAND_MS = 45; // between two keys; scanners take 1 to 30
const SHORTEST = 4;

export class Scanner {
  constructor() {
    this.text = "";
    this.lastMs = -Infinity;
  }

  /**
   * Hear one key.  `taken`: it came too fast for a hand, so no key of the page is meant; `text`: a whole scan.
   * @param {string} key as in KeyboardEvent.key @param {number} atMs @returns {{taken: boolean, text: string}}
   */
  hear(key, atMs) {
    const fast = atMs - this.lastMs <= FASTEST_HAND_MS;
    if (key === "Shift") return { taken: false, text: "" }; // a capital letter comes with it
    this.lastMs = atMs;
    if (key === "Enter" || key === "Tab") {
      const text = fast && this.text.length >= SHORTEST ? this.text : "";
      this.text = "";
      return { taken: text !== "", text };
    }
    if (key.length !== 1) {
      this.text = "";
      return { taken: false, text: "" };
    }
    this.text = fast ? this.text + key : key;
    return { taken: this.text.length > 2, text: "" }; // two keys struck together are still a hand
  }
}
