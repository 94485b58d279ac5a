/** Jobs beside each other: what differs first, then their numbers, then their courses. */

import { h } from "../core/dom.js";
import { change, count, latency, rate, time } from "../core/format.js";
import { link, remember, setting } from "../core/address.js";
import { jobPath, request } from "../core/api.js";
import { HistogramCache } from "../data/histograms.js";
import { JobModel } from "../data/model.js";
import { flatten, isDefault } from "../data/spec_defaults.js";
import { outcome } from "../data/words.js";
import { DistributionChart } from "../charts/distribution_chart.js";
import { workloadColor } from "../charts/palette.js";
import { TimeAxis, rangeOf, rangeText } from "../charts/time_axis.js";
import { TimeChart } from "../charts/time_chart.js";
import { statisticsPanel } from "../panels/facts/statistics.js";
import { choice, panel } from "../panels/panel.js";

const PERCENTILES = [
  { key: "p50", name: "p50" },
  { key: "p99", name: "p99" },
  { key: "p999", name: "p99.9" },
];
const LETTERS = "ABCDEFGH";

export function compareView() {
  const ids = (setting("jobs") ?? "").split(",").filter(Boolean).slice(0, LETTERS.length);
  const element = h("div", {}, h("p", { class: "loading" }, "Loading the jobs\u2026"));
  const shown = { destroy: () => {} };
  document.title = "Compare \u2013 njst";
  load(ids).then(
    (models) => {
      const page = new ComparePage(models);
      shown.destroy = () => page.destroy();
      element.replaceChildren(page.element);
      page.refresh();
    },
    (error) => element.replaceChildren(h("p", { class: "notice", role: "alert" }, `The jobs could not be loaded: ${error.message}`)),
  );
  return { element, destroy: () => shown.destroy() };
}

async function load(ids) {
  if (ids.length < 2) throw new Error("mark two or more jobs in the list");
  return Promise.all(
    ids.map(async (id) => {
      const model = new JobModel(id);
      model.job = await request(jobPath(id));
      if (!model.ended) throw new Error(`job ${id} has not ended`);
      model.takeReport(await request(jobPath(id, "/report?histograms=true")));
      return model;
    }),
  );
}

class ComparePage {
  constructor(models) {
    this.models = models;
    this.histograms = new HistogramCache();
    this.axis = new TimeAxis(rangeOf(setting("zoom")), (range) => remember("zoom", rangeText(range)));
    this.axis.end = Math.max(...models.map((one) => one.course.until), 1);
    const names = models.map((one) => one.workloads.map((result) => result.workload));
    this.names = names[0].filter((name) => names.every((all) => all.includes(name)));
    this.workload = this.names.includes(setting("workload")) ? setting("workload") : this.names[0];
    this.percentile = "p99";
    this.distribution = new DistributionChart({ name: "Latency distributions", height: 260 });
    this.latency = new TimeChart({ name: "Latency over time", axis: this.axis, format: latency, log: true, height: 260 });
    this.rate = new TimeChart({ name: "Rates over time", axis: this.axis, format: rate });
    this.element = this.layout();
  }

  layout() {
    this.choices = [1, 2, 3].map(() => choice("Workload", (key) => this.choose(key)));
    this.percentiles = choice("Percentile", (key) => {
      this.percentile = key;
      this.refresh();
    });
    const boxes = [
      panel({ id: "distributions", title: "Latency distribution" }, this.distribution.element),
      panel({ id: "latencies", title: "Latency over time" }, this.latency.element),
      panel({ id: "rates", title: "Rate over time", wide: true }, this.rate.element),
    ];
    boxes.forEach((box, i) => {
      box.tools.append(this.choices[i].element);
      box.show(this.names.length > 0);
    });
    boxes[1].tools.append(this.percentiles.element);
    const differences = panel({ id: "differences", title: "What differs", wide: true }, this.differences());
    const numbers = panel({ id: "numbers", title: "Numbers", wide: true, hint: "Changes are against A. One run each is no statistics: repeat the runs before you believe a small difference." }, this.numbers());
    differences.show(true);
    numbers.show(true);
    return h("div", {}, h("div", { class: "head-line" }, h("h1", {}, "Compare")), this.jobs(), h("div", { class: "grid" }, differences.element, numbers.element, statisticsPanel(this.models).element, boxes.map((box) => box.element)));
  }

  choose(name) {
    this.workload = name;
    remember("workload", name);
    this.refresh();
  }

  async refresh() {
    const { models, workload } = this;
    for (const one of this.choices) one.set(this.names.map((name) => ({ key: name, name })), workload);
    this.percentiles.set(PERCENTILES, this.percentile);
    if (!workload) return;
    const steps = models.map((one) => one.course.width);
    const width = Math.max(...steps);
    const x = Array.from({ length: Math.ceil(this.axis.end / width) }, (_, i) => i * width);
    this.latency.set(x, this.lines(x, (window) => window.latencyMicroseconds?.[this.percentile], (values) => Math.max(...values)));
    this.rate.set(x, this.lines(x, (window, step) => window.messages / step, (values) => values.reduce((a, b) => a + b, 0) / values.length, true));
    const lines = await Promise.all(
      models.map(async (model, i) => ({
        key: model.id,
        name: `${LETTERS[i]} ${model.job.name}`,
        color: workloadColor(i),
        histogram: await this.histograms.decode(resultOf(model, workload).latency ?? ""),
      })),
    );
    this.distribution.show(lines.filter((line) => line.histogram.total));
  }

  /** Return a line for each job on common times: windows of a job with shorter ones are joined. */
  lines(x, read, join, step = false) {
    return this.models.map((model, i) => {
      const { width } = model.course;
      const values = model.course.column(this.workload, (window) => read(window, width));
      const end = x.length > 1 ? x[1] - x[0] : width;
      return {
        key: model.id,
        name: `${LETTERS[i]} ${model.job.name}`,
        color: workloadColor(i),
        step,
        values: x.map((at) => {
          const part = values.slice(at / width, (at + end) / width).filter((value) => value != null);
          return part.length ? join(part) : null;
        }),
      };
    });
  }

  jobs() {
    return h(
      "div",
      { class: "tiles" },
      this.models.map((model, i) => {
        const state = outcome(model.job);
        const dot = h("i", { class: "swatch" });
        dot.style.setProperty("--swatch", `var(${workloadColor(i)})`);
        return h(
          "article",
          { class: "tile", "aria-label": `Job ${LETTERS[i]}` },
          h("header", {}, dot, h("h2", {}, `${LETTERS[i]} `, h("a", { href: link(["jobs", model.id]) }, model.job.name || model.id))),
          h("p", {}, h("span", { class: `pill ${state.tone}` }, `${state.mark} ${state.word}`), ` ${time(model.job.createTime)}`),
          model.tester?.limited && h("p", { class: "note tone-warn" }, `The tester was the limit (${model.tester.reason}): its numbers are its own.`),
        );
      }),
    );
  }

  /** Return a table of the spec and the environment, only what is not the same in all. */
  differences() {
    const facts = this.models.map((model) => {
      const found = flatten(model.spec);
      found.set("njst workers", model.job.participants.length);
      found.set("njst zones", Object.keys(model.job.zones ?? {}).sort().join(", "));
      const costs = (model.report.workers ?? []).map((one) => one.cost).filter(Boolean);
      found.set("njst cores", [...new Set(costs.map((one) => one.cores))].join(", "));
      found.set("njst load processes", costs.reduce((sum, one) => sum + one.processes, 0));
      return found;
    });
    const paths = [...new Set(facts.flatMap((one) => [...one.keys()]))].sort();
    const rows = paths.filter((path) => differs(path, facts));
    if (!rows.length) return h("p", { class: "lead" }, "Nothing: the jobs have the same spec and as many workers, cores and load processes.");
    return grid(["Field", ...this.heads()], rows.map((path) => [path.replace(/^njst /, "Environment: "), ...facts.map((one) => (one.has(path) && one.get(path) !== "" ? String(one.get(path)) : "\u2013"))]), Infinity);
  }

  numbers() {
    const rows = this.names.flatMap((name) => {
      const results = this.models.map((model) => resultOf(model, name));
      return results.map((result, i) => [name, this.heads()[i], ...METRICS.map((one) => compared(one, results[0], result, i))]);
    });
    return grid(["Workload", "Job", ...METRICS.map((one) => one.name)], rows, 2);
  }

  heads() {
    return this.models.map((model, i) => `${LETTERS[i]} ${model.job.name || model.id}`);
  }

  destroy() {
    for (const one of [this.distribution, this.latency, this.rate]) one.destroy();
  }
}

/** Whether a field is not the same in all; a default of a part that others lack says nothing. */
function differs(path, facts) {
  const all = facts.map((one) => one.get(path));
  if (new Set(all.map((one) => JSON.stringify(one))).size < 2) return false;
  const known = all.filter((one) => one !== undefined);
  const isName = path.endsWith("].name");
  return known.length === all.length || !(isName || known.every((one) => isDefault(path, one)));
}

const METRICS = [
  { name: "Messages", read: (one) => one.messages, text: count },
  { name: "Rate", read: (one) => one.messagesPerSecond, text: rate },
  { name: "p50", read: (one) => one.latencyMicroseconds?.p50, text: latency },
  { name: "p99", read: (one) => one.latencyMicroseconds?.p99, text: latency },
  { name: "p99.9", read: (one) => one.latencyMicroseconds?.p999, text: latency },
  { name: "max", read: (one) => one.latencyMicroseconds?.max, text: latency },
  { name: "Errors", read: (one) => (one.errors ?? []).reduce((sum, error) => sum + error.count, 0), text: count },
];

function compared(metric, first, result, i) {
  const value = metric.read(result);
  if (i === 0 || value == null || metric.read(first) == null) return value == null ? "\u2013" : metric.text(value);
  return [metric.text(value), h("small", {}, change(metric.read(first), value))];
}

function resultOf(model, name) {
  return model.workloads.find((one) => one.workload === name) ?? {};
}

/** Return a table; cells from column `numbers` on are numbers. */
function grid(head, rows, numbers) {
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Comparison" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, head.map((text, i) => h("th", { scope: "col", class: i >= numbers ? "number" : "" }, text)))),
      h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell, i) => h("td", { class: i + 1 >= numbers ? "number" : numbers === Infinity ? "words" : "" }, cell))))),
    ),
  );
}
