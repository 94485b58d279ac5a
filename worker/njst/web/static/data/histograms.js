/** Decoded histograms of windows, each decoded once. */

import { decode, merge } from "./hdr.js";

export class HistogramCache {
  constructor() {
    /** @type {Map<string, Promise<import("./hdr.js").Histogram>>} */
    this.known = new Map();
  }

  /** Return the histogram of a text. */
  decode(text) {
    if (!this.known.has(text)) this.known.set(text, decode(text));
    return this.known.get(text);
  }

  /** Return the histograms of all windows of a workload; null where there is none. */
  column(course, workload, kind) {
    return Promise.all(
      course.column(workload, (window) => window.histograms?.[kind]).map((text) => (text ? this.decode(text) : null)),
    );
  }

  /** Return the sum over the windows in a range of time; null is everything. */
  async sum(course, workload, kind, range) {
    const all = await this.column(course, workload, kind);
    const within = (one, i) => one && (!range || ((i + 1) * course.width > range[0] && i * course.width < range[1]));
    return merge(all.filter(within));
  }
}
