/** What the browser's tab says: title and icon follow the health, also while the page is in the background. */

import { setAttribute } from "./dom.js";
import { known, WORDS } from "./status.js";

const favicon = document.querySelector("#favicon");

/** Colour, outline and mark of the icon, in a square of 16: the shape differs as well as the colour. */
const SIGNS = {
  healthy: ["#1f9d55", "<circle cx='8' cy='8' r='8'/>", "M4.5 8.4l2.4 2.4 4.6-5"],
  degraded: ["#d98e04", "<path d='M8 .5 16 15.5H0Z'/>", "M8 6v4.2M8 12.8v.1"],
  unhealthy: ["#d63031", "<path d='M5 0h6l5 5v6l-5 5H5l-5-5V5Z'/>", "M5.2 5.2l5.6 5.6m0-5.6-5.6 5.6"],
  unknown: ["#7b8494", "<circle cx='8' cy='8' r='8'/>", "M4.5 8h.1M8 8h.1M11.5 8h.1"],
};

let status = "unknown";
let host = "";
let live = false;

/** Shows the health of an event. */
export function showTabHealth(state) {
  status = known(state.health.status);
  host = state.host;
  show();
}

/** Shows whether what the tab says is still true. */
export function showTabConnection(connection) {
  const now = connection.state === "live";
  if (now === live) return;
  live = now;
  show();
}

function show() {
  const [colour, outline, mark] = SIGNS[live ? status : "unknown"];
  const image = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><g fill='${colour}'>${outline}</g>`
    + `<path d='${mark}' fill='none' stroke='#fff' stroke-width='2' stroke-linecap='round'/></svg>`;
  setAttribute(favicon, "href", `data:image/svg+xml,${encodeURIComponent(image)}`);
  const word = live ? WORDS[status] : "No data";
  document.title = [word, host, "gaxx-mon"].filter(Boolean).join(" · ");
}
