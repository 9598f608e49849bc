/** The tooltip: everything about one box. */

import { boxOf, nodeOf } from "./chart.js";
import { byId, el } from "./dom.js";
import { amount, count, place, share } from "./format.js";
import { frameAt, isRest, ROOT } from "./tree.js";

/** Between the pointer and the tooltip, and between it and the edge of the screen, in pixels. */
const GAP = 14;

const tooltip = byId("tooltip");
const chart = byId("chart");

/**
 * Shows details of the box under the pointer or in focus.
 * @param {() => ?Object} present Gives graph, weights, counts and unit as they are.
 */
export function explain(present) {
  chart.addEventListener("pointermove", (event) => {
    const node = nodeOf(event);
    if (node === null) return hide();
    show(present(), node);
    put(event.clientX, event.clientY);
  });
  chart.addEventListener("focusin", (event) => {
    const node = nodeOf(event);
    if (node === null || !event.target.matches(":focus-visible")) return;
    show(present(), node);
    const box = boxOf(node).getBoundingClientRect();
    put(box.left, box.bottom);
  });
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
}

/** Takes the tooltip away. */
export function hide() {
  tooltip.hidden = true;
}

function show({ graph, weights, counts, unit }, node) {
  const frame = frameAt(graph, node);
  const all = weights.totals[ROOT];
  const facts = [
    ["Total", `${amount(weights.totals[node], unit)} (${share(weights.totals[node], all)})`],
    ["Own", `${amount(weights.own[node], unit)} (${share(weights.own[node], all)})`],
  ];
  if (unit !== "count") facts.push([graph.type === "cpu" ? "Samples" : "Objects", amount(counts[node], "count")]);
  if (frame.crate !== "") facts.push(["Crate", frame.crate]);
  if (frame.library !== "") facts.push(["Library", frame.library]);
  tooltip.replaceChildren(
    el("p", { class: "name" }, frame.name),
    el("p", { class: "place" }, isRest(graph, node) ? explanation(graph) : place(frame.file, graph.lines[node])),
    el("dl", {}, ...facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])),
  );
  tooltip.hidden = false;
}

function explanation(graph) {
  return `Functions with less than ${amount(graph.pruned_below, graph.unit)} each (${share(graph.pruned_below, graph.total)} of all).`;
}

/** What of the profile is not drawn; empty where everything is. */
export function leftOut(graph) {
  const parts = [];
  if (graph.pruned_nodes > 0) {
    parts.push(`${count(graph.pruned_nodes, "box").replace(/boxs$/, "boxes")} of less than ${amount(graph.pruned_below, graph.unit)} each (${share(graph.pruned_below, graph.total)}) are not drawn one by one.`);
  }
  if (graph.shrunk > 0) parts.push(`${amount(graph.shrunk, graph.unit)} that were given back meanwhile are not drawn.`);
  return parts.join(" ");
}

function put(x, y) {
  const { width, height } = tooltip.getBoundingClientRect();
  const left = Math.min(x + GAP, innerWidth - width - GAP);
  const below = y + GAP;
  const top = below + height > innerHeight - GAP ? y - GAP - height : below;
  tooltip.style.left = `${Math.max(left, GAP / 2)}px`;
  tooltip.style.top = `${Math.max(top, GAP / 2)}px`;
}
