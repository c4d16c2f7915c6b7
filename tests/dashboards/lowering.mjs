// Runs the steps down as the page works them out on what the test sends, one JSON line each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { lowered, targets } = await import(new URL("lowering.js", pathToFileURL(`${process.argv[2]}/`)));

const answer = {
  lowered: ({ cases }) => cases.map(([setMa, step]) => lowered(setMa, step)),
  targets: ({ channels, channel, step }) => targets(channels, channel, step).map((one) => [one.channel, one.from_ma, one.to_ma]),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...about } = JSON.parse(line);
  console.log(JSON.stringify(answer[ask](about)));
}
