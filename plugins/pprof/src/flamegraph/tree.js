/** The tree of stacks: read from the answer, weighed by what is selected, laid out side by side. */

export const ROOT = 0;
const REST = { name: "(too small to be drawn)", file: "", library: "", crate: "" };

/**
 * What a function is.
 * @typedef {{name: string, file: string, library: string, crate: string}} Frame
 */

/**
 * Reads the columns of the answer.
 * @returns {Object} The answer's own fields, and for each node: parents, depths, lines, frameOf (-1 for what
 *   was left out) and children; and the frames.
 */
export function readGraph(answer) {
  const { strings } = answer;
  const frames = rows(answer.frames, 4).map(([name, file, library, crate]) => ({
    name: strings[name], file: strings[file], library: strings[library], crate: strings[crate],
  }));
  const size = answer.nodes.length / 3;
  const parents = new Int32Array(size);
  const frameOf = new Int32Array(size);
  const lines = new Int32Array(size);
  const depths = new Int32Array(size);
  const children = Array.from({ length: size }, () => []);
  rows(answer.nodes, 3).forEach(([parent, frame, line], node) => {
    parents[node] = parent;
    frameOf[node] = frame;
    lines[node] = line;
    if (node === ROOT) return;
    depths[node] = depths[parent] + 1;
    children[parent].push(node);
  });
  return { ...answer, frames, size, parents, frameOf, lines, depths, children, own: rows(answer.own, 4), functions: readFunctions(answer) };
}

/** The rows of the table: each function with its sums by group. */
function readFunctions(answer) {
  const sums = rows(answer.sums, 5).map(([group, own, ownCount, total, totalCount]) => ({
    group, own: { weight: own, count: ownCount }, total: { weight: total, count: totalCount },
  }));
  let next = 0;
  return rows(answer.functions, 3).map(([frame, line, length]) => {
    const mine = sums.slice(next, next + length);
    next += length;
    return { frame, line, sums: mine };
  });
}

/**
 * What each function has in the samples that count; those that have nothing are left out.
 * @returns {{frame: number, line: number, own: number, total: number, plugin: string}[]} With the plugin that has
 *   most of it.
 */
export function sumFunctions(graph, accepts, measure) {
  const accepted = graph.groups.map(accepts);
  return graph.functions.map(({ frame, line, sums }) => {
    const sum = { frame, line, own: 0, total: 0, plugin: "" };
    const plugins = new Map();
    for (const { group, own, total } of sums) {
      if (!accepted[group]) continue;
      const { plugin } = graph.groups[group];
      sum.own += own[measure];
      sum.total += total[measure];
      plugins.set(plugin, (plugins.get(plugin) ?? 0) + total[measure]);
      if (plugins.get(plugin) > (plugins.get(sum.plugin) ?? 0)) sum.plugin = plugin;
    }
    return sum;
  }).filter(({ total }) => total > 0);
}

/** The frame of a node; for the root one that stands for everything. */
export function frameAt(graph, node) {
  if (node === ROOT) return { name: "all", file: "", library: "", crate: "" };
  return graph.frames[graph.frameOf[node]] ?? REST;
}

/** Whether a node stands for what was left out below its parent. */
export function isRest(graph, node) {
  return node !== ROOT && graph.frameOf[node] < 0;
}

/** From the root's child to the node itself. */
export function pathTo(graph, node) {
  const path = [];
  for (let at = node; at !== ROOT; at = graph.parents[at]) path.unshift(at);
  return path;
}

/**
 * Sums what ended at each node, and lays the nodes out: the heaviest child first, what was left out last.
 * @param {(group: Object) => boolean} accepts Which samples count.
 * @param {"weight"|"count"} measure
 * @returns {{own: Float64Array, totals: Float64Array, starts: Float64Array, children: number[][]}}
 */
export function weigh(graph, accepts, measure) {
  const own = sumOwn(graph, accepts, measure);
  const totals = sumTotals(graph, own);
  const rank = (node) => (isRest(graph, node) ? -1 : totals[node]);
  const children = graph.children.map((list) => list.filter((node) => totals[node] > 0).sort((left, right) => rank(right) - rank(left)));
  const starts = new Float64Array(graph.size);
  children.forEach((list, parent) => {
    let start = starts[parent];
    for (const node of list) {
      starts[node] = start;
      start += totals[node];
    }
  });
  return { own, totals, starts, children };
}

/** How many samples, or objects, ended at or below each node. */
export function countAll(graph, accepts) {
  return sumTotals(graph, sumOwn(graph, accepts, "count"));
}

/** The plugin of most of what ended at or below each node, among the samples that count. */
export function dominantPlugins(graph, accepts, measure) {
  const best = new Float64Array(graph.size);
  const plugins = new Array(graph.size).fill("");
  for (const plugin of new Set(graph.groups.map((group) => group.plugin))) {
    const totals = sumTotals(graph, sumOwn(graph, (group) => group.plugin === plugin && accepts(group), measure));
    totals.forEach((total, node) => {
      if (total <= best[node]) return;
      best[node] = total;
      plugins[node] = plugin;
    });
  }
  return plugins;
}

function sumOwn(graph, accepts, measure) {
  const sums = new Float64Array(graph.size);
  const accepted = graph.groups.map(accepts);
  for (const [node, group, weight, count] of graph.own) {
    if (accepted[group]) sums[node] += measure === "count" ? count : weight;
  }
  return sums;
}

/** A parent's number is smaller than its children's, so one way back is enough. */
function sumTotals(graph, own) {
  const totals = own.slice();
  for (let node = graph.size - 1; node > ROOT; node -= 1) totals[graph.parents[node]] += totals[node];
  return totals;
}

function rows(column, width) {
  const rows = [];
  for (let start = 0; start < column.length; start += width) rows.push(column.slice(start, start + width));
  return rows;
}
