/** The jobs, newest first, and the workers. */

import { h, keyed, setShown, setText } from "../core/dom.js";
import { count, duration, latency, rate, words } from "../core/format.js";
import { link, remember, setting } from "../core/address.js";
import { ago } from "../core/ago.js";
import { repeat } from "../core/live.js";
import { courseOfReport } from "../data/course.js";
import { JobList } from "../data/job_list.js";
import { outcome } from "../data/words.js";
import { sparkline } from "../charts/sparkline.js";
import { clusterPanel } from "./cluster.js";

const EVERY_S = 3;
const PHASES = ["", "Pending", "Running", "Succeeded", "Failed", "Cancelled"];
const COLUMNS = ["", "Job", "Verdict", "Rate", "p99", "Errors", "Workers", "Took", "Submitted"];

export function jobsView() {
  const chosen = new Set((setting("compare") ?? "").split(",").filter(Boolean));
  const rates = new Map();
  const list = new JobList();
  const filter = h("input", { type: "search", placeholder: "Name, ID or reason", "aria-label": "Filter the jobs", value: setting("q") ?? "", oninput: () => changed() });
  const phase = h("select", { "aria-label": "Phase", onchange: () => changed() }, PHASES.map((one) => h("option", { value: one, selected: one === setting("phase") }, one || "All phases")));
  const compare = h("a", { class: "button", href: "#" }, "Compare");
  const body = h("tbody", {});
  const showBody = keyed(body);
  const more = h("button", { type: "button", class: "button", hidden: true, onclick: () => (list.grow(), load()) }, "Show more");
  const empty = h("p", { class: "loading" }, "Loading the jobs\u2026");
  const trouble = h("p", { class: "notice", role: "status", hidden: true });
  const cluster = clusterPanel();
  const table = h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Jobs" },
    h("table", { class: "jobs" }, h("thead", {}, h("tr", {}, COLUMNS.map((name, i) => h("th", { scope: "col", class: i > 2 && i < 8 ? "number" : "" }, name || h("span", { class: "unseen" }, "Compare"))))), body),
  );
  const element = h(
    "div",
    {},
    trouble,
    h("div", { class: "head-line" }, h("h1", {}, "Jobs"), h("div", { class: "actions" }, filter, phase, compare, h("a", { class: "button primary", href: link(["submit"]) }, "New job"))),
    table,
    empty,
    more,
    cluster.element,
  );

  const changed = () => {
    remember("q", filter.value);
    remember("phase", phase.value);
    show();
  };
  const choose = (id, on) => {
    if (on) chosen.add(id);
    else chosen.delete(id);
    remember("compare", [...chosen].join(","));
    showCompare();
  };
  const showCompare = () => {
    const ready = chosen.size > 1;
    setText(compare, ready ? `Compare ${chosen.size} jobs` : "Compare: mark two");
    compare.setAttribute("href", ready ? link(["compare"], { jobs: [...chosen].join(",") }) : location.hash || "#/jobs");
    compare.setAttribute("aria-disabled", ready ? "false" : "true");
  };
  const matches = (job) => {
    const text = `${job.name} ${job.id} ${job.reason} ${job.phase}`.toLowerCase();
    return text.includes(filter.value.trim().toLowerCase()) && (!phase.value || job.phase === phase.value);
  };
  const show = () => {
    const shown = list.jobs.filter(matches);
    showBody(JSON.stringify([shown.map(keyOf), [...chosen]]), () => shown.map((job) => row(job, chosen.has(job.id), choose, rates)));
    setShown(table, list.jobs.length > 0);
    setShown(empty, shown.length === 0);
    setText(empty, list.jobs.length ? "No job matches the filter." : "No jobs yet. Submit one here, with njst run, or with kubectl apply.");
    setShown(more, list.hasMore);
    showCompare();
  };
  const load = async () => {
    try {
      await list.refresh();
      for (const job of list.jobs) keepRate(job, rates);
      setShown(trouble, false);
      show();
    } catch (error) {
      setShown(trouble, true);
      setText(trouble, `No connection to this worker: ${error.message}. The page keeps trying.`);
    }
    await cluster.load();
  };
  document.title = "Jobs \u2013 njst";
  return { element, destroy: repeat(load, EVERY_S) };
}

/** Return what a row shows of a job: an unchanged row is not made anew. */
function keyOf(job) {
  return [job.id, job.phase, job.reason, job.verdict, job.workers.summary, totals(job)];
}

/** Return the messages per second from the common start on, the worst p99, and the errors. */
function totals({ workloads }) {
  const us = Math.max(0, ...workloads.map((one) => (one.startMs ?? 0) * 1000 + one.elapsedUs));
  const p99 = workloads.map((one) => one.latencyMicroseconds?.p99).filter((us) => us != null);
  return {
    rate: us ? (workloads.reduce((sum, one) => sum + one.messages, 0) / us) * 1e6 : null,
    p99: p99.length ? Math.max(...p99) : null,
    errors: workloads.reduce((sum, one) => sum + (one.errors ?? []).reduce((all, error) => all + error.count, 0), 0),
  };
}

/** Remember the rates of a job that runs: its document has no course until it ends. */
function keepRate(job, rates) {
  const messages = job.workloads.reduce((sum, one) => sum + one.messages, 0);
  const known = rates.get(job.id) ?? { at: Date.now(), messages, values: [] };
  const seconds = (Date.now() - known.at) / 1000;
  if (seconds > 0.5 && job.phase === "Running") known.values.push((messages - known.messages) / seconds);
  rates.set(job.id, { at: Date.now(), messages, values: known.values.slice(-60) });
}

function row(job, isChosen, choose, rates) {
  const state = outcome(job);
  const sum = totals(job);
  const course = courseOfReport(job);
  const lines = course ? sums(course) : { rates: rates.get(job.id)?.values ?? [], p99: [] };
  const took = job.startTime ? ((job.completionTime ? Date.parse(job.completionTime) : Date.now()) - Date.parse(job.startTime)) / 1000 : null;
  return h(
    "tr",
    {},
    h("td", {}, h("input", { type: "checkbox", checked: isChosen, "aria-label": `Compare ${job.name || job.id}`, onchange: (event) => choose(job.id, event.target.checked) })),
    h("th", { scope: "row" }, h("a", { href: link(["jobs", job.id]) }, job.name || job.id), h("small", {}, job.id)),
    h("td", {}, h("span", { class: `pill ${state.tone}` }, `${state.mark} ${state.word}`), h("small", {}, job.waitsFor?.length ? `behind ${job.waitsFor.length}` : words(job.reason))),
    h("td", { class: "number" }, sparkline(lines.rates, "Rate over time"), rate(sum.rate)),
    h("td", { class: "number" }, sparkline(lines.p99, "p99 over time, logarithmic", true), latency(sum.p99)),
    h("td", { class: `number${sum.errors ? " tone-bad" : ""}` }, count(sum.errors)),
    h("td", { class: "number" }, job.workers.summary),
    h("td", { class: "number" }, duration(took == null ? null : Math.round(took))),
    h("td", {}, ago(job.createTime)),
  );
}

function sums(course) {
  const names = [...course.workloads.keys()];
  const add = (read, join) =>
    course.times().map((_, i) => {
      const values = names.map((name) => course.workloads.get(name).windows.get(i)).map((window) => (window ? read(window) : null));
      const known = values.filter((value) => value != null);
      return known.length ? join(known) : null;
    });
  return {
    rates: add((window) => window.messages, (values) => values.reduce((a, b) => a + b, 0)),
    p99: add((window) => window.latencyMicroseconds?.p99, (values) => Math.max(...values)),
  };
}
