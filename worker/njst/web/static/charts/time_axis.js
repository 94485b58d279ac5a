/** What the charts of a page share: the range of time, the cursor, and marks in time. */

let axes = 0;

/** The time axis of a page. `bands` and `ticks` are drawn by every chart. */
export class TimeAxis {
  /** @param {[number, number] | null} range @param {(range: [number, number] | null) => void} onRange */
  constructor(range, onRange) {
    this.range = range;
    this.onRange = onRange;
    this.key = `time-${axes++}`;
    this.end = 1;
    /** @type {{ from: number, to: number, color: string }[]} */
    this.bands = [];
    /** @type {{ at: number, color: string }[]} */
    this.ticks = [];
    this.charts = new Set();
  }

  /** Return the range to show, in seconds. */
  get shown() {
    return this.range ?? [0, Math.max(this.end, 1)];
  }

  /** Show another range in all charts; null is everything. */
  zoom(range) {
    const next = range && range[1] - range[0] >= 0.5 ? [Math.max(0, range[0]), range[1]] : null;
    if (String(next) === String(this.range)) return;
    this.range = next;
    for (const chart of this.charts) chart.rescale();
    this.onRange(next);
  }

  /** Show half or twice as much around the middle. */
  scale(factor) {
    const [from, to] = this.shown;
    const middle = (from + to) / 2;
    const half = ((to - from) / 2) * factor;
    this.zoom(half * 2 >= this.end ? null : [Math.max(0, middle - half), Math.min(this.end, middle + half)]);
  }
}

/** Return the range of an address, `12-30`; null for anything else. */
export function rangeOf(text) {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  return match && Number(match[2]) > Number(match[1]) ? [Number(match[1]), Number(match[2])] : null;
}

/** Return a range as it stands in the address. */
export function rangeText(range) {
  return range ? range.map((one) => Number(one.toFixed(1))).join("-") : null;
}
