/** A job: live while it runs, and the same afterwards and as a file. */

import { announce, h, setShown, setText } from "../core/dom.js";
import { remember, setting } from "../core/address.js";
import { ApiError, jobPath, request } from "../core/api.js";
import { follow } from "../core/live.js";
import { LATENCIES } from "../data/course.js";
import { WindowHistograms } from "../data/histograms.js";
import { JobModel } from "../data/model.js";
import { TimeAxis, rangeOf, rangeText } from "../charts/time_axis.js";
import { workloadColor } from "../charts/palette.js";
import { ratePanel } from "../panels/courses/rate.js";
import { latencyPanel } from "../panels/courses/latency.js";
import { errorsPanel } from "../panels/courses/errors.js";
import { heatPanel } from "../panels/courses/heat.js";
import { distributionPanel } from "../panels/courses/distribution.js";
import { backlogPanel } from "../panels/courses/backlog.js";
import { actions } from "../panels/facts/actions.js";
import { environmentPanel } from "../panels/facts/environment.js";
import { eventsPanel, toneOf } from "../panels/facts/events.js";
import { limitPanel } from "../panels/facts/limit.js";
import { readBackPanel } from "../panels/facts/read_back.js";
import { specPanel } from "../panels/facts/spec.js";
import { thresholdsPanel } from "../panels/facts/thresholds.js";
import { tilesPanel } from "../panels/facts/tiles.js";
import { verdictPanel } from "../panels/facts/verdict.js";
import { workersPanel } from "../panels/facts/workers.js";

/**
 * Two panels a row, in the order of reading. On a wide page those on the left and those on the right
 * are stacked on their own, so that a short one leaves no gap; a panel alone is as wide as the page.
 */
const ROWS = [
  [ratePanel, latencyPanel],
  [errorsPanel, backlogPanel],
  [heatPanel, distributionPanel],
  [thresholdsPanel, readBackPanel],
  [workersPanel],
  [limitPanel, eventsPanel],
  [specPanel, environmentPanel],
];
const CLOCK_MS = 1000;
const HISTOGRAMS_EVERY_S = 5;
const COLORS = { warn: "--warn", bad: "--bad" };

/** What the panels share; `origin` is null in a file. */
class JobPage {
  constructor(id, origin) {
    this.id = id;
    this.origin = origin;
    this.model = new JobModel(id);
    this.members = [];
    this.version = "";
    this.histograms = new WindowHistograms();
    this.axis = new TimeAxis(rangeOf(setting("zoom")), (range) => {
      remember("zoom", rangeText(range));
      this.refresh();
    });
    this.chosen = { workload: setting("workload"), latency: setting("latency") };
    this.head = actions(this);
    this.verdict = verdictPanel(this, this.head.element);
    const tiles = tilesPanel(this);
    const rows = ROWS.map((row) => row.map((make) => make(this)));
    this.panels = [this.verdict, tiles, ...rows.flat()];
    this.zoomed = h("button", { type: "button", class: "button zoomed", hidden: true, onclick: () => this.axis.zoom(null) }, "Show the whole time");
    this.trouble = h("p", { class: "notice", role: "status", hidden: true });
    this.element = h("div", { class: "job" }, this.trouble, this.verdict.element, tiles.element, grid(rows), this.zoomed);
    this.loading = h("p", { class: "loading" }, "Loading the job\u2026");
    this.element.hidden = true;
  }

  /** Remember a choice of the reader, and show it. */
  choose(name, value) {
    this.chosen[name] = value;
    remember(name, value);
    this.refresh();
  }

  /** Return the variable with the colour of a workload. */
  colorOf(name) {
    const index = (this.model.spec.workloads ?? []).findIndex((one) => one.name === name);
    return workloadColor(Math.max(index, 0));
  }

  /** Return the workload and the kind of latency to show, and what else there is; or null. */
  latencyChoice() {
    const { course } = this.model;
    const key = `${course.version} ${this.chosen.workload} ${this.chosen.latency}`;
    if (this.choiceKey !== key) {
      this.choiceKey = key;
      this.choiceNow = this.findChoice(course);
    }
    return this.choiceNow;
  }

  findChoice(course) {
    const kindsOf = (name) => LATENCIES.filter(({ field }) => course.has(name, (window) => window[field]));
    const workloads = [...course.workloads.keys()].filter((name) => kindsOf(name).length);
    if (!workloads.length) return null;
    const workload = workloads.includes(this.chosen.workload) ? this.chosen.workload : workloads[0];
    const kinds = kindsOf(workload);
    const kind = kinds.some((one) => one.key === this.chosen.latency) ? this.chosen.latency : kinds[0].key;
    return { workloads, workload, kinds, kind };
  }

  /** Take the final report. */
  takeReport(report) {
    this.model.takeReport(report);
    if (report.course) this.histograms.take(report.course);
  }

  /** Show what the model has. */
  refresh() {
    const { model, axis } = this;
    if (!model.loaded) return;
    this.element.hidden = false;
    this.loading.remove();
    axis.end = Math.max(model.course.until, 1);
    axis.bands = bandsOf(model, (name) => this.colorOf(name));
    axis.ticks = model.course.events
      .filter((one) => one.atMilliseconds != null && toneOf(one.type))
      .map((one) => ({ at: one.atMilliseconds / 1000, color: COLORS[toneOf(one.type)] }));
    this.head.update(model);
    for (const one of this.panels) one.update(model);
    setShown(this.zoomed, axis.range !== null);
    document.title = `${model.job.name || model.id} \u2013 njst`;
  }

  destroy() {
    for (const one of this.panels) one.destroy();
  }
}

function grid(rows) {
  const parts = [];
  let stacks = null;
  rows.flat().forEach((one, i) => (one.element.style.order = String(i)));
  for (const row of rows) {
    if (row.length === 1) {
      parts.push(row[0].element);
      stacks = null;
      continue;
    }
    if (stacks === null) {
      stacks = [h("div", { class: "stack" }), h("div", { class: "stack" })];
      for (const one of stacks) one.style.order = row[0].element.style.order;
      parts.push(...stacks);
    }
    row.forEach((one, i) => stacks[i].append(one.element));
  }
  return h("div", { class: "grid" }, parts);
}

/** The warm-up of each workload, as a band of its colour. */
function bandsOf(model, colorOf) {
  return (model.spec.workloads ?? []).flatMap((one) => {
    const result = model.workloads.find((other) => other.workload === one.name);
    if (!one.warmupSeconds || result?.startMs == null) return [];
    const from = result.startMs / 1000;
    return [{ from, to: from + one.warmupSeconds, color: colorOf(one.name) }];
  });
}

/** Return the page of a job of a report in one file. */
export function reportView(data) {
  const page = new JobPage(data.job.id, null);
  page.version = data.version;
  page.model.job = data.job;
  page.takeReport(data.report);
  page.refresh();
  return { element: page.element, destroy: () => page.destroy() };
}

/** Return the page of a job that this worker knows. */
export function jobView(id) {
  const page = new JobPage(id, new URL(".", location.href).href.replace(/\/$/, ""));
  const element = h("div", {}, page.loading, page.element);
  const feed = new JobFeed(page);
  feed.start();
  return {
    element,
    destroy: () => {
      feed.stop();
      page.destroy();
    },
  };
}

/** Keeps a page up to date: its events, and the final report. */
class JobFeed {
  constructor(page) {
    this.page = page;
    this.isLost = false;
    this.receivedAt = Date.now();
    this.stopFollowing = () => {};
    this.shownPhase = "";
  }

  async start() {
    const { page } = this;
    this.clock = setInterval(() => this.tick(), CLOCK_MS);
    try {
      page.model.job = await request(jobPath(page.id));
    } catch (error) {
      this.refused(error);
      return;
    }
    this.loadMembers();
    if (page.model.ended) await this.finish();
    else this.stopFollowing = follow(jobPath(page.id, "/events?series=true"), this);
    page.refresh();
  }

  stop() {
    this.stopFollowing();
    clearInterval(this.clock);
  }

  message(type, data) {
    const { model } = this.page;
    this.received();
    if (type === "snapshot") model.job = data;
    else if (type === "series") this.replace(data);
    else if (type === "window") {
      model.course.add(data);
      this.loadHistograms();
    } else if (type === "event") model.course.addEvent(data);
    else if (type === "end") this.finish();
    // What goes on is shown once a second: a frame costs the same, however little is new.
    const isNews = type === "series" || type === "end" || model.job.phase !== this.shownPhase;
    if (isNews) this.show();
  }

  show() {
    this.shownPhase = this.page.model.job?.phase;
    this.page.refresh();
  }

  /** Take a whole course; its windows may have become longer. */
  replace(series) {
    const { model, histograms } = this.page;
    if (series.windowSeconds !== model.course.width) histograms.clear();
    model.course.replace(series);
    this.loadHistograms();
  }

  /** Ask for the histograms of new windows, while somebody can see the panels that show them. */
  async loadHistograms() {
    const { page } = this;
    const { course } = page.model;
    const due = course.until - page.histograms.until >= HISTOGRAMS_EVERY_S || !page.histograms.until;
    if (this.isLoading || document.hidden || !due || course.until <= page.histograms.until) return;
    this.isLoading = true;
    try {
      const from = page.histograms.until ? `&fromSeconds=${page.histograms.until}` : "";
      page.histograms.take(await request(jobPath(page.id, `/series?histograms=true${from}`)));
    } catch {
      // they come with the next windows
    } finally {
      this.isLoading = false;
    }
  }

  received() {
    this.receivedAt = Date.now();
    if (!this.isLost) return;
    this.isLost = false;
    setShown(this.page.trouble, false);
    announce("Connected again.");
  }

  /** Say that no worker answers, how old the data is, and that it is asked again. */
  lost() {
    this.isLost = true;
    this.tick();
  }

  tick() {
    const { page } = this;
    if (page.model.loaded && !page.model.ended && !document.hidden) this.show();
    if (!this.isLost) return;
    const age = Math.round((Date.now() - this.receivedAt) / 1000);
    const others = page.members.map((one) => one.name).join(", ");
    setShown(page.trouble, true);
    setText(
      page.trouble,
      `No connection to this worker. What is shown is ${age} s old; the page keeps trying.` +
        (others ? ` Every worker has this page at /#/jobs/${page.id}: ${others}.` : ""),
    );
  }

  async finish() {
    const { page } = this;
    try {
      page.model.job = await request(jobPath(page.id));
      page.takeReport(await request(jobPath(page.id, "/report")));
      const series = await request(jobPath(page.id, "/series?histograms=true"));
      page.histograms.clear();
      page.histograms.take(series);
      page.model.course.replace(series);
    } catch (error) {
      this.refused(error);
    }
    page.refresh();
  }

  async loadMembers() {
    try {
      this.page.members = (await request("api/v1/cluster")).members;
      this.page.refresh();
    } catch {
      // names and zones of the workers stay unknown
    }
  }

  refused(error) {
    const { page } = this;
    const unknown = error instanceof ApiError && error.status === 404;
    const words = unknown ? `No job has the ID ${page.id}, or it was deleted.` : `The worker did not answer: ${error.message}. Reload to try again.`;
    if (page.model.loaded) {
      setShown(page.trouble, true);
      setText(page.trouble, words);
    } else {
      page.loading.textContent = words;
      page.loading.setAttribute("role", "alert");
    }
  }
}
