/** Numbers with their units, as docs/numbers.md names them. */

const SPACE = "\u202f";
const DASH = "\u2013";

/** A whole number with its thousands apart: 56 000. */
export function count(number) {
  if (number == null) return DASH;
  return String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, SPACE);
}

/** A large number in three digits: 12.3 k. For axes and tiles; tables have the exact one. */
export function short(number) {
  if (number == null) return DASH;
  for (const [limit, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(number) >= limit * 0.9995) return digits(number / limit) + SPACE + unit;
  }
  return digits(number);
}

/** Three significant digits. */
export function digits(number) {
  const size = Math.abs(number);
  if (size >= 100 || Number.isInteger(number)) return String(Math.round(number));
  return String(Number(number.toFixed(size >= 10 ? 1 : 2)));
}

/** Messages in a second. */
export function rate(perSecond) {
  return perSecond == null ? DASH : `${short(perSecond)}/s`;
}

/** Bytes, in powers of 1000. */
export function bytes(number) {
  return number == null ? DASH : `${short(number)}${number >= 999.5 ? "" : SPACE}B`;
}

/** A latency: 642 µs, 59.3 ms, 2.1 s. */
export function latency(us) {
  if (us == null) return DASH;
  if (us < 1000) return `${Math.round(us)}${SPACE}µs`;
  if (us < 999_500) return `${digits(us / 1000)}${SPACE}ms`;
  return `${digits(us / 1e6)}${SPACE}s`;
}

/** A length of time: 45 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds) {
  if (seconds == null) return DASH;
  if (seconds < 10 && !Number.isInteger(seconds)) return `${digits(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 172_800) return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return pair(Math.floor(whole / 86_400), "d", Math.floor((whole % 86_400) / 3600), "h");
}

function pair(large, largeUnit, small, smallUnit) {
  return `${large} ${largeUnit}${small ? ` ${small} ${smallUnit}` : ""}`;
}

/** A time after the common start, for axes: 0:45, 1:02:30. */
export function clock(seconds) {
  const sign = seconds < 0 ? "-" : "";
  const whole = Math.abs(Math.round(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const rest = two(whole % 60);
  return whole < 3600
    ? `${sign}${minutes}:${rest}`
    : `${sign}${Math.floor(whole / 3600)}:${two(minutes)}:${rest}`;
}

/** The same with tenths of a second: 0:45.3. */
export function clockTenths(ms) {
  const tenths = Math.round(Math.abs(ms) / 100);
  return `${ms < 0 && tenths ? "\u2212" : ""}${clock(Math.floor(tenths / 10))}.${tenths % 10}`;
}

/** A share in percent. */
export function percent(part, whole) {
  return whole ? `${digits((part / whole) * 100)}${SPACE}%` : DASH;
}

/** Two numbers as a change: +12.3 %. */
export function change(before, after) {
  return !before || after == null ? DASH : changeOf(after / before);
}

/** A ratio as a change: 1.123 is +12.3 %. */
export function changeOf(ratio) {
  if (ratio == null) return DASH;
  const parts = (ratio - 1) * 100;
  if (Math.abs(parts) < 0.05) return `0${SPACE}%`;
  return `${parts > 0 ? "+" : "\u2212"}${digits(Math.abs(parts))}${SPACE}%`;
}

/** A time of day with its date, in the zone of the reader. */
export function time(text) {
  if (!text) return DASH;
  const at = new Date(text);
  const two = (n) => String(n).padStart(2, "0");
  return (
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}` +
    ` ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  );
}

/** Words in CamelCase as a sentence: "ThresholdsFailed" is "Thresholds failed". */
export function words(name) {
  const apart = String(name ?? "").replace(/([a-z0-9])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
  return apart.charAt(0).toUpperCase() + apart.slice(1);
}

/** "1 worker", "3 workers". */
export function plural(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}
