// Runs the pure modules of the bar on what the test sends, one JSON line each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const stores = await import(new URL("alerts-store.js", folder));
const sounds = await import(new URL("sound-pattern.js", folder));
const words = await import(new URL("bar-words.js", folder));

const loud = ({ alerts, duties, away = [] }) => sounds.sounding(alerts, new Set(duties), new Set(away));

const answer = {
  store({ messages }) {
    const store = stores.emptyAlerts();
    for (const message of messages) stores.take(store, message);
    return { alerts: [...store.alerts.values()], complete: store.complete };
  },
  counts: ({ alerts }) => stores.counts(alerts),
  newest: ({ alerts }) => stores.newestHigh(alerts, new Set())?.id ?? null,
  order: ({ alerts }) => [...alerts].sort(stores.byUrgency).map((alert) => alert.id),
  duty: ({ sites, duty, texts }) => words.dutyWords(sites, duty, texts),
  bursts: () => sounds.BURSTS,
  sounding: (asked) => loud(asked).worst,
  rests: ({ pause, now, ...asked }) => sounds.restsMs(pause, loud(asked).risings, now),
  rising: ({ alert }) => sounds.risingOf(alert),
  burst: ({ played, last, at, ...asked }) => sounds.burstNow(loud(asked), new Set(played), last, at),
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answer[question.ask](question)));
}
