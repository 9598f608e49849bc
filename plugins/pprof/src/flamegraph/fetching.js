/** Taking the profile: the wait, the ways it can fail, and trying again. */

import { byId } from "./dom.js";
import { readGraph } from "./tree.js";

/** Milliseconds between two steps of the bar. */
const STEP = 100;
/** Milliseconds for naming the functions, after which nothing more is waited for. */
const PATIENCE = 120_000;

const section = byId("taking");
const title = byId("taking-title");
const bar = byId("taking-bar");
const note = byId("taking-note");
const stop = byId("taking-stop");
const again = byId("taking-again");

/** The ways a profile did not come, with what to do about it. */
class Failure extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Takes a profile and shows how far it is.
 * @param {URLSearchParams} order As the page was asked.
 * @param {string} what Such as `a CPU profile`.
 * @returns {Promise<?Object>} The graph; null where it failed, which the page then says.
 */
export async function take(order, what) {
  const seconds = Number(order.get("seconds"));
  const canceller = new AbortController();
  const begun = performance.now();
  const clock = setInterval(() => showProgress(what, seconds, (performance.now() - begun) / 1000), STEP);
  const limit = setTimeout(() => canceller.abort(), seconds * 1000 + PATIENCE);
  let stopped = false;
  stop.onclick = () => {
    stopped = true;
    canceller.abort();
  };
  showProgress(what, seconds, 0);
  show("taking");
  try {
    const query = new URLSearchParams(order);
    query.set("format", "json");
    const response = await fetch(`/debug/pprof/flamegraph?${query}`, { signal: canceller.signal });
    if (!response.ok) throw await refusal(response);
    const graph = readGraph(await response.json());
    section.hidden = true;
    return graph;
  } catch (error) {
    fail(stopped ? new Failure("You have stopped it", "") : error);
    return null;
  } finally {
    clearInterval(clock);
    clearTimeout(limit);
  }
}

/** Calls back when the reader wants to try again. */
export function onAgain(retry) {
  again.addEventListener("click", retry);
}

function showProgress(what, seconds, elapsed) {
  if (elapsed < seconds) {
    title.textContent = `Taking ${what}`;
    bar.max = seconds;
    bar.value = elapsed;
    note.textContent = `${Math.floor(elapsed)} of ${seconds} seconds`;
    return;
  }
  title.textContent = seconds > 0 ? "Finding the names of the functions" : `Taking ${what}`;
  bar.removeAttribute("value");
  note.textContent = "This takes some seconds the first time.";
}

/** What the server says of its refusal, or else its status. */
async function refusal(response) {
  const said = await response.json().catch(() => ({}));
  if (said.error) return new Failure(said.error, said.remedy ?? "");
  return new Failure(`The server answered ${response.status} ${response.statusText}`, "");
}

function fail(error) {
  const unreachable = error instanceof TypeError;
  title.textContent = unreachable ? "The server does not answer" : capital(error.message);
  note.textContent = unreachable ? "Is gaxx-mon running?" : capital(error.remedy ?? "");
  show("failed");
}

function show(state) {
  section.hidden = false;
  section.dataset.state = state;
  bar.hidden = state === "failed";
  stop.hidden = state === "failed";
  again.hidden = state !== "failed";
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
