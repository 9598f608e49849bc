/** The words, the order and the signs of the statuses of checks and plugins. */

/** Statuses of a check, worst first. */
export const STATUSES = ["unhealthy", "degraded", "unknown", "healthy"];

/** The status words as they stand on the page. */
export const WORDS = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy", unknown: "Unknown" };

/** How a plugin's or a component's state looks among the statuses. */
const LOOKS = { running: "healthy", degraded: "degraded", stuck: "unhealthy", failed: "unhealthy", disabled: "unknown" };

/** The status as which a state of a plugin or component is drawn. */
export function look(state) {
  return Object.hasOwn(LOOKS, state) ? LOOKS[state] : "unknown";
}

/** A status of this list; what the page does not know is `unknown`. */
export function known(status) {
  return STATUSES.includes(status) ? status : "unknown";
}

/** Compares two statuses, worst first. */
export function worstFirst(left, right) {
  return STATUSES.indexOf(left) - STATUSES.indexOf(right);
}
