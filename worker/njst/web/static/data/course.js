/** The course of a job: windows of its workloads, as the API tells them, ready to be drawn. */

export const LATENCIES = [
  { key: "latency", field: "latencyMicroseconds", name: "Latency" },
  { key: "service", field: "serviceMicroseconds", name: "Service time" },
  { key: "slip", field: "slipMicroseconds", name: "Send lag" },
  { key: "stored", field: "storedMicroseconds", name: "To the store" },
  { key: "delivered", field: "deliveredMicroseconds", name: "From the store" },
];

export const PERCENTILES = [
  { key: "p50", name: "p50" },
  { key: "p90", name: "p90" },
  { key: "p99", name: "p99" },
  { key: "p999", name: "p99.9" },
  { key: "max", name: "max" },
];

/** Windows of one width, from the common start; `version` grows with each change. */
export class Course {
  constructor() {
    this.version = 0;
    this.width = 1;
    this.until = 0;
    this.ended = false;
    this.omitted = "";
    /** @type {Map<string, { kind: string, windows: Map<number, any> }>} */
    this.workloads = new Map();
    this.workers = [];
    this.events = [];
    this.eventsOmitted = 0;
  }

  /** Take a whole document of the series. */
  replace(series) {
    this.width = series.windowSeconds || 1;
    this.workloads.clear();
    this.until = 0;
    this.events = [];
    this.add(series);
  }

  /** Take the windows that a message adds. */
  add(series) {
    if (series.windowSeconds && series.windowSeconds !== this.width) return;
    for (const { workload, kind, windows } of series.workloads ?? []) {
      const known = this.workloads.get(workload) ?? { kind, windows: new Map() };
      this.workloads.set(workload, known);
      for (const window of windows) {
        known.windows.set(Math.round(window.atSeconds / this.width), window);
        this.until = Math.max(this.until, window.atSeconds + this.width);
      }
    }
    this.until = Math.max(this.until, series.untilSeconds ?? 0);
    this.ended = series.ended ?? this.ended;
    this.omitted = series.omitted || this.omitted;
    this.eventsOmitted = series.eventsOmitted ?? this.eventsOmitted;
    if (series.workers?.length) this.workers = series.workers;
    if (series.events) for (const event of series.events) this.addEvent(event);
    this.version += 1;
  }

  /** Take one event; one that is known already is not taken twice. */
  addEvent(event) {
    const same = (one) => one.time === event.time && one.type === event.type && one.worker === event.worker && one.workload === event.workload;
    if (this.events.some(same)) return;
    this.events.push(event);
    this.events.sort((a, b) => (a.atMilliseconds ?? -1e15) - (b.atMilliseconds ?? -1e15));
    this.version += 1;
  }

  /** Return the number of windows. */
  get length() {
    return Math.round(this.until / this.width);
  }

  /** Return the starts of all windows, in seconds. */
  times() {
    return Array.from({ length: this.length }, (_, i) => i * this.width);
  }

  /** Return one value of each window of a workload; null where `read` finds none. */
  column(workload, read) {
    const windows = this.workloads.get(workload)?.windows;
    return Array.from({ length: this.length }, (_, i) => {
      const window = windows?.get(i);
      return window === undefined ? null : (read(window) ?? null);
    });
  }

  /** Return the last window of a workload. */
  last(workload) {
    return this.workloads.get(workload)?.windows.get(this.length - 1) ?? null;
  }

  /** Whether any window of a workload has a value. */
  has(workload, read) {
    for (const window of this.workloads.get(workload)?.windows.values() ?? []) {
      if (read(window) != null) return true;
    }
    return false;
  }
}

/** Return the course that a report has; null where it has none. */
export function courseOfReport(report) {
  const course = new Course();
  if (report.course) {
    course.replace({ ...report.course, ended: true, events: report.events, eventsOmitted: report.eventsOmitted });
    return course;
  }
  const known = (report.workloads ?? []).filter((one) => one.series?.windows?.length);
  if (!known.length && !report.events?.length) return null;
  course.replace({
    windowSeconds: known[0]?.series.windowSeconds ?? 1,
    ended: true,
    workloads: known.map(ofSeries),
    events: report.events,
  });
  return course;
}

/** Return the windows of a series, which older workers write: its errors have no classes. */
function ofSeries({ workload, kind, series }) {
  const windows = series.windows.map((window, i) => ({ ...window, atSeconds: i * series.windowSeconds }));
  return { workload, kind, windows };
}

/** Return how many errors a window has. */
export function errorCount(window) {
  if (typeof window.errors === "number") return window.errors;
  return (window.errors ?? []).reduce((sum, one) => sum + one.count, 0);
}
