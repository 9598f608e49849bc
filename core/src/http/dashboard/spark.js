/** A small chart of one or more series over the last minutes, drawn as SVG. */

import { el, setAttribute, setText, svg } from "./dom.js";

/** Size of the drawing's own coordinates; the chart stretches to its place. */
const WIDTH = 300;
const HEIGHT = 60;
/** Room above and below the scale, and right of the last point, so that no line is cut. */
const TOP = 3;
const BASE = HEIGHT - 1;
const RIGHT = WIDTH - 3;

/**
 * A series as the event stream has it: points are `[unix seconds, value]`.
 * @typedef {{label: string, points: [number, ?number][]}} Series
 */

/**
 * Makes an empty chart.
 * @param {(time: ?number) => void} onInspect Called with the moment (unix seconds) the pointer is over, null when it leaves.
 * @returns {{node: Element, update: Function, mark: Function}}
 */
export function createSpark(onInspect) {
  const area = svg("path", { class: "area", fill: "url(#spark-fade)" });
  const lines = svg("g");
  const cursor = svg("path", { class: "cursor" });
  const image = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, area, lines, cursor);
  const scale = el("span", { class: "scale", "aria-hidden": "true" });
  const node = el("div", { class: "spark" }, image, scale);
  let range = { from: 0, to: 1 };

  node.addEventListener("pointermove", (event) => {
    const box = node.getBoundingClientRect();
    onInspect(range.from + ((event.clientX - box.left) / (box.width * (RIGHT / WIDTH))) * (range.to - range.from));
  });
  node.addEventListener("pointerleave", () => onInspect(null));

  const x = (time) => (((time - range.from) / (range.to - range.from)) * RIGHT).toFixed(1);

  /** Draws a line at a moment; null takes it away. */
  function mark(time) {
    setAttribute(cursor, "d", time === null ? "" : `M${x(time)} 0V${HEIGHT}`);
  }

  /**
   * @param {Series[]} series
   * @param {{from: number, to: number, top: number, topLabel: string, description: string}} view The times at
   *   both edges in unix seconds, the value at the upper edge and its label, and the chart in words.
   */
  function update(series, view) {
    range = view;
    const y = (value) => (BASE - (value / view.top) * (BASE - TOP)).toFixed(1);
    const paths = series.map(({ points }) => trace(points, view.from, x, y));
    while (lines.childElementCount < 2 * paths.length) lines.append(svg("path"));
    while (lines.childElementCount > 2 * paths.length) lines.lastChild.remove();
    paths.forEach((path, index) => {
      const [line, dot] = [lines.children[2 * index], lines.children[2 * index + 1]];
      setAttribute(line, "class", `line series-${index % 4}`);
      setAttribute(line, "d", path);
      setAttribute(dot, "class", `dot series-${index % 4}`);
      setAttribute(dot, "d", lastPoint(path));
    });
    setAttribute(area, "d", filled(paths[0] ?? ""));
    setAttribute(image, "aria-label", view.description);
    setText(scale, view.topLabel);
  }

  return { node, update, mark };
}

/** The path through the points since `from`; a missing value interrupts it. */
function trace(points, from, x, y) {
  let path = "";
  let pen = "M";
  for (const [time, value] of points) {
    if (time < from) continue;
    if (value === null) pen = "M";
    else {
      path += `${pen}${x(time)} ${y(value)}`;
      pen = "L";
    }
  }
  return path;
}

/** The area under a path: each uninterrupted stretch closed down to the base. */
function filled(path) {
  return path.split("M").slice(1).map((stretch) => {
    const points = stretch.split("L");
    const [left, right] = [points[0].split(" ")[0], points.at(-1).split(" ")[0]];
    return `M${left} ${HEIGHT}L${stretch}L${right} ${HEIGHT}Z`;
  }).join("");
}

/** A line of no length at a path's end: its round caps make a dot that the stretching does not distort. */
function lastPoint(path) {
  return path === "" ? "" : `M${path.split(/[ML]/).at(-1)}h0`;
}
