/** The boxes: one for each function that is wide enough to be seen. */

import { el } from "./dom.js";
import { share, shortName } from "./format.js";
import { frameAt, pathTo, ROOT } from "./tree.js";

/** Boxes narrower than this many pixels are not drawn; zooming in shows them. */
const LEAST = 0.7;
/** Below this width a box has no text, in pixels. */
const READABLE = 28;
/** Below this width it has no gap beside it. */
const HAIR = 4;
/** Up to so many boxes move to their new places; more jump. */
const SMOOTH = 700;

const scroll = document.querySelector("#chart-scroll");
const chart = document.querySelector("#chart");

/** What is drawn: each box with what it shows, by node; and the rows, by depth. */
let boxes = new Map();
const rows = [];
/** The node that Tab leads to. */
let current = ROOT;

/**
 * Draws what is below `zoom`, with its callers above it.
 * @param {{graph, weights, zoom: number, classOf, hits: ?Set<number>, flipped: boolean}} view
 */
export function draw(view) {
  const { depths } = view.graph;
  const pixels = chart.clientWidth || 1;
  const places = arrange(view, pixels);
  if (!places.has(current)) current = view.zoom;
  const deepest = [...places.keys()].reduce((most, node) => Math.max(most, depths[node]), 0);
  chart.classList.toggle("smooth", places.size <= SMOOTH && boxes.size <= SMOOTH);
  chart.classList.toggle("searching", view.hits !== null);
  for (const [node, { box }] of boxes) if (!places.has(node)) box.remove();
  const drawn = new Map();
  const fresh = Array.from({ length: deepest + 1 }, () => []);
  for (const [node, place] of places) {
    const shown = boxes.get(node) ?? create(node, depths[node]);
    if (!boxes.has(node)) fresh[depths[node]].push(shown.box);
    update(shown, describe(view, node, place, pixels));
    drawn.set(node, shown);
  }
  boxes = drawn;
  arrangeRows(fresh, view.flipped);
}

/** Puts new boxes into their rows; rows that nothing is in any more go. */
function arrangeRows(fresh, flipped) {
  while (rows.length < fresh.length) {
    rows.push(el("div", { class: "row", role: "none" }));
    chart.append(rows.at(-1));
  }
  while (rows.length > fresh.length) rows.pop().remove();
  fresh.forEach((added, depth) => rows[depth].append(...added));
  chart.classList.toggle("flipped", flipped);
}

/** Where each visible node is, as parts of the width. */
function arrange({ graph, weights, zoom }, pixels) {
  const places = new Map();
  for (const node of [ROOT, ...pathTo(graph, zoom)]) places.set(node, { left: 0, width: 1 });
  const all = weights.totals[zoom];
  const waiting = [zoom];
  while (waiting.length > 0) {
    for (const node of weights.children[waiting.pop()]) {
      const width = weights.totals[node] / all;
      if (width * pixels < LEAST) continue;
      places.set(node, { left: (weights.starts[node] - weights.starts[zoom]) / all, width });
      waiting.push(node);
    }
  }
  return places;
}

function create(node, depth) {
  const box = el("div", { class: "box", role: "treeitem", tabindex: "-1", "data-node": node, "aria-level": depth + 1 });
  return { box, kind: "", left: "", width: "", text: "", label: "", zoomed: false, tabIndex: -1 };
}

/** What the box of a node shows. */
function describe({ graph, weights, zoom, classOf, hits }, node, { left, width }, pixels) {
  const isReadable = width * pixels >= READABLE;
  const { name } = frameAt(graph, node);
  const marks = [
    isReadable ? "" : " thin",
    width * pixels < HAIR ? " hair" : "",
    graph.depths[node] < graph.depths[zoom] ? " above" : "",
    hits !== null && hits.has(node) ? " hit" : "",
  ];
  return {
    kind: `box ${classOf(node)}${marks.join("")}`,
    left: `${100 * left}%`,
    width: `${100 * width}%`,
    text: isReadable ? shortName(name) : "",
    label: `${name}, ${share(weights.totals[node], weights.totals[ROOT])}`,
    zoomed: node === zoom,
    tabIndex: node === current ? 0 : -1,
  };
}

/** Touches only what has changed: there may be thousands of boxes. */
function update(shown, changes) {
  const { box } = shown;
  const next = { ...shown, ...changes };
  if (shown.kind !== next.kind) box.className = next.kind;
  if (shown.left !== next.left) box.style.left = next.left;
  if (shown.width !== next.width) box.style.width = next.width;
  if (shown.text !== next.text) box.textContent = next.text;
  if (shown.label !== next.label) box.setAttribute("aria-label", next.label);
  if (shown.zoomed !== next.zoomed) box.setAttribute("aria-selected", next.zoomed);
  if (shown.tabIndex !== next.tabIndex) box.tabIndex = next.tabIndex;
  Object.assign(shown, next);
}

/** The node of the box that an event is about; null beside the boxes. */
export function nodeOf(event) {
  const box = event.target.closest?.(".box");
  return box ? Number(box.dataset.node) : null;
}

/** The box of a node, where it is drawn. */
export function boxOf(node) {
  return boxes.get(node)?.box;
}

/** The nodes whose boxes are in the same row, from left to right. */
export function nodesBeside(node) {
  const row = boxOf(node)?.parentElement.children ?? [];
  const start = (beside) => parseFloat(boxOf(beside).style.left);
  return [...row].map((box) => Number(box.dataset.node)).sort((left, right) => start(left) - start(right));
}

/** Makes a node the one that keys act on; false where it has no box. */
export function focusNode(node) {
  if (!boxes.has(node)) return false;
  for (const [other, tabIndex] of [[current, -1], [node, 0]]) {
    if (boxes.has(other)) update(boxes.get(other), { tabIndex });
  }
  current = node;
  boxOf(node).focus({ preventScroll: true });
  boxOf(node).scrollIntoView({ block: "nearest", inline: "nearest" });
  return true;
}

/** Shows the end where the root is. */
export function scrollToRoot(flipped) {
  scroll.scrollTop = flipped ? scroll.scrollHeight : 0;
}

/** Calls back when the width has changed. */
export function onResize(redraw) {
  let width = chart.clientWidth;
  new ResizeObserver(() => {
    if (chart.clientWidth === width) return;
    width = chart.clientWidth;
    redraw();
  }).observe(scroll);
}
