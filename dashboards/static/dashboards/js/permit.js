// The signed permit by which a page may stop devices though the house's database is away: renewed while the page is open.

const RENEW_MS = 5 * 60_000;
const RETRY_MS = 20_000; // the web may be away for a moment: what is held stays good meanwhile
const VALID_MS = 15 * 60_000; // as `fleet.control.permits`
const ANSWER_MS = 10_000;

export class Permit {
  /** @param {{text: string | null, url: string, now?: () => number, send?: typeof fetch, later?: (work: () => void, ms: number) => unknown}} options
   *   `text`: as the page brought it; null: whoever is here has none */
  constructor({ text, url, now = () => performance.now(), send = (...about) => fetch(...about), later = (work, ms) => setTimeout(work, ms) }) {
    this.text = text || null;
    this.url = url;
    this.now = now;
    this.send = send;
    this.later = later;
    this.sinceMs = now();
  }

  /** The permit, or null when there is none that is still good. */
  held() {
    return this.text !== null && this.now() - this.sinceMs < VALID_MS ? this.text : null;
  }

  /** Keep it renewed for as long as the page lives. */
  keep() {
    if (this.url) this.later(() => void this.renew(), RENEW_MS);
  }

  /** Ask for a fresh one.  Without an answer the one that is held stays; where it is refused, it is over. */
  async renew() {
    let waitMs = RENEW_MS;
    const askedMs = this.now();
    try {
      const answer = await this.send(this.url, {
        headers: { Accept: "application/json" }, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(ANSWER_MS),
      });
      if ([401, 403, 404].includes(answer.status)) {
        this.text = null; // logged out, or no longer of this site
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const { permit } = await answer.json();
      this.text = permit;
      this.sinceMs = askedMs;
    } catch {
      waitMs = RETRY_MS;
    }
    this.later(() => void this.renew(), waitMs);
  }
}
