/** The machine's tiles: whatever the server sends, each with its value, its range and a chart. */

import { el, mirror, setAttribute, setText } from "./dom.js";
import { parts, quantity, span } from "./format.js";
import { describe, legendOf, legendView, nearest, scaleOf } from "./series.js";
import { createSpark } from "./spark.js";

/** Seconds that the charts show at least, so that the first points do not fill the whole width. */
const SHORTEST = 60;
/** Pixels a tile needs, on a phone and elsewhere, and between two tiles. */
const NARROW = 150;
const WIDE = 224;
const GAP = 12;

const grid = document.querySelector("#tiles");
const empty = document.querySelector("#tiles-empty");
const note = document.querySelector("#tiles-note");

new ResizeObserver(arrange).observe(grid);

/**
 * @param {object[]} tiles
 * @param {number} now The server's clock, in unix seconds.
 */
export function showTiles(tiles, now) {
  const starts = tiles.flatMap((tile) => tile.series.map(({ points }) => points[0]?.[0] ?? now));
  const window = { from: Math.min(now - SHORTEST, ...starts), to: now };
  mirror(grid, tiles.map((tile) => ({ tile, window })), ({ tile }) => tile.id, tileView);
  empty.hidden = tiles.length > 0;
  setText(note, tiles.length > 0 ? `last ${span(window.to - window.from)}` : "");
  arrange();
}

/** Chooses the number of columns that leaves the last row as full as it can be. */
function arrange() {
  const width = grid.clientWidth;
  const fit = Math.max(1, Math.floor((width + GAP) / ((width < 560 ? NARROW : WIDE) + GAP)));
  const rows = Math.ceil(grid.childElementCount / fit);
  grid.style.setProperty("--columns", Math.max(1, Math.ceil(grid.childElementCount / Math.max(1, rows))));
}

function tileView() {
  const title = el("h3");
  const detail = el("p", { class: "detail" });
  const figure = el("span", { class: "figure" });
  const sign = el("span", { class: "sign" });
  const meter = el("div", { class: "meter", "aria-hidden": "true" }, el("span"));
  const legend = el("ul", { class: "legend" });
  const spark = createSpark(inspect);
  const node = el("article", { class: "tile card" },
    el("header", {}, title, detail), el("p", { class: "value" }, figure, sign), meter, legend, spark.node);
  let current = null;
  let inspected = null;

  function update(item) {
    current = item;
    const { tile, window } = item;
    setAttribute(node, "data-tile", tile.id);
    setText(title, tile.title);
    setText(detail, tile.detail ?? "");
    showMeter(meter, tile);
    const scale = scaleOf(tile, window.from);
    const topLabel = quantity(scale.top, tile.unit);
    spark.update(tile.series, { ...window, top: scale.top, topLabel, description: describe(tile, scale, window) });
    showMoment();
  }

  function inspect(time) {
    inspected = time;
    showMoment();
  }

  /** The values now, or at the moment under the pointer. */
  function showMoment() {
    const { tile, window } = current;
    const past = inspected === null ? null : tile.series.map(({ points }) => nearest(points, inspected));
    const time = past?.find((point) => point)?.[0] ?? null;
    spark.mark(time);
    node.classList.toggle("inspected", time !== null);
    const single = tile.series.length === 1 && time !== null;
    const [number, unit] = parts(single ? past[0][1] : tile.value, tile.unit);
    setText(figure, number);
    setText(sign, unit);
    mirror(legend, legendOf(tile, window.from, past, time === null ? null : window.to - time), ({ key }) => key, legendView);
  }

  return { node, update };
}

/** How full: only where the tile has a maximum. */
function showMeter(meter, { value, maximum }) {
  meter.hidden = !(maximum > 0) || !Number.isFinite(value);
  if (!meter.hidden) meter.firstChild.style.transform = `scaleX(${Math.min(1, Math.max(0, value / maximum))})`;
}
