/** Time x latency: how many messages of each window had which latency. */

import { highestOf } from "../data/hdr.js";
import { color } from "./palette.js";

/** Rows of a factor of two; HDR slots are finer. */
const ROWS_PER_OCTAVE = 5;

/** Return the row of a latency. */
function rowOf(us) {
  return Math.floor(Math.log2(Math.max(us, 1)) * ROWS_PER_OCTAVE);
}

/** Return the lowest latency of a row, in us. */
function lowestOf(row) {
  return 2 ** (row / ROWS_PER_OCTAVE);
}

/** The cells of the windows, drawn as one picture that the chart stretches. */
export class HeatMap {
  constructor() {
    this.columns = [];
    this.low = 0;
    this.high = 0;
    this.most = 0;
    this.picture = document.createElement("canvas");
    this.stale = true;
  }

  /**
   * Take the histograms of the windows; null where a window has none.
   * @param {(import("../data/hdr.js").Histogram | null)[]} histograms
   */
  set(histograms) {
    this.columns = histograms.map((one) => (one === null ? null : cells(one)));
    const rows = this.columns.flatMap((column) => (column ? [...column.keys()] : []));
    this.low = rows.reduce((a, b) => Math.min(a, b), Infinity);
    this.high = rows.reduce((a, b) => Math.max(a, b), -Infinity);
    this.most = this.columns.reduce((a, column) => Math.max(a, ...(column?.values() ?? [0])), 0);
    this.stale = true;
  }

  /** The range of the axis in us; null where there is nothing. */
  range() {
    return this.most ? [lowestOf(this.low), lowestOf(this.high + 1)] : null;
  }

  /** Return how many messages of a window had a latency like this one, with its bounds. */
  cell(index, us) {
    const row = rowOf(us);
    return { from: lowestOf(row), to: lowestOf(row + 1), messages: this.columns[index]?.get(row) ?? 0 };
  }

  /** Draw the cells below the axes. */
  draw(u, width) {
    if (!this.most) return;
    const key = color("--heat-high") + color("--heat-low");
    if (this.stale || this.key !== key) this.paint(key);
    const left = u.valToPos(0, "x", true);
    const right = u.valToPos(this.columns.length * width, "x", true);
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.picture, left, bbox.top, right - left, bbox.height);
    ctx.restore();
  }

  paint(key) {
    const width = this.columns.length;
    const height = this.high - this.low + 1;
    this.picture.width = width;
    this.picture.height = height;
    const context = this.picture.getContext("2d");
    const image = context.createImageData(width, height);
    const shades = ramp(color("--heat-low"), color("--heat-high"));
    this.columns.forEach((column, x) => {
      for (const [row, messages] of column ?? []) {
        const shade = shades[Math.round((Math.log1p(messages) / Math.log1p(this.most)) * 255)];
        image.data.set(shade, ((this.high - row) * width + x) * 4);
      }
    });
    context.putImageData(image, 0, 0);
    this.stale = false;
    this.key = key;
  }
}

function cells(histogram) {
  const column = new Map();
  histogram.slots.forEach((slot, i) => {
    const row = rowOf(highestOf(slot));
    column.set(row, (column.get(row) ?? 0) + histogram.counts[i]);
  });
  return column;
}

/** Return 256 colours from one to another one. */
function ramp(low, high) {
  const [a, b] = [low, high].map((text) => text.match(/[\d.]+/g).map(Number));
  return Array.from({ length: 256 }, (_, i) => [0, 1, 2].map((c) => Math.round(a[c] + ((b[c] - a[c]) * i) / 255)).concat(255));
}
