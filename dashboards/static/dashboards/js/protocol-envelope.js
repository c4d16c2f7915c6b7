// Puts the envelope of a protocol into a page, as `protocols/envelope.html` does on the server.

import { HEIGHT, WIDTH } from "./protocol-drawing.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./protocol-drawing.js").Drawing} Drawing */

/** @param {string} name @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
function svg(name, attributes, children = []) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * Replaces what stands in `place` by the pictures of a drawing, one for channels that are given the same.
 * @param {Element} place @param {Drawing} drawing @param {{named: string, one: string, many: string}} texts
 */
export function show(place, drawing, { named, one, many }) {
  place.replaceChildren(...drawing.groups.map((group) => {
    const figure = document.createElement("figure");
    figure.className = "envelope";
    const caption = document.createElement("figcaption");
    caption.textContent = (group.channels.length === 1 ? one : many).replace("{n}", group.channels.join(", "));
    const heights = svg("svg", { class: "heights", "aria-hidden": "true" },
      drawing.heights.map((mark) => svg("text", { x: "100%", y: `${mark.percent.toFixed(4)}%` }, [mark.label])));
    const course = svg("svg", { class: "course", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": named }, [
      ...drawing.bands.map((band) => svg("rect", { class: "band", x: band.left, y: 0, width: band.width, height: HEIGHT })),
      ...drawing.heights.map((mark) => svg("line", { class: "grid", x1: 0, x2: "100%", y1: `${mark.percent.toFixed(4)}%`, y2: `${mark.percent.toFixed(4)}%` })),
      svg("path", { class: "tolerance", d: group.tolerance }),
      svg("path", { class: "target", d: group.target }),
      svg("path", { class: "ceiling", d: group.ceiling }),
    ]);
    const times = svg("svg", { class: "times", "aria-hidden": "true" },
      drawing.times.map((mark) => svg("text", { x: `${mark.percent.toFixed(4)}%`, y: "1em" }, [mark.label])));
    figure.append(caption, heights, course, times);
    return figure;
  }));
}

/** @param {Element} place @param {string} words */
export function say(place, words) {
  const line = document.createElement("p");
  line.className = "quiet";
  line.textContent = words;
  place.replaceChildren(line);
}
