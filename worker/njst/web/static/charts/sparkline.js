/** A line of the size of a word. */

import { svg } from "../core/dom.js";

const WIDTH = 96;
const HEIGHT = 22;

/**
 * Return a sparkline from 0 to the highest value; null where there are fewer than two values.
 * @param {(number | null)[]} values
 * @param {string} label What it shows, for screen readers.
 */
export function sparkline(values, label, logarithmic = false) {
  if (values.filter((value) => value != null).length < 2) return null;
  const scaled = values.map((value) => (value == null ? null : logarithmic ? Math.log10(Math.max(value, 1)) : value));
  const known = scaled.filter((value) => value != null);
  const low = logarithmic ? Math.min(...known) - 0.05 : 0;
  const high = Math.max(...known, low + 1e-9);
  const place = (value, i) => {
    const x = (i / (values.length - 1)) * (WIDTH - 2) + 1;
    const y = HEIGHT - 2 - ((value - low) / (high - low)) * (HEIGHT - 4);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  let line = "";
  let pen = "M";
  scaled.forEach((value, i) => {
    if (value === null) pen = "M";
    else {
      line += `${pen}${place(value, i)}`;
      pen = "L";
    }
  });
  return svg(
    "svg",
    { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": label },
    svg("path", { d: line }),
  );
}
