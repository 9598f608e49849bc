/** The keyboard: from box to box, in and out, to the search. */

import { focusNode, nodeOf, nodesBeside } from "./chart.js";
import { ROOT } from "./tree.js";

/**
 * Listens for keys.
 * @param {() => Object} present Gives graph, weights, zoom and flipped as they are.
 * @param {(node: number) => void} zoomTo
 */
export function listen(present, zoomTo) {
  document.querySelector("#chart").addEventListener("keydown", (event) => {
    const node = nodeOf(event);
    if (node === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(event.key, node, present(), zoomTo)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, select, textarea")) return;
    event.preventDefault();
    document.querySelector("#search").focus();
  });
}

/** Does what a key asks for; false for a key that asks for nothing. */
function act(key, node, { graph, weights, zoom, flipped }, zoomTo) {
  const parent = graph.parents[node];
  const inward = flipped ? "ArrowUp" : "ArrowDown";
  const outward = flipped ? "ArrowDown" : "ArrowUp";
  switch (key) {
    case inward:
      weights.children[node].some(focusNode);
      return true;
    case outward:
      focusNode(parent);
      return true;
    case "ArrowLeft":
      focusBeside(node, -1);
      return true;
    case "ArrowRight":
      focusBeside(node, 1);
      return true;
    case "Home":
      focusNode(ROOT);
      return true;
    case "Enter":
    case " ":
      zoomTo(node);
      focusNode(node);
      return true;
    case "Escape":
      if (zoom === ROOT) return false;
      zoomTo(graph.parents[zoom]);
      focusNode(zoom);
      return true;
    default:
      return false;
  }
}

/** Moves to the next box of the same row, whoever has called it. */
function focusBeside(node, direction) {
  const row = nodesBeside(node);
  const beside = row[row.indexOf(node) + direction];
  if (beside !== undefined) focusNode(beside);
}
