/** Histograms of the windows of a job, each decoded once. */

import { decode, merge } from "./hdr.js";

/** Decodes texts; the same text is decoded once. */
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

  /** Return the sum of the histograms of some texts. */
  async sum(texts) {
    return texts.length === 1 ? this.decode(texts[0]) : merge(await Promise.all(texts.map((text) => this.decode(text))));
  }
}

/**
 * The histograms of a course. They are asked for apart from it and less often, and their windows may
 * be shorter than its windows: those of the last ten minutes are of one second.
 */
export class WindowHistograms {
  constructor() {
    this.version = 0;
    this.until = 0;
    this.cache = new HistogramCache();
    /** By workload, and by the second at which the window begins. @type {Map<string, Map<number, Record<string, string>>>} */
    this.workloads = new Map();
  }

  /** Forget all: the windows of a course have become longer. */
  clear() {
    this.until = 0;
    this.workloads.clear();
    this.cache = new HistogramCache();
  }

  /** Take the histograms of a document of the series, or of the course of a report. */
  take(series) {
    for (const { workload, windows } of series.workloads ?? []) {
      const known = this.workloads.get(workload) ?? new Map();
      this.workloads.set(workload, known);
      for (const window of windows) if (window.histograms) known.set(window.atSeconds, window.histograms);
    }
    this.until = Math.max(this.until, series.untilSeconds ?? 0);
    this.version += 1;
  }

  /** Whether a workload has histograms of a latency. */
  has(workload, kind) {
    for (const one of this.workloads.get(workload)?.values() ?? []) if (one[kind]) return true;
    return false;
  }

  /** Return one histogram for each window of a course; null where there is none. */
  column(course, workload, kind) {
    const texts = Array.from({ length: course.length }, () => []);
    for (const [at, one] of this.workloads.get(workload) ?? []) {
      if (one[kind]) texts[Math.floor(at / course.width)]?.push(one[kind]);
    }
    return Promise.all(texts.map((some) => (some.length ? this.cache.sum(some) : null)));
  }

  /** Return the sum over the windows in a range of time; null is everything. */
  async sum(course, workload, kind, range) {
    const all = await this.column(course, workload, kind);
    const within = (one, i) => one && (!range || ((i + 1) * course.width > range[0] && i * course.width < range[1]));
    return merge(all.filter(within));
  }
}
