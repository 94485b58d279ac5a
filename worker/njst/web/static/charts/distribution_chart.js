/** Percentiles over 1/(1-p) on a log axis: the tail is as wide as the rest. */

import { count, latency } from "../core/format.js";
import { highestOf } from "../data/hdr.js";
import { Chart } from "./chart.js";
import { logAxis } from "./log_axis.js";

const POINTS_PER_DECADE = 48;

/**
 * One line for each histogram. The point at x is the latency that all but one of x messages kept:
 * x = 100 is the 99th percentile.
 */
export class DistributionChart extends Chart {
  constructor(settings) {
    super({
      format: latency,
      xName: "Share of the messages",
      xFormat: share,
      options: () => options(),
      restAt: 2 * POINTS_PER_DECADE,
      ...settings,
    });
  }

  /** @param {{ key: string, name: string, color: string, histogram: any, dash?: boolean }[]} lines */
  show(lines) {
    const most = lines.reduce((total, line) => Math.max(total, line.histogram.total), 10);
    const steps = Math.ceil(Math.log10(most) * POINTS_PER_DECADE);
    const x = Array.from({ length: steps + 1 }, (_, i) => 10 ** (i / POINTS_PER_DECADE));
    this.set(x, lines.map((line) => ({ ...line, values: quantiles(line.histogram, x) })));
  }
}

/** Return the words of a point: which share, and how many in a million are slower. */
function share(x) {
  const percent = (1 - 1 / x) * 100;
  const places = Math.max(0, Math.ceil(Math.log10(x)) - 1);
  return `${percent.toFixed(Math.min(places + 1, 6)).replace(/0+$/, "").replace(/\.$/, "")} % \u00b7 1 of ${count(x)} is slower`;
}

/** Return the latency at each x; null behind the last message. */
function quantiles({ slots, counts, total }, x) {
  let slot = -1;
  let seen = 0;
  return x.map((one) => {
    if (one > total) return null;
    const rank = Math.max(1, Math.ceil(total * (1 - 1 / one) - 1e-9));
    while (seen < rank && slot < slots.length - 1) seen += counts[++slot];
    return slot < 0 ? null : highestOf(slots[slot]);
  });
}

function options() {
  return {
    scales: {
      x: { time: false, distr: 3, range: (_u, _min, max) => [1, Math.max(max ?? 10, 10)] },
      y: { distr: 3, range: (_u, min, max) => (min == null ? [1, 1000] : [min / 1.25, max * 1.25]) },
    },
    axes: [
      {
        // A mark at the very end would have no room for its words.
        splits: (_u, _axis, _min, max) => Array.from({ length: 10 }, (_, i) => 10 ** i).filter((x) => x < max / 1.5),
        values: (_u, splits) => splits.map((x) => (x == null ? "" : axisShare(x))),
        space: 40,
      },
      logAxis(latency),
    ],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
  };
}

/** Return the share at a power of ten: 0 %, 90 %, 99 %, 99.9 %. */
function axisShare(x) {
  const nines = Math.round(Math.log10(x));
  if (nines < 2) return nines ? "90 %" : "0 %";
  return `99${nines > 2 ? `.${"9".repeat(nines - 2)}` : ""} %`;
}
