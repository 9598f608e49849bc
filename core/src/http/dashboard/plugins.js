/** The table of plugins: state and cost of each, what is wrong and what to do, and its components on demand. */

import { el, icon, mirror, setAttribute, setIcon, setText } from "./dom.js";
import { count, number, quantity } from "./format.js";
import { CostMeter } from "./cost.js";
import { look, worstFirst } from "./status.js";

const table = document.querySelector("#plugins");
const empty = document.querySelector("#plugins-empty");
const note = document.querySelector("#plugins-note");
const costs = new CostMeter();

/**
 * @param {object[]} plugins The same objects as `/api/plugins` answers.
 * @param {number} uptime Seconds since the server's start.
 */
export function showPlugins(plugins, uptime) {
  costs.advance(uptime);
  const sorted = plugins.toSorted((left, right) =>
    worstFirst(look(left.state), look(right.state)) || (left.name < right.name ? -1 : 1));
  mirror(table, sorted, ({ name, file }) => `${name} ${file ?? ""}`, pluginView);
  table.hidden = plugins.length === 0;
  empty.hidden = plugins.length > 0;
  setText(note, plugins.length > 0 ? count(plugins.length, "plugin") : "");
}

function pluginView() {
  const row = rowView("plugin");
  const chevron = icon("chevron");
  const toggle = el("button", { type: "button", class: "toggle", "aria-expanded": "false" });
  row.title.before(toggle);
  toggle.append(chevron, row.title);
  const fault = el("p", { class: "error" });
  const remedy = el("p", { class: "remedy" });
  const faultRow = el("tr", { class: "fault" }, el("td", { colspan: "5" }, fault, remedy));
  const origin = el("td", { colspan: "5" });
  const originRow = el("tr", { class: "origin" }, origin);
  const node = el("tbody", {}, row.node, faultRow, originRow);
  toggle.addEventListener("click", () => {
    setAttribute(toggle, "aria-expanded", node.classList.toggle("open"));
  });
  return {
    node,
    update(plugin) {
      setAttribute(node, "data-plugin", plugin.name);
      setAttribute(node, "data-state", plugin.state);
      row.update({ ...plugin, ...totals(plugin), aside: plugin.version ? `v${plugin.version}` : "" });
      faultRow.hidden = !plugin.error && !plugin.remedy;
      setText(fault, plugin.error ?? "");
      setText(remedy, plugin.remedy ?? "");
      setText(origin, originOf(plugin));
      const named = plugin.components.map((component) => ({ ...component, share: share(plugin, component) }));
      mirror(node, named, ({ kind, name }) => `${kind} ${name}`, componentView);
    },
  };
}

function componentView() {
  const row = rowView("component");
  return {
    node: row.node,
    update(component) {
      setAttribute(row.node, "data-component", component.name);
      setAttribute(row.node, "data-state", component.state);
      row.update({ ...component, aside: [component.kind, seriesOf(component)].filter(Boolean).join(", ") });
    },
  };
}

/** The cells that plugins and components share. */
function rowView(kind) {
  const sign = icon("unknown");
  const title = el("span", { class: "title" });
  const aside = el("span", { class: "aside" });
  const state = el("span", { class: "state" }, sign, el("span"));
  const error = el("span", { class: "error" });
  const cells = ["Calls", "Failures", "Mean", "Core"].map((label) => el("td", { "data-label": label }));
  const node = el("tr", { class: kind }, el("th", { scope: "row" }, title, aside, state, error), ...cells);
  return {
    node,
    title,
    update(item) {
      setText(title, item.name);
      setText(aside, item.aside);
      setIcon(sign, look(item.state));
      setAttribute(state, "data-status", look(item.state));
      setText(state.lastChild, item.state);
      setText(error, kind === "component" ? item.error ?? "" : "");
      const mean = item.calls > 0 ? item.total_seconds / item.calls : null;
      const figures = [number(item.calls), number(item.failures), quantity(mean, "seconds"), quantity(item.share, "percent")];
      figures.forEach((figure, index) => setText(cells[index], item.calls > 0 || index === 0 ? figure : "\u2013"));
      cells[1].classList.toggle("bad", item.failures > 0);
    },
  };
}

function share(plugin, component) {
  return costs.share([plugin.name, plugin.file, component.kind, component.name].join(" "), component.total_seconds);
}

/** A plugin's cost is the sum of its components'. */
function totals(plugin) {
  const sum = (pick) => plugin.components.reduce((total, component) => total + pick(component), 0);
  return {
    calls: sum((component) => component.calls),
    failures: sum((component) => component.failures),
    total_seconds: sum((component) => component.total_seconds),
    share: sum((component) => share(plugin, component)),
  };
}

function seriesOf({ series }) {
  return series > 0 ? `${number(series)} series` : "";
}

/** Where the code came from, where it runs, and how much it publishes. */
function originOf(plugin) {
  const series = plugin.components.reduce((total, component) => total + (component.series ?? 0), 0);
  const digest = plugin.digest ? `digest ${plugin.digest}` : "";
  return [plugin.file ?? "built in", digest, processOf(plugin), seriesOf({ series })].filter(Boolean).join(" · ");
}

/** Where the code of a plugin runs; nothing of one that could not be loaded. */
function processOf({ process, version }) {
  if (!process) return version ? "runs in the program" : "";
  const restarts = process.restarts > 0 ? `, ${count(process.restarts, "restart")}` : "";
  return process.pid === null ? `its process has ended${restarts}` : `process ${process.pid}${restarts}`;
}
