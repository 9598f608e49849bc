/** The overall health: the verdict, one sentence on why, the counts and a strip with one segment for each check. */

import { el, icon, mirror, setAttribute, setIcon, setText } from "./dom.js";
import { count } from "./format.js";
import { known, STATUSES, WORDS } from "./status.js";

/** How many checks the summary names before it says "and n more". */
const NAMED = 3;

const section = document.querySelector("#health");
const sign = section.querySelector(".icon");
const verdict = document.querySelector("#health-status");
const summary = document.querySelector("#health-summary");
const counts = document.querySelector("#health-counts");
const strip = document.querySelector("#health-strip");

/** @param {{status: string, checks: object[]}} health The same object as `/api/health` answers. */
export function showHealth({ status, checks }) {
  setAttribute(section, "data-status", known(status));
  setIcon(sign, known(status));
  setText(verdict, WORDS[known(status)]);
  setText(summary, sentence(checks));
  const amounts = STATUSES.map((name) => ({ name, amount: checks.filter((check) => known(check.status) === name).length }));
  mirror(counts, amounts.filter(({ amount }) => amount > 0), ({ name }) => name, countView);
  const byName = checks.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  mirror(strip, byName, (check) => check.name, segment);
}

/** Why the verdict is what it is. */
function sentence(checks) {
  if (checks.length === 0) return "No check has run yet.";
  const failing = ["unhealthy", "degraded"].flatMap((status) => checks.filter((check) => check.status === status));
  if (failing.length === 0) {
    const waiting = checks.filter((check) => known(check.status) === "unknown").length;
    if (waiting === 0) return checks.length === 1 ? "The one check passes." : `All ${checks.length} checks pass.`;
    return `${count(checks.length - waiting, "check")} passed, ${waiting} without a result yet.`;
  }
  const names = failing.slice(0, NAMED).map((check) => check.name).join(", ");
  const more = failing.length > NAMED ? ` and ${failing.length - NAMED} more` : "";
  return `${failing.length} of ${count(checks.length, "check")} ${failing.length === 1 ? "needs" : "need"} attention: ${names}${more}.`;
}

function countView({ name }) {
  const figure = el("b");
  const node = el("li", { "data-status": name }, icon(name), figure, ` ${name}`);
  return { node, update: ({ amount }) => setText(figure, String(amount)) };
}

function segment() {
  const node = el("span");
  return {
    node,
    update(check) {
      setAttribute(node, "data-status", known(check.status));
      setAttribute(node, "title", `${check.name}: ${check.status}`);
    },
  };
}
