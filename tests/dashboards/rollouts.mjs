// Answers what `rollouts-store.js` makes of messages, a line of JSON for each line.

import { createInterface } from "node:readline";

const store = await import(`${process.argv[2]}/rollouts-store.js`);

const answers = {
  held: (/** @type {any} */ { messages }) => {
    const held = store.emptyRollouts();
    for (const message of messages) store.take(held, message);
    return Array.from(held.rollouts.values());
  },
  sight: (/** @type {any} */ { rollouts, now }) => {
    const held = store.emptyRollouts();
    store.take(held, { type: "snapshot", rollouts });
    store.prune(held, now);
    return Array.from(held.rollouts.keys());
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...about } = JSON.parse(line);
  console.log(JSON.stringify(answers[ask](about)));
}
