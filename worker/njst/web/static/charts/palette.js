/** Colours of the charts: the canvas gets what the style sheet says in the theme of the moment. */

import { onChange } from "../core/theme.js";

const cache = new Map();
let probe = null;

/** Return the colour of a variable of the style sheet, for example "--p99". */
export function color(name) {
  if (!cache.has(name)) {
    if (probe === null) {
      probe = document.createElement("span");
      probe.hidden = true;
      document.body.append(probe);
      onChange(() => cache.clear());
    }
    probe.style.color = `var(${name})`;
    cache.set(name, getComputedStyle(probe).color);
  }
  return cache.get(name);
}

/** Return the variable with the colour of a workload: the eighth and the ninth look different again. */
export function workloadColor(index) {
  return `--series-${(index % 8) + 1}`;
}

/** Return a colour with an opacity. */
export function faded(name, opacity) {
  return color(name).replace(/^rgba?\(([^,]+),([^,]+),([^,)]+).*$/, `rgba($1,$2,$3,${opacity})`);
}
