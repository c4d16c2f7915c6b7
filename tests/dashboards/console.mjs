// Runs the console's pure module on what the test sends, one JSON line each.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const order = await import(new URL("console-order.js", folder));

const told = ({ lines, ...other }) => ({ ...other, lines: lines.map(short) });
const short = ({ alert, explains, depth, gone }) => ({ id: alert.id, explains, depth, gone });
const table = (alerts) => new Map(alerts.map((alert) => [alert.id, alert]));
const arranged = ({ alerts, search = "", unfolded = [] }) =>
  order.arrange(table(alerts), order.choiceOf(search), new Set(unfolded));

const answer = {
  arrange: (question) => told(arranged(question)),
  hold({ before, ...question }) {
    const held = order.hold(arranged({ ...question, alerts: before }).lines, arranged(question).lines);
    return told(held);
  },
  together: ({ seen_ms, ...question }) => order.together(arranged(question).lines, (id) => seen_ms[id] ?? -1),
  neighbour: ({ id, by, ...question }) => order.neighbour(arranged(question).lines, id, by),
  next: ({ id, ...question }) => order.nextAsking(arranged(question).lines, id),
  address: ({ search }) => order.addressOf(order.choiceOf(search)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answer[question.ask](question)));
}
