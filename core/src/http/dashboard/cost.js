/** What components cost: the share of one processor core that their calls take. */

/** Seconds over which the share is measured. */
const WINDOW = 30;

/**
 * Remembers each component's running total, to tell its present share from the share since the start.
 * The clock is the server's uptime: it steps back when the server restarts, and then the memory starts anew.
 */
export class CostMeter {
  #history = new Map();
  #uptime = 0;

  /** Begins a new event at the given uptime, in seconds. */
  advance(uptime) {
    if (uptime < this.#uptime) this.#history.clear();
    this.#uptime = uptime;
  }

  /**
   * The share of a core in per cent: over the last half minute, or since the start where less is known.
   * @param {string} key Identifies the component.
   * @param {number} total Seconds spent in its calls since the start.
   */
  share(key, total) {
    const samples = this.#history.get(key) ?? [];
    while (samples.length > 1 && samples[0].uptime < this.#uptime - WINDOW) samples.shift();
    if (samples.at(-1)?.uptime !== this.#uptime) samples.push({ uptime: this.#uptime, total });
    this.#history.set(key, samples);
    const first = samples[0];
    const elapsed = this.#uptime - first.uptime;
    if (elapsed < WINDOW / 3) return this.#uptime > 0 ? (100 * total) / this.#uptime : 0;
    return (100 * Math.max(0, total - first.total)) / elapsed;
  }
}
