/** The table of all metrics: read while it is on the screen, searched and sorted here. */

import { el, setAttribute, setText } from "./dom.js";
import { metricValue, number } from "./format.js";

/** Milliseconds between two readings, and after which a reading is given up. */
const EVERY = 5000;
const PATIENCE = 10000;
/** Rows that are drawn; a search finds the others. */
const ROWS = 200;

const section = document.querySelector("#metrics");
const search = document.querySelector("#metric-search");
const body = document.querySelector("#metric-rows");
const total = document.querySelector("#metric-count");
const empty = document.querySelector("#metric-empty");
const more = document.querySelector("#metric-more");
const headers = [...section.querySelectorAll("[data-sort]")];

/** All metrics, each with its labels as text and the text that a search looks in. */
let metrics = [];
let sorted = [];
let order = { by: "name", direction: 1 };
let visible = false;
let reading = false;
let lastReading = 0;

/** Starts the table: reads once, and then while it is visible. */
export function startMetrics() {
  new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    readWhenDue();
  }).observe(section);
  setInterval(readWhenDue, 1000);
  search.addEventListener("input", draw);
  document.addEventListener("keydown", focusSearch);
  for (const header of headers) header.addEventListener("click", () => sortBy(header.dataset.sort));
  read();
}

function readWhenDue() {
  if (visible && !document.hidden && Date.now() - lastReading >= EVERY) read();
}

async function read() {
  if (reading) return;
  reading = true;
  lastReading = Date.now();
  try {
    const response = await fetch("/api/metrics", { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    metrics = (await response.json()).map(prepare);
    sort();
    section.removeAttribute("data-failed");
  } catch (error) {
    setAttribute(section, "data-failed", "");
    setText(total, `not up to date (${error.message}); trying again`);
    if (metrics.length === 0) setText(empty, "The metrics could not be read. The next attempt follows by itself.");
  } finally {
    reading = false;
  }
}

function prepare(metric) {
  const pairs = Object.entries(metric.labels ?? {});
  const labels = pairs.map(([key, value]) => `${key}="${value}"`).join(" ");
  return { ...metric, labels, haystack: `${metric.name} ${labels}`.replaceAll('"', "").toLowerCase() };
}

function sortBy(by) {
  const fresh = by === "value" ? -1 : 1;
  order = { by, direction: order.by === by ? -order.direction : fresh };
  for (const header of headers) {
    const direction = order.direction === 1 ? "ascending" : "descending";
    setAttribute(header.closest("th"), "aria-sort", header.dataset.sort === by ? direction : "none");
  }
  sort();
}

function sort() {
  const key = order.by === "value" ? (metric) => metric.value ?? -Infinity : (metric) => metric.haystack;
  const compare = (left, right) => (key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0);
  sorted = metrics.toSorted((left, right) => order.direction * compare(left, right));
  draw();
}

function draw() {
  const words = search.value.toLowerCase().replaceAll('"', "").split(/\s+/).filter(Boolean);
  const found = sorted.filter(({ haystack }) => words.every((word) => haystack.includes(word)));
  const drawn = found.slice(0, ROWS);
  while (body.childElementCount > drawn.length) body.lastChild.remove();
  while (body.childElementCount < drawn.length) body.append(emptyRow());
  drawn.forEach((metric, index) => fillRow(body.children[index], metric));
  setText(total, words.length > 0 ? `${number(found.length)} of ${number(metrics.length)} series` : `${number(metrics.length)} series`);
  empty.hidden = drawn.length > 0;
  setText(empty, words.length > 0 ? "No metric matches every word of the search." : "No metrics yet.");
  more.hidden = found.length <= ROWS;
  setText(more, `${number(found.length - ROWS)} more: narrow the search.`);
}

function emptyRow() {
  return el("tr", {},
    el("th", { scope: "row" }, el("span", { class: "name" }), " ", el("span", { class: "labels" })),
    el("td", { class: "type" }), el("td", { class: "value" }));
}

function fillRow(row, metric) {
  const [title, type, value] = row.children;
  setAttribute(row, "data-metric", metric.name);
  setText(title.firstChild, metric.name);
  setText(title.lastChild, metric.labels);
  setText(type, metric.type);
  setText(value, metricValue(metric));
  setAttribute(value, "title", String(metric.value));
}

/** A slash anywhere outside a field goes to the search. */
function focusSearch(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  search.focus();
}
