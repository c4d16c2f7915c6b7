// Runs the page's pure modules on what the test sends, one JSON line each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const words = await import(new URL("words.js", folder));
const stores = await import(new URL("store.js", folder));
const choices = await import(new URL("choice.js", folder));
const orders = await import(new URL("order.js", folder));
const keys = await import(new URL("keys.js", folder));
const { ServerClock, pulseAge } = await import(new URL("clock.js", folder));

const answer = {
  faces: ({ devices, texts }) => devices.map((device) => words.face(device, texts)),
  ranks: ({ devices, texts }) => devices.map((device) => orders.rank(device, words.face(device, texts))),
  maybeOn: ({ devices }) => devices.map(words.mayBeOn),
  movers: ({ now, wanted }) => [...orders.movers(now, wanted)],
  choice({ search, ...other }) {
    const choice = choices.choiceOf(search, other);
    return { choice, address: choices.addressOf(search, choice) };
  },
  chosen: ({ entries, choice }) => ({
    matches: entries.map((entry) => choices.matches(entry, choice)),
    arranged: choices.arranged(entries, choice.order),
  }),
  pages: ({ cases }) => cases.map(([shown, troubled]) => {
    const size = choices.pageSize(shown, troubled);
    return [size, choices.stripRoom(size)];
  }),
  neighbour: ({ boxes, at, key }) => keys.neighbour(boxes, at, key),
  clocks: ({ times }) => times.map(words.clock),
  ages: ({ times, texts }) => times.map((ms) => words.age(ms, texts)),
  store({ messages }) {
    const store = stores.emptyStore();
    for (const message of messages) stores.take(store, message);
    return [...store.devices.values()];
  },
  server({ heard, at }) {
    const clock = new ServerClock();
    for (const [serverMs, monotonicMs] of heard) clock.hear(serverMs, monotonicMs);
    return clock.now(at);
  },
  pulse: ({ pulse, now, monotonic }) => {
    const age = pulseAge(pulse, now, monotonic);
    return Number.isFinite(age) ? age : "never";
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answer[question.ask](question)));
}
