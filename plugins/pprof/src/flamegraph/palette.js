/** Colours: the heaviest crates, libraries or plugins have one each, the rest is grey. */

import { dominantPlugins, frameAt, isRest, ROOT } from "./tree.js";

/** As many as the style sheet has classes `k0` and on. */
const COLOURS = 8;
const OTHER = "k-other";
const UNKNOWN = "unknown";

/** The kind of a frame, or of a plugin's label, by what colours stand for. */
const KINDS = {
  crate: ({ crate, library }) => crate || library || UNKNOWN,
  library: ({ library }) => library || UNKNOWN,
  plugin: (plugin) => plugin || "no plugin",
};

/**
 * Decides on colours.
 * @param {{by: "crate"|"library"|"plugin", graph, accepts, measure, functions, all: number}} selection Functions as
 *   `sumFunctions` gives them, and the weight of everything.
 * @returns {{classOf: (node: number) => string, classOfFunction: (sum: Object) => string,
 *   legend: {name: string, kind: string, weight: number}[]}}
 */
export function colour({ by, graph, accepts, measure, functions, all }) {
  const kind = KINDS[by];
  const kindOfFunction = by === "plugin" ? ({ plugin }) => kind(plugin) : ({ frame }) => kind(graph.frames[frame]);
  const plugins = by === "plugin" ? dominantPlugins(graph, accepts, measure) : null;
  const kindOfNode = plugins ? (node) => kind(plugins[node]) : (node) => kind(frameAt(graph, node));
  const weights = plugins ? ofGroups(graph, accepts, measure, kind) : sums(functions, kindOfFunction);
  const legend = choose(weights, all);
  const classes = new Map(legend.map((entry) => [entry.name, entry.kind]));
  return {
    classOf: (node) => {
      if (node === ROOT) return "k-root";
      return isRest(graph, node) ? "k-rest" : (classes.get(kindOfNode(node)) ?? OTHER);
    },
    classOfFunction: (sum) => classes.get(kindOfFunction(sum)) ?? OTHER,
    legend,
  };
}

/** The heaviest kinds with a colour each, and what is left of everything. */
function choose(weights, all) {
  const sorted = [...weights].filter(([, weight]) => weight > 0).sort(([, left], [, right]) => right - left);
  const legend = sorted.slice(0, COLOURS).map(([name, weight], index) => ({ name, kind: `k${index}`, weight }));
  const rest = all - legend.reduce((sum, { weight }) => sum + weight, 0);
  if (rest > 0) legend.push({ name: "others", kind: OTHER, weight: rest });
  return legend;
}

function sums(functions, kindOf) {
  const weights = new Map();
  for (const sum of functions) weights.set(kindOf(sum), (weights.get(kindOf(sum)) ?? 0) + sum.own);
  return weights;
}

function ofGroups(graph, accepts, measure, kind) {
  const weights = new Map();
  for (const [, group, weight, count] of graph.own) {
    const labels = graph.groups[group];
    if (!accepts(labels)) continue;
    const name = kind(labels.plugin);
    weights.set(name, (weights.get(name) ?? 0) + (measure === "count" ? count : weight));
  }
  return weights;
}
