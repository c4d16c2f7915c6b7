// Runs what a page asks with, in a world of its own time, one JSON line of steps each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const words = await import(new URL("command-words.js", folder));
const stores = await import(new URL("commands-store.js", folder));
const { Ask } = await import(new URL("ask.js", folder));
const { Asker } = await import(new URL("asker.js", folder));
const { Marks } = await import(new URL("marks.js", folder));
const { Permit } = await import(new URL("permit.js", folder));

const EPOCH_MS = Date.parse("2026-11-22T12:00:00Z");
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that moves when it is told to, and a network whose answers the test gives. */
class World {
  ms = 0;
  timers = [];
  posts = [];
  count = 0;
  now = () => this.ms;
  later = (work, ms) => this.timers.push({ at: this.ms + ms, work });
  uuid = () => `0000-${++this.count}`;
  timeout = (ms) => {
    const end = new AbortController();
    this.later(() => end.abort(), ms);
    return end.signal;
  };
  post = (url, body, signal) => this.asked("POST", url, body, signal);
  get = (url, signal) => this.asked("GET", url, null, signal);

  asked(method, url, body, signal) {
    return new Promise((resolve, reject) => {
      const post = { method, url, body, at: this.ms, open: true };
      const end = (how) => (value) => {
        post.open = false;
        how(value);
      };
      Object.assign(post, { resolve: end(resolve), reject: end(reject) });
      signal.addEventListener("abort", () => post.reject(new Error("aborted")));
      this.posts.push(post);
    });
  }

  async advance(ms, each) {
    for (const until = this.ms + ms; this.ms < until; ) {
      this.ms += 50;
      const due = this.timers.filter(({ at }) => at <= this.ms).sort((one, other) => one.at - other.at);
      this.timers = this.timers.filter(({ at }) => at > this.ms);
      for (const { work } of due) {
        work();
        await settle();
      }
      each();
      await settle();
    }
  }
}

/** Takes one step after the other; what `look` and `posts` saw is the answer. */
async function play({ steps, texts, permit = "signed" }) {
  const world = new World();
  world.permit = () => permit;
  const asker = new Asker({ site: "north", world });
  const marks = new Marks({ asker, texts, serverNow: () => EPOCH_MS + world.ms });
  const seen = [];
  const asks = [];
  const acts = {
    ask: (what) => asks.push(asker.ask(what)),
    stopSite: (what) => asks.push(asker.stopSite(what)),
    advance: (ms) => world.advance(ms, () => asker.tick(EPOCH_MS + world.ms)),
    answer({ to, status, body }) {
      world.posts.filter(({ url, open }) => open && url.includes(to)).forEach((post) => post.resolve({ status, body }));
    },
    lose: (to) => world.posts.filter(({ url, open }) => open && url.includes(to)).forEach((post) => post.reject(new Error("network"))),
    hear: (message) => asker.hear(message),
    look: (serial) => seen.push(marks.of(serial)),
    stage: (at) => seen.push(asks[at].stage(world.ms)),
    posts: () => seen.push(world.posts.map(({ method, url, body, at }) => ({ method, url, body, at }))),
    open: () => seen.push(world.posts.filter(({ open }) => open).map(({ url }) => url)),
    asks: () => seen.push(new Set(asks).size),
    reload() {
      const kept = JSON.parse(JSON.stringify([...asker.asks.values()].map((ask) => ask.kept(world.ms))));
      asker.asks.clear();
      asker.store = stores.emptyCommands();
      for (const one of kept) {
        const ask = Ask.from(one, world.ms, 0);
        asker.asks.set(ask.id, ask);
      }
    },
  };
  for (const [step, about] of steps) {
    await acts[step](about);
    await settle();
  }
  return seen;
}

/** What a permit is worth after each of these answers to its renewal; null: nobody answers. */
async function permits({ answers, everyMs }) {
  const world = new World();
  const given = [...answers];
  const send = async () => {
    const answer = given.length ? given.shift() : null;
    if (answer === null) throw new TypeError("network");
    return { ok: answer.status < 400, status: answer.status, json: async () => answer.body };
  };
  const permit = new Permit({ text: "first", url: "/permit/", now: world.now, send, later: world.later });
  permit.keep();
  const held = [];
  for (let n = 0; n < answers.length; n++) {
    await world.advance(everyMs, () => {});
    held.push(permit.held());
  }
  return held;
}

const answer = {
  play,
  permits,
  faces: ({ commands, now, texts }) => commands.map((command) => words.faceOf(command, now, texts)),
  sight({ commands, now }) {
    const store = stores.emptyCommands();
    for (const command of commands) stores.put(store, command);
    return commands.filter((command) => stores.inSight(store, command, now)).map(({ id }) => id);
  },
  store({ messages, now }) {
    const store = stores.emptyCommands();
    for (const message of messages) stores.take(store, message);
    stores.prune(store, now);
    return [...store.commands.values()];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(await answer[question.ask](question)));
}
