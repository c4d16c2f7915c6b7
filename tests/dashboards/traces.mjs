// Answers questions about the device page's own modules, one JSON line each.
import { createInterface } from "node:readline";

const folder = process.argv[2];
const { Traces, columnsOf, isGap, pieceOf, plannedAt } = await import(`${folder}/traces.js`);
const zoom = await import(`${folder}/zoom.js`);

const answers = {
  merged: ({ batches, n, from, open }) => {
    const traces = new Traces(1e12);
    const fresh = batches.map((records) => traces.take(records));
    return { fresh, samples: traces.samples(n, from), slow: traces.slow(n, from),
      bands: traces.bands(from, open), channels: traces.channels(from) };
  },
  pruned: ({ records, keep, now }) => {
    const traces = new Traces(keep);
    traces.take(records);
    traces.prune(now);
    return { left: traces.pieces.map(({ seq }) => seq), again: traces.take(records) };
  },
  gap: ({ before, after }) => isGap(pieceOf(before), pieceOf(after)),
  columns: ({ trace }) => columnsOf(trace),
  planned: ({ line, at }) => at.map((seconds) => plannedAt(line, seconds)),
  asked: ({ search, now }) => { const range = zoom.asked(search, now); return { ...range, address: zoom.address(range) }; },
  zoomed: ({ range, factor, now }) => zoom.zoomed(range, factor, now),
  moved: ({ range, share, now }) => zoom.moved(range, share, now),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...about } = JSON.parse(line);
  console.log(JSON.stringify(answers[ask](about) ?? null));
}
