/** Numbers, units and times as people read them. */

const NBSP = "\u00a0";
const NOTHING = "\u2013";
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const calendar = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });

/** Three significant digits with a steady width: 125, 12.5, 1.25. */
function short(value) {
  const size = Math.abs(value);
  if (size >= 99.95) return grouped.format(value);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

function scaled(value, steps, factor) {
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= factor * 0.9995 && step < steps.length - 1) {
    rest /= factor;
    step += 1;
  }
  return [step === 0 ? precise.format(Math.round(rest)) : short(rest), steps[step]];
}

function binary(value) {
  return scaled(value, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024);
}

function time(value) {
  const size = Math.abs(value);
  if (size === 0) return ["0", "s"];
  if (size < 1e-6) return [short(value * 1e9), "ns"];
  if (size < 1e-3) return [short(value * 1e6), "µs"];
  if (size < 1) return [short(value * 1e3), "ms"];
  if (size < MINUTE) return [short(value), "s"];
  return [span(value), ""];
}

/** Each unit a tile or a metric may have, to a number and the unit's sign. */
const UNITS = {
  percent: (value) => [value > 0 && value < 0.005 ? "<0.01" : short(value), "%"],
  bytes: binary,
  bytes_per_second: (value) => [binary(value)[0], `${binary(value)[1]}/s`],
  load: (value) => [short(value), ""],
  seconds: time,
  celsius: (value) => [short(value), "°C"],
  megabytes_per_second: (value) => [short(value), "MB/s"],
};

/**
 * A quantity as number and sign, for setting them apart.
 * @param {?number} value
 * @param {string} unit One of the units of the event stream; others print as a bare number.
 * @returns {[string, string]}
 */
export function parts(value, unit) {
  if (!Number.isFinite(value)) return [value === null || value === undefined ? NOTHING : String(value), ""];
  return Object.hasOwn(UNITS, unit) ? UNITS[unit](value) : [number(value), ""];
}

/** A quantity as one text: `12.5%`, `1.25 GiB`. */
export function quantity(value, unit) {
  const [figure, sign] = parts(value, unit);
  if (sign === "") return figure;
  return sign === "%" ? figure + sign : figure + NBSP + sign;
}

/** A plain number, grouped, to six significant digits; whole numbers in full. */
export function number(value) {
  if (!Number.isFinite(value)) return value === null || value === undefined ? NOTHING : String(value);
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(3);
  return Number.isInteger(value) ? grouped.format(value) : precise.format(value);
}

/** A count and its noun: `1 check`, `3 checks`. */
export function count(amount, noun) {
  return `${number(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

/** A length of time in whole units, two at most: `3 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (large, largeName, small, smallName) =>
    small === 0 ? `${grouped.format(large)}${NBSP}${largeName}` : `${grouped.format(large)}${NBSP}${largeName} ${small}${NBSP}${smallName}`;
  if (whole < MINUTE) return `${whole}${NBSP}s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}${NBSP}min`;
  if (whole < DAY) return two(Math.floor(whole / HOUR), "h", Math.floor((whole % HOUR) / MINUTE), "min");
  return two(Math.floor(whole / DAY), "d", Math.floor((whole % DAY) / HOUR), "h");
}

/** A point in time (milliseconds since 1970) as the reader's clock shows it. */
export function timeOfDay(milliseconds) {
  return clock.format(milliseconds);
}

/** The unit of a metric: its own, or the one that its name ends in. */
function unitOf({ name, unit }) {
  if (Object.hasOwn(UNITS, unit)) return unit;
  const base = name.replace(/_total$/, "");
  if (base.endsWith("_throughput_mbps")) return "megabytes_per_second";
  return base.match(/_(bytes|seconds|percent|celsius)$/)?.[1] ?? "";
}

/** The value of a metric from `/api/metrics`: a histogram's mean, a date for a gauge that holds one. */
export function metricValue(metric) {
  const { name, type, value } = metric;
  const isDate = type === "gauge" && /(^|_)(timestamp|time)_seconds$/.test(name) && value > 1e9;
  if (isDate) return calendar.format(value * 1000).replace(",", "");
  if (metric.count === undefined) return quantity(value, unitOf(metric));
  return metric.count === 0 ? "no values" : `${number(metric.count)} × ${quantity(value, unitOf(metric))}`;
}
