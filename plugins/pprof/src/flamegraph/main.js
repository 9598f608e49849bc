/** Puts the page together: takes the profile, and draws what is selected of it. */

import { draw, focusNode, nodeOf, onResize, scrollToRoot } from "./chart.js";
import { explain, hide, leftOut } from "./details.js";
import { byId, el } from "./dom.js";
import { onAgain, take } from "./fetching.js";
import { amount, count, share, shortName } from "./format.js";
import { listen } from "./keys.js";
import { colour } from "./palette.js";
import { showTable, startTable } from "./table.js";
import { countAll, frameAt, pathTo, ROOT, sumFunctions, weigh } from "./tree.js";

/** What each type of profile is called, and how its table begins. */
const TYPES = {
  cpu: { title: "CPU time", what: "a CPU profile", top: "Where the time goes", measures: ["CPU time", "samples"] },
  heap: { title: "Memory in use", what: "a heap profile", top: "What holds the memory", measures: ["bytes", "objects"] },
  allocs: { title: "Memory allocated", what: "an allocation profile", top: "What allocates", measures: ["bytes", "objects"] },
};
const FILTERS = ["plugin", "component", "thread"];
/** Seconds of a CPU profile unless the address says so. */
const SECONDS = "30";

const search = byId("search");
const order = new URLSearchParams(location.search);
const type = TYPES[order.get("type") ?? "cpu"] ?? TYPES.cpu;
if (type === TYPES.cpu && !order.get("seconds")) order.set("seconds", SECONDS);

/** What is drawn: graph, weights with their unit, counts, zoom, classOf, hits, flipped. */
let view = null;

async function start() {
  byId("graph").hidden = true;
  byId("top").hidden = true;
  const graph = await take(order, type.what);
  if (graph === null) return;
  view = { graph, zoom: ROOT, hits: null, flipped: view?.flipped ?? false };
  byId("graph").hidden = false;
  byId("top").hidden = false;
  for (const name of FILTERS) fillFilter(name, graph);
  describe(graph);
  offer(graph);
  select();
  scrollToRoot(view.flipped);
}

/** Weighs anew, after another choice of samples, measure or colour. */
function select() {
  const { graph } = view;
  const measure = byId("measure").value || "weight";
  const chosen = FILTERS.map((name) => [name, byId(name).value]).filter(([, value]) => value !== "");
  const accepts = (group) => chosen.every(([name, value]) => group[name] === value.slice(1));
  view.weights = weigh(graph, accepts, measure);
  view.counts = countAll(graph, accepts);
  view.unit = measure === "count" ? "count" : graph.unit;
  const functions = sumFunctions(graph, accepts, measure);
  const all = view.weights.totals[ROOT];
  const colours = colour({ by: byId("colour").value, graph, accepts, measure, functions, all });
  view.classOf = colours.classOf;
  if (view.weights.totals[view.zoom] === 0) view.zoom = ROOT;
  const nothing = all === 0;
  byId("chart-empty").hidden = !nothing;
  byId("chart-scroll").hidden = nothing;
  showLegend(colours.legend, all);
  showTable({ graph, functions, all, unit: view.unit, classOfFunction: colours.classOfFunction });
  find();
}

/** Marks what the search finds, and draws. */
function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  view.hits = words.length === 0 ? null : new Set();
  if (view.hits !== null) {
    const matches = view.graph.frames.map(({ name, file, crate, library }) => {
      const text = `${name} ${file} ${crate} ${library}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    view.graph.frameOf.forEach((frame, node) => {
      if (matches[frame]) view.hits.add(node);
    });
  }
  showFound();
  redraw();
}

/** How much of the whole is in what was found; what a match calls counts with it once. */
function showFound() {
  const found = byId("found");
  found.hidden = view.hits === null;
  if (view.hits === null) return;
  const { graph, weights } = view;
  let sum = 0;
  const inside = new Uint8Array(graph.size);
  for (let node = 1; node < graph.size; node += 1) {
    const parentInside = inside[graph.parents[node]];
    inside[node] = parentInside || view.hits.has(node) ? 1 : 0;
    if (inside[node] && !parentInside) sum += weights.totals[node];
  }
  const functions = new Set([...view.hits].filter((node) => weights.totals[node] > 0).map((node) => graph.frameOf[node]));
  const all = weights.totals[ROOT];
  found.textContent = functions.size === 0 ? "Nothing found." : `${count(functions.size, "function")} found, with ${share(sum, all)} of all: ${amount(sum, view.unit)}.`;
}

function redraw() {
  if (view === null) return;
  hide();
  showCrumbs();
  if (view.weights.totals[ROOT] > 0) draw(view);
}

function zoomTo(node) {
  view.zoom = node;
  redraw();
}

function showCrumbs() {
  const { graph, zoom } = view;
  const path = [ROOT, ...pathTo(graph, zoom)];
  const crumbs = path.map((node) => {
    const { name } = frameAt(graph, node);
    const attributes = { type: "button", "data-node": node, title: name };
    if (node === zoom) attributes["aria-current"] = "true";
    return el("span", {}, el("button", attributes, shortName(name)));
  });
  // Of a long path both ends tell the most.
  if (crumbs.length > 8) crumbs.splice(2, crumbs.length - 6, el("span", {}, "…"));
  byId("crumbs").replaceChildren(...crumbs);
}

function showLegend(legend, all) {
  const entry = ({ name, kind, weight }) => el("li", {},
    el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), name, el("b", {}, share(weight, all)));
  byId("legend").replaceChildren(...legend.map(entry));
}

/** Offers the values of a label; the choice is the value behind a mark, for a value may be empty. */
function fillFilter(name, graph) {
  const values = [...new Set(graph.groups.map((group) => group[name]))].sort();
  const select = byId(name);
  const before = select.value;
  const options = values.map((value) => el("option", { value: `=${value}` }, value || "none"));
  select.replaceChildren(el("option", { value: "" }, "all"), ...options);
  select.value = [...select.options].some((option) => option.value === before) ? before : "";
  select.closest("label").hidden = values.length < 2;
}

function describe(graph) {
  const plugin = order.get("plugin");
  const of = plugin ? ` of the plugin ${plugin}` : "";
  byId("graph-title").textContent = `${type.title}${of}`;
  byId("top-title").textContent = type.top;
  byId("graph-note").textContent = facts(graph);
  byId("left-out").textContent = leftOut(graph);
  const taken = new Date(graph.taken_unix_seconds * 1000).toLocaleTimeString();
  byId("subject").textContent = `Flame graph · ${type.title}${of} · ${taken}`;
  document.title = `${type.title}${of} · gaxx-mon`;
  const choice = byId("measure").value;
  const measures = ["weight", "count"].map((value, index) => el("option", { value }, type.measures[index]));
  byId("measure").replaceChildren(...measures);
  if (choice) byId("measure").value = choice;
}

function facts(graph) {
  const samples = graph.own.reduce((sum, [, , , samples]) => sum + samples, 0);
  const counted = count(samples, type === TYPES.cpu ? "sample" : "object");
  if (type !== TYPES.cpu) return `${amount(graph.total, graph.unit)} in ${counted}, estimated from samples`;
  const elapsed = graph.duration_seconds;
  const cores = elapsed > 0 ? `, ${share(graph.total / 1e9, elapsed)} of one core` : "";
  return `${amount(graph.total, graph.unit)} in ${elapsed.toFixed(1)} s${cores}; ${counted}`;
}

/** Offers the very profile that is drawn as a file. */
function offer(graph) {
  const save = byId("save");
  if (save.href.startsWith("blob:")) URL.revokeObjectURL(save.href);
  save.hidden = graph.profile === null;
  if (graph.profile === null) return;
  const bytes = Uint8Array.from(atob(graph.profile), (letter) => letter.charCodeAt(0));
  save.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const taken = new Date(graph.taken_unix_seconds * 1000).toISOString().slice(0, 19).replaceAll(":", "");
  save.download = `${graph.type}-${taken}.pb.gz`;
  // Once drawn, the text is not needed again.
  graph.profile = null;
}

byId("chart").addEventListener("click", (event) => {
  const node = nodeOf(event);
  if (node !== null) zoomTo(node);
});
byId("crumbs").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) zoomTo(Number(button.dataset.node));
});
byId("flip").addEventListener("click", ({ currentTarget }) => {
  view.flipped = !view.flipped;
  currentTarget.setAttribute("aria-pressed", view.flipped);
  redraw();
  scrollToRoot(view.flipped);
});
for (const id of [...FILTERS, "measure", "colour"]) byId(id).addEventListener("change", select);
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  search.value = "";
  find();
  focusNode(view.zoom);
});
byId("tools").addEventListener("submit", (event) => {
  event.preventDefault();
  focusHeaviest();
});
byId("again").addEventListener("click", start);
onAgain(start);
startTable((name) => {
  search.value = name;
  find();
  byId("graph").scrollIntoView({ block: "start" });
});
listen(() => view, zoomTo);
explain(() => view);
onResize(redraw);
start();

/** Leads to the heaviest box that was found. */
function focusHeaviest() {
  const { totals } = view.weights;
  const hits = [...(view.hits ?? [])].sort((left, right) => totals[right] - totals[left]);
  hits.some(focusNode);
}
