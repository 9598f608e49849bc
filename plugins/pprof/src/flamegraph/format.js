/** Amounts, shares and names as people read them. */

const NBSP = "\u00a0";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Factor and sign of the steps of each unit, largest first. */
const STEPS = {
  nanoseconds: [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]],
  bytes: [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]],
};

/** An amount in a unit of the profile: `12.5 ms`, `1.25 MiB`; a bare number in any other unit. */
export function amount(value, unit) {
  const steps = STEPS[unit];
  if (steps === undefined || value === 0) return whole.format(value);
  const [factor, sign] = steps.find(([factor]) => value >= factor) ?? steps.at(-1);
  return `${short(value / factor, factor === 1)}${NBSP}${sign}`;
}

/** Three digits, with a steady width; none behind the point where there are no parts. */
function short(value, undivided) {
  if (undivided || value >= 99.95) return whole.format(value);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** A part of a whole in per cent. */
export function share(part, all) {
  if (all <= 0) return "0%";
  const percent = (100 * part) / all;
  if (percent > 0 && percent < 0.05) return "<0.1%";
  return `${percent.toFixed(percent >= 99.95 ? 0 : 1)}%`;
}

/** A count and its noun: `1 sample`, `3 samples`. */
export function count(number, noun) {
  return `${whole.format(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** The last two segments of every path in a function's name: `<a::b::C as d::e::F>::f` as `<b::C as e::F>::f`. */
export function shortName(name) {
  return name.replace(/(?:\w+::)+(?=\w+::\w)/g, "");
}

/** File and line, as far as they are known. */
export function place(file, line) {
  if (file === "") return "";
  return line > 0 ? `${file}:${line}` : file;
}
