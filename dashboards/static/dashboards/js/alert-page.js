// The page of one alert: its plot, its dialogs, and its words anew whenever it changes.

import { feed } from "./alerts-feed.js";
import { AlertView } from "./alert-view.js";
import { byId } from "./dom.js";

const TICK_MS = 1_000;
const texts = JSON.parse(byId("console-texts").textContent ?? "{}");
const root = byId("view");
const id = Number(root.dataset.id);
const view = new AlertView(root, texts, () => location.pathname);
view.adopt(id, Number(root.dataset.rev));

if (!("closed" in root.dataset)) {
  feed.listen(({ all, ids }) => {
    const alert = feed.store.alerts.get(id);
    if (alert) view.show(id, alert.rev);
    else if (all || ids.has(id)) view.show(id, Infinity); // closed meanwhile
  });
  feed.open(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/v1/alerts`);
}
setInterval(() => view.tick(), TICK_MS);
