/** The trials: what each was for, what it came to, and why. */

import { h, keyed } from "../../core/dom.js";
import { count, latency, words } from "../../core/format.js";
import { link } from "../../core/address.js";
import { JUDGEMENTS, purposeWords } from "../../data/experiments/sentences.js";
import { panel } from "../panel.js";

const NUMBERS = new Set(["Offered", "Achieved", "Window", "Rate", "p50", "p99"]);

export function trialsPanel(page) {
  const body = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Trials" });
  const show = keyed(body);
  const box = panel({ id: "trials", title: "Trials", wide: true }, body);
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const { document: shown, trials } = model;
      box.show(trials.length > 0 || Boolean(shown.runningJob));
      const gone = shown.forgottenJobs ?? [];
      show(JSON.stringify([trials.length, gone.length, shown.runningJob]), () => table(model, page));
      box.say(gone.length && page.origin !== null ? `The log has forgotten the jobs of ${gone.length} of ${trials.length} trials; what they came to is kept here.` : "");
    },
  };
}

function table(model, page) {
  const columns = columnsOf(model, page);
  const running = model.document.runningJob;
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, columns.map(({ name }) => h("th", { scope: "col", class: NUMBERS.has(name) ? "number" : "" }, name)))),
    h(
      "tbody",
      {},
      model.trials.map((trial) => h("tr", {}, columns.map(({ name, cell }, i) => h(i ? "td" : "th", { scope: i ? null : "row", class: NUMBERS.has(name) ? "number" : name === "Why" ? "words" : "" }, cell(trial))))),
      running && h("tr", {}, h("th", { scope: "row" }, jobLink(page, running, model.trials.length)), h("td", { colspan: columns.length - 1 }, h("span", { class: "pill busy" }, "\u25cf Running"))),
    ),
  );
}

function columnsOf(model, page) {
  const isRated = model.isSearch;
  const each = (read) => (trial) => lines(trial, read);
  const all = [
    { name: "Trial", cell: ({ plan, job }) => (page.origin !== null && model.hasJob(job) ? jobLink(page, job, plan.number) : String(plan.number)) },
    model.document.points.length > 1 && { name: "Point", cell: ({ plan }) => model.point(plan.point) },
    model.document.spec.repeats > 1 && { name: "Repeat", cell: ({ plan }) => plan.repeat },
    isRated && { name: "Purpose", cell: ({ plan }) => h("span", { title: purposeWords(plan.purpose) }, words(plan.purpose)) },
    isRated && { name: "Offered", cell: ({ plan }) => (plan.messagesPerSecond ? `${count(plan.messagesPerSecond)}/s` : "as fast as possible") },
    isRated && { name: "Achieved", cell: (one) => (one.achievedMessagesPerSecond ? `${count(one.achievedMessagesPerSecond)}/s` : "\u2013") },
    isRated && { name: "Window", cell: ({ plan }) => `${plan.windowSeconds} s` },
    !isRated && { name: "Rate", cell: each((one) => `${count(one.messagesPerSecond)}/s`) },
    { name: "p50", cell: each((one) => bounded(one, "p50")) },
    { name: "p99", cell: each((one) => bounded(one, "p99")) },
    { name: "Judgement", cell: (one) => h("span", { class: `pill ${JUDGEMENTS[one.judgement]?.tone ?? "warn"}` }, `${JUDGEMENTS[one.judgement]?.mark ?? "?"} ${one.judgement}`) },
    { name: "Why", cell: (one) => [one.reason === one.judgement ? "" : words(one.reason), one.message].filter(Boolean).join(": ") },
  ];
  return all.filter(Boolean);
}

function jobLink(page, job, number) {
  return page.origin === null ? String(number) : h("a", { href: link(["jobs", job]), "aria-label": `Job of trial ${number}` }, String(number));
}

/** Return a line for each workload, with its name where there are several. */
function lines(trial, read) {
  const all = trial.workloads ?? [];
  if (!all.length) return "\u2013";
  return all.length === 1 ? read(all[0]) : all.map((one) => h("div", {}, h("small", {}, one.workload), read(one)));
}

function bounded(one, key) {
  return `${one.isLowerBound ? "\u2265\u202f" : ""}${latency(one.latencyMicroseconds?.[key])}`;
}
