/** The list of checks, worst first: status, name, message and a running age; details on demand. */

import { el, icon, mirror, setAttribute, setIcon, setText } from "./dom.js";
import { count, quantity, span } from "./format.js";
import { pastView } from "./past.js";
import { known, WORDS, worstFirst } from "./status.js";

const list = document.querySelector("#checks");
const empty = document.querySelector("#checks-empty");
const note = document.querySelector("#checks-note");

/** Elements that show an age, with the moment they count from. */
const ages = new Map();

/**
 * @param {object[]} checks
 * @param {number} now The server's clock, in milliseconds since 1970.
 */
export function showChecks(checks, now) {
  const sorted = checks.toSorted((left, right) =>
    worstFirst(known(left.status), known(right.status)) || (left.name < right.name ? -1 : 1));
  ages.clear();
  mirror(list, sorted, (check) => check.name, checkView);
  countAges(now);
  empty.hidden = checks.length > 0;
  setText(note, checks.length > 0 ? count(checks.length, "check") : "");
}

/** Brings every age up to date. @param {number} now The server's clock, in milliseconds since 1970. */
export function countAges(now) {
  for (const [node, since] of ages) {
    const age = (now - since) / 1000;
    setText(node, age < 1 ? "just now" : `${span(age)} ago`);
  }
}

function checkView() {
  const sign = icon("unknown");
  const word = el("span", { class: "word" });
  const name = el("span", { class: "name" });
  const message = el("span", { class: "message" });
  const age = el("span");
  const facts = el("dl", { class: "facts" });
  const past = pastView();
  const details = el("details", {},
    el("summary", {}, sign, el("span", { class: "text" }, el("span", { class: "head" }, name, word), message),
      el("span", { class: "age" }, el("span", { class: "unseen" }, "checked "), age)), facts, past.node);
  const node = el("li", {}, details);
  details.addEventListener("toggle", () => past.show(details.open));
  return {
    node,
    update(check) {
      const status = known(check.status);
      setAttribute(node, "data-check", check.name);
      setAttribute(node, "data-status", status);
      setIcon(sign, status);
      setText(word, check.silenced ? `${WORDS[status]}, silenced` : WORDS[status]);
      setText(name, check.name);
      setText(message, check.message ?? "");
      const since = Date.parse(check.last_checked);
      if (Number.isNaN(since)) setText(age, "never");
      else ages.set(age, since);
      setAttribute(node, "data-silenced", check.silenced ? "" : null);
      mirror(facts, factsOf(check), ([key]) => key, factView);
      past.update(check);
    },
  };
}

/** What the opened row lists: the check's own details, then what the run cost. */
function factsOf(check) {
  const own = Object.entries(check.details ?? {});
  if (check.since) own.push([`${check.status} since`, check.since]);
  if (check.severity) own.push(["severity", check.severity]);
  if (check.tags) own.push(["tags", check.tags.join(", ")]);
  return [...own, ["last checked", check.last_checked ?? "never"], ["took", quantity(check.duration, "seconds")]];
}

function factView([key]) {
  const value = el("dd");
  const node = el("div", {}, el("dt", {}, key), value);
  return { node, update: ([, fact]) => setText(value, typeof fact === "string" ? fact : JSON.stringify(fact)) };
}
