/** Where it goes: the functions with the most. */

import { byId, el } from "./dom.js";
import { amount, place, share } from "./format.js";

const ROWS = 20;

const body = byId("top-rows");
const headers = [...document.querySelectorAll("#top [data-sort]")];

let order = { by: "own", direction: -1 };
/** What is shown, to be sorted again. */
let shown = null;

/**
 * Starts the table.
 * @param {(name: string) => void} search Looks for a function.
 */
export function startTable(search) {
  for (const header of headers) header.addEventListener("click", () => sortBy(header.dataset.sort));
  body.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) search(button.textContent);
  });
}

/**
 * Shows the functions of what is selected.
 * @param {{graph, functions: Object[], all: number, unit: string, classOfFunction}} selection
 */
export function showTable(selection) {
  shown = selection;
  draw();
}

function sortBy(by) {
  const fresh = by === "name" ? 1 : -1;
  order = { by, direction: order.by === by ? -order.direction : fresh };
  for (const header of headers) {
    const direction = order.direction === 1 ? "ascending" : "descending";
    header.closest("th").setAttribute("aria-sort", header.dataset.sort === by ? direction : "none");
  }
  draw();
}

/** The heaviest come into the table; by name they are only put in another order. */
function draw() {
  if (shown === null) return;
  const heavy = order.by === "name" ? "own" : order.by;
  const name = ({ frame }) => shown.graph.frames[frame].name;
  const top = shown.functions.toSorted((left, right) => right[heavy] - left[heavy] || right.total - left.total).slice(0, ROWS);
  const compare = order.by === "name" ? (left, right) => name(left).localeCompare(name(right)) : (left, right) => left[heavy] - right[heavy];
  top.sort((left, right) => order.direction * compare(left, right));
  body.replaceChildren(...top.map(row));
}

function row(sum) {
  const { graph, all, unit, classOfFunction } = shown;
  const frame = graph.frames[sum.frame];
  const cell = (value) => el("td", {},
    amount(value, unit), el("span", { class: "share" }, share(value, all)),
    el("meter", { min: 0, max: all, value, "aria-hidden": "true" }));
  return el("tr", {}, cell(sum.own), cell(sum.total),
    el("th", { scope: "row" },
      el("span", { class: `swatch ${classOfFunction(sum)}`, "aria-hidden": "true" }),
      el("button", { type: "button", title: "Search for it in the graph" }, frame.name),
      el("span", { class: "place" }, place(frame.file, sum.line) || frame.library)));
}
