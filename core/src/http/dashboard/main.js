/** Puts the page together: one stream of events, each part shown by its own module. */

import { countAges, showChecks } from "./checks.js";
import { beat, showConnection } from "./connection.js";
import { setText } from "./dom.js";
import { span } from "./format.js";
import { showHealth } from "./health.js";
import { startMetrics } from "./metrics.js";
import { showPlugins } from "./plugins.js";
import { follow } from "./stream.js";
import { showTabConnection, showTabHealth } from "./tab.js";
import { showTiles } from "./tiles.js";

/** The last event, and how far the server's clock is ahead of ours, in milliseconds. */
let latest = null;
let clockOffset = 0;

function receive(state) {
  latest = state;
  clockOffset = Date.parse(state.now) - Date.now();
  showTabHealth(state);
  show();
}

/** Draws the last event; a page in the background draws when it comes to the front. */
function show() {
  if (latest === null || document.hidden) return;
  const now = Date.parse(latest.now);
  showIdentity(latest);
  showHealth(latest.health);
  showTiles(latest.tiles, now / 1000);
  showChecks(latest.health.checks, now);
  showPlugins(latest.plugins, latest.uptime_seconds);
  beat();
}

function showIdentity({ host, role, listeners, version, uptime_seconds: uptime }) {
  setText(document.querySelector("#host"), host);
  setText(document.querySelector("#role"), role);
  setText(document.querySelector("#listeners"), listeners.map(({ name, port }) => `${name} ${port}`).join(", "));
  setText(document.querySelector("#version"), `v${version}`);
  setText(document.querySelector("#uptime"), `up ${span(uptime)}`);
}

follow("/api/events", receive, (connection) => {
  showConnection(connection);
  showTabConnection(connection);
});
setInterval(() => countAges(Date.now() + clockOffset), 1000);
document.addEventListener("visibilitychange", show);
startMetrics();
