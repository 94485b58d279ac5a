/** The runs of one name over time: their numbers, when those changed, and what else did. */

import { h } from "../core/dom.js";
import { changeOf, count, latency, plural, rate, time } from "../core/format.js";
import { link, remember, setting } from "../core/address.js";
import { request } from "../core/api.js";
import { median, numbersOf } from "../data/experiments/model.js";
import { metricName } from "../data/words.js";
import { HistoryChart } from "../charts/runs/history_chart.js";
import { choice, panel } from "../panels/panel.js";

const METRICS = [
  { name: "MessagesPerSecond", read: (one) => one.messagesPerSecond, text: rate },
  { name: "LatencyP50Microseconds", read: (one) => one.latencyMicroseconds?.p50, text: latency },
  { name: "LatencyP99Microseconds", read: (one) => one.latencyMicroseconds?.p99, text: latency },
];
const VERSIONS = ["njst", "nats-server"];
const TONES = { Better: "good", Worse: "bad" };

export function historyView() {
  const name = setting("name") ?? "";
  const element = h("div", {}, h("p", { class: "loading" }, "Loading the runs\u2026"));
  const charts = [];
  const query = new URLSearchParams([["name", name], ["limit", "500"], ...METRICS.map((one) => ["metric", one.name])]);
  if (setting("namespace")) query.set("namespace", setting("namespace"));
  document.title = `History of ${name} \u2013 njst`;
  request(`api/v1/history?${query}`).then(
    (history) => element.replaceChildren(...page(history, charts)),
    (error) => element.replaceChildren(h("p", { class: "notice", role: "alert" }, `The runs could not be loaded: ${error.message}`)),
  );
  return { element, destroy: () => charts.forEach((one) => one.destroy()) };
}

function page(history, charts) {
  const { runs, changes } = history;
  const names = [...new Set(history.metrics.map((one) => one.workload))];
  const versions = versionsOf(runs);
  const tools = choice("Workload", (key) => show(key));
  const boxes = METRICS.map((metric) => {
    const title = metricName(metric.name);
    const chart = new HistoryChart({ name: `${title} over the runs`, format: metric.text });
    charts.push(chart);
    const box = panel({ id: metric.name, title }, chart.element);
    return { metric, chart, box };
  });
  const show = (workload) => {
    remember("workload", workload);
    tools.set(names.map((key) => ({ key, name: key })), workload);
    for (const { metric, chart, box } of boxes) {
      const values = runs.map((run) => (run.leftOut ? null : metric.read(numbersOf(run, workload) ?? {}) ?? null));
      const own = changes.filter((one) => one.workload === workload && one.metric === metric.name);
      box.show(values.some((value) => value !== null));
      const ticks = [...versions.map(({ at }) => ({ at, color: "--muted" })), ...own.map((one) => ({ at: placeOf(runs, one), color: `--${TONES[one.outcome] ?? "warn"}` }))];
      chart.show(runs, values, levels(values, own.map((one) => placeOf(runs, one))), ticks);
    }
  };
  show(names.includes(setting("workload")) ? setting("workload") : names[0]);
  const what = panel({ id: "changes", title: "What changed", wide: true, hint: "Solid lines are changes of a number that chance does not explain, dotted ones other versions." }, changesTable(runs, changes, versions));
  what.show(changes.length + versions.length > 0);
  const all = panel({ id: "runs", title: "Runs", wide: true }, runsTable(runs, names));
  all.show(true);
  const facts = [plural(runs.length, "run"), history.earlierRuns ? `${count(history.earlierRuns)} older ones are not shown` : "", `${runs.filter((one) => one.leftOut).length} left out`];
  return [h("div", { class: "head-line" }, h("div", {}, h("h1", {}, `History of ${history.name}`), h("p", { class: "facts" }, facts.filter(Boolean).join(" \u00b7 "))), tools.element), h("div", { class: "grid" }, boxes.map((one) => one.box.element), what.element, all.element)];
}

function placeOf(runs, change) {
  return runs.findIndex((one) => one.job === change.job);
}

/** Return where njst or the server had another version than in the run before. */
function versionsOf(runs) {
  return runs.flatMap((run, at) =>
    VERSIONS.filter((fact) => at && run.facts?.[fact] !== runs[at - 1].facts?.[fact]).map((fact) => ({ at, fact, before: runs[at - 1].facts?.[fact] ?? "unknown", after: run.facts?.[fact] ?? "unknown" })),
  );
}

/** Return the median of the runs between two change points, at each of them. */
function levels(values, places) {
  const ends = [0, ...places.sort((a, b) => a - b), values.length];
  return ends.slice(1).flatMap((end, i) => {
    const part = values.slice(ends[i], end);
    return part.map(() => median(part.filter((value) => value !== null)));
  });
}

function changesTable(runs, changes, versions) {
  const rows = [
    ...changes.map((one) => ({ at: placeOf(runs, one), cells: [`${one.workload} ${metricName(one.metric)}`, h("span", { class: `pill ${TONES[one.outcome]}` }, one.outcome), changeOf(one.ratioPerMillion / 1e6), one.differences.map((fact) => `${fact.fact}: ${fact.first.join(", ")} before, ${fact.second.join(", ")} after`).join("; ")] })),
    ...versions.map((one) => ({ at: one.at, cells: [one.fact, "other version", "", `${one.before} before, ${one.after} after`] })),
  ].sort((a, b) => a.at - b.at);
  return table("Changes", ["First run", "What", "Outcome", "Change", "Not the same near it"], rows.map(({ at, cells }) => [runLink(runs[at]), ...cells]));
}

function runsTable(runs, names) {
  const rows = [...runs].reverse().map((run) => [runLink(run), run.verdict, ...names.flatMap((name) => METRICS.map((one) => one.text(one.read(numbersOf(run, name) ?? {})))), run.leftOut]);
  return table("Runs", ["Run", "Verdict", ...names.flatMap((name) => METRICS.map((one) => `${names.length > 1 ? `${name} ` : ""}${metricName(one.name)}`)), "Left out"], rows);
}

function runLink(run) {
  return h("a", { href: link(["jobs", run.job]), title: run.job }, time(run.createTime));
}

function table(name, head, rows) {
  return h(
    "div",
    { class: "table-scroll tall", tabindex: "0", role: "region", "aria-label": name },
    h("table", {}, h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell) => h("td", { class: "words" }, cell)))))),
  );
}
