/** What a chart's series say in numbers: the range, the nearest point, the legend. */

import { el, setAttribute, setText } from "./dom.js";
import { quantity, span } from "./format.js";

/** Steps of a scale's upper edge, between one power and the next. */
const DECIMAL_STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
const BINARY_STEPS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

/**
 * The lowest and highest value since `from`, and a round value above them for the chart's upper edge.
 * @returns {{low: ?number, high: ?number, top: number}}
 */
export function scaleOf({ series, unit, maximum }, from) {
  let low = Infinity;
  let high = -Infinity;
  for (const { points } of series) {
    for (const [time, value] of points) {
      if (time < from || value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return { low: null, high: null, top: maximum ?? 1 };
  const top = roundUp(high * 1.1, unit.startsWith("bytes"));
  return { low, high, top: maximum > 0 ? Math.min(top, Math.max(maximum, high)) : top };
}

function roundUp(value, binary) {
  if (value <= 0) return 1;
  const base = binary ? 1024 : 10;
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  const step = (binary ? BINARY_STEPS : DECIMAL_STEPS).find((candidate) => candidate * power >= value);
  return (step ?? base) * power;
}

/** The point nearest to a moment, null where there is none. */
export function nearest(points, time) {
  let best = null;
  for (const point of points) {
    if (best === null || Math.abs(point[0] - time) < Math.abs(best[0] - time)) best = point;
  }
  return best;
}

/**
 * The lines under a tile's value: several series are named with their values; one shows its range.
 * @param {object} tile
 * @param {number} from Start of the chart, in unix seconds.
 * @param {?(number[]|null)[]} past The points under the pointer, one for each series.
 * @param {?number} ago How many seconds those points are old.
 */
export function legendOf(tile, from, past, ago) {
  const moment = ago === null ? [] : [{ key: "ago", label: `${span(ago)} ago`, value: "", series: null }];
  if (tile.series.length > 1) {
    const named = tile.series.map(({ label, points }, index) => {
      const point = past ? past[index] : points.at(-1);
      return { key: `series ${index}`, label, value: quantity(point?.[1] ?? null, tile.unit), series: index % 4 };
    });
    return [...named, ...moment];
  }
  if (moment.length > 0) return moment;
  const { low, high } = scaleOf(tile, from);
  if (low === null) return [{ key: "none", label: "no values yet", value: "", series: null }];
  return [
    { key: "low", label: "low", value: quantity(low, tile.unit), series: null },
    { key: "high", label: "high", value: quantity(high, tile.unit), series: null },
  ];
}

/** One entry of the legend, for `mirror`. */
export function legendView({ series }) {
  const label = el("span");
  const value = el("b");
  const node = el("li", {}, label, " ", value);
  if (series !== null) node.prepend(el("i", { class: `swatch series-${series}`, "aria-hidden": "true" }));
  return {
    node,
    update(entry) {
      setText(label, entry.label);
      setText(value, entry.value);
      setAttribute(node, "data-entry", entry.key);
    },
  };
}

/** The chart in words, for those who do not see it. */
export function describe(tile, { low, high }, { from, to }) {
  if (low === null) return `${tile.title}: no values yet`;
  return `${tile.title}, last ${span(to - from)}: between ${quantity(low, tile.unit)} and ${quantity(high, tile.unit)}`;
}
