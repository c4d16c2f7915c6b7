// Runs the count of a stop on what the test sends, one JSON line each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const stops = await import(new URL("stop-count.js", pathToFileURL(`${process.argv[2]}/`)));

const answer = {
  count: ({ commands, now }) => stops.countOf(commands, now),
  told: ({ earlier, later }) => stops.isToldBy(earlier, later),
  keep({ batches }) {
    const known = new Map();
    const changed = batches.map((batch) => stops.keep(known, batch));
    return { changed, known: [...known.values()] };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answer[question.ask](question)));
}
