// Runs the protocol form's pure modules on what the test sends, one JSON line each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const plans = await import(new URL("protocol-plan.js", folder));
const sheets = await import(new URL("protocol-sheet.js", folder));
const drawings = await import(new URL("protocol-drawing.js", folder));

const answer = {
  plan({ document }) {
    const { segments, ...plan } = plans.planOf(document);
    return { ...plan, segments: segments.map((one) => [one.start_ms, one.end_ms, one.step, one.cycle, one.phase, one.from, one.to]) };
  },
  read: ({ sheet }) => {
    const document = sheets.read(sheet);
    return { document, drawable: sheets.drawable(document) !== null };
  },
  drawings({ document }) {
    const plan = plans.planOf(document);
    return [drawings.whole(plan), ...document.steps.map((_, at) => drawings.oneCycle(plan, at))];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answer[question.ask](question)));
}
