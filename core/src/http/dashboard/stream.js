/** The event stream: connects, notices silence, and connects again for as long as the page is open. */

/** Milliseconds without an event after which the values on the page are called stale. */
const STALE_AFTER = 6000;
/** Milliseconds of silence after which an open connection is given up: its peer may be gone without a word. */
const GIVE_UP_AFTER = 15000;
/** Milliseconds between two looks at the clock. */
const LOOK_EVERY = 500;
/** Milliseconds before each attempt to connect again; the last one repeats. */
const RETRY_DELAYS = [500, 1000, 2000, 3000];

/**
 * What the page knows of its connection.
 * @typedef {object} Connection
 * @property {"connecting"|"live"|"stale"|"reconnecting"} state
 * @property {?number} lastEvent When the last event came, in milliseconds since 1970.
 */

/**
 * Follows the stream at `url`.
 *
 * The browser's EventSource tries again after some failures and gives up after others (a refused status, a wrong
 * content type), so every failure is handled here, in one way.
 * @param {string} url
 * @param {(state: object) => void} onState Called with each event's content.
 * @param {(connection: Connection) => void} onConnection Called twice a second, and at each change.
 */
export function follow(url, onState, onConnection) {
  let source = null;
  let lost = false;
  let failures = 0;
  let opened = 0;
  let lastEvent = null;

  function connect() {
    opened = Date.now();
    source = new EventSource(url);
    source.addEventListener("state", receive);
    source.addEventListener("error", retry);
  }

  function receive(event) {
    const state = JSON.parse(event.data);
    lastEvent = Date.now();
    lost = false;
    failures = 0;
    report();
    onState(state);
  }

  function retry() {
    source.close();
    lost = true;
    setTimeout(connect, RETRY_DELAYS[Math.min(failures, RETRY_DELAYS.length - 1)]);
    failures += 1;
    report();
  }

  function look() {
    const silence = Date.now() - Math.max(lastEvent ?? 0, opened);
    if (silence > GIVE_UP_AFTER && source.readyState !== EventSource.CLOSED) retry();
    else report();
  }

  function report() {
    onConnection({ state: connectionState(), lastEvent });
  }

  function connectionState() {
    if (lost) return "reconnecting";
    if (lastEvent === null) return "connecting";
    return Date.now() - lastEvent > STALE_AFTER ? "stale" : "live";
  }

  connect();
  setInterval(look, LOOK_EVERY);
}
