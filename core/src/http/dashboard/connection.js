/** Shows the state of the connection: the pill in the header, the banner, and values dimmed while they are old. */

import { setAttribute, setText } from "./dom.js";
import { span, timeOfDay } from "./format.js";

const WORDS = { connecting: "Connecting…", live: "Live", stale: "Stale", reconnecting: "Reconnecting…" };

const pill = document.querySelector("#connection");
const dot = pill.querySelector(".beat");
const word = pill.querySelector(".word");
const banner = document.querySelector("#banner");
const text = document.querySelector("#banner-text");
const age = document.querySelector("#banner-age");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {import("./stream.js").Connection} connection */
export function showConnection({ state, lastEvent }) {
  setAttribute(pill, "data-state", state);
  setText(word, WORDS[state]);
  setAttribute(document.body, "data-connection", state);

  const silent = state === "stale" || state === "reconnecting";
  banner.hidden = !silent;
  if (!silent) return;
  setText(text, state === "stale" ? "The server has gone quiet." : "The connection is lost; reconnecting…");
  setText(age, lastEvent === null
    ? "Nothing received yet."
    : `Values are from ${timeOfDay(lastEvent)}, ${span((Date.now() - lastEvent) / 1000)} ago.`);
}

/** A short sign of life at each event: a ring that leaves the dot. */
export function beat() {
  if (calm.matches) return;
  const ring = [{ transform: "scale(1)", opacity: 0.6 }, { transform: "scale(2.6)", opacity: 0 }];
  dot.animate(ring, { duration: 1200, easing: "ease-out", pseudoElement: "::after" });
}
