// Answers what `few.js` makes of messages, a line of JSON for each line.

import { createInterface } from "node:readline";

const { merge } = await import(`${process.argv[2]}/few.js`);

const answers = {
  held: (/** @type {any} */ { messages, kind }) => {
    let held = new Map();
    const changed = [];
    for (const message of messages) {
      const news = merge(held, message, kind);
      held = news.held;
      changed.push([news.all, [...news.ids]]);
    }
    return { held: Array.from(held.values()), changed };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...about } = JSON.parse(line);
  console.log(JSON.stringify(answers[ask](about)));
}
