/** The points of a grid beside each other: for each number a dot of each run, and their median. */

import { h, keyed } from "../../core/dom.js";
import { count, latency, rate } from "../../core/format.js";
import { DataTable } from "../../charts/data_table.js";
import { isProven, median, numbersOf } from "../../data/experiments/model.js";
import { choice, panel } from "../panel.js";

const MOST_POINTS = 60;
const NUMBERS = [
  { key: "rate", name: "Rate", read: (one) => one.messagesPerSecond, text: rate, exact: (value) => `${count(value)}/s` },
  ...[["p50", "p50"], ["p99", "p99"], ["p999", "p99.9"]].map(([key, name]) => ({ key, name, read: (one) => one.latencyMicroseconds?.[key], text: latency, exact: latency })),
];
const SUSTAINED = { key: "sustained", name: "Sustained rate", text: rate, exact: (value) => `${count(value)}/s` };

export function settingsPanel(page) {
  const body = h("div", { class: "multiples" });
  const show = keyed(body);
  const names = choice("Workload", (key) => page.choose("workload", key));
  const table = new DataTable("The settings", () => rowsOf(shown));
  const box = panel({ id: "settings", title: "Settings beside each other", wide: true, hint: "A dot is a run, the bar is the median. Rings prove nothing about the target, and no median has them." }, body, table.element);
  box.tools.append(names.element);
  let shown = [];
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const { points, searches, spec } = model.document;
      const workloads = model.isSearch ? [] : measured(model);
      const workload = workloads.includes(page.chosen.workload) ? page.chosen.workload : workloads[0];
      const isGrid = points.length > 1 || spec.repeats > 1;
      box.show(isGrid && (model.isSearch ? searches.length > 1 : workload !== undefined));
      const key = JSON.stringify([model.trials.length, searches, workload]);
      show(key, () => {
        names.set(workloads.map((name) => ({ key: name, name })), workload);
        shown = model.isSearch ? [sustained(model)] : NUMBERS.map((one) => multiple(model, one, workload));
        shown = shown.filter((one) => one.rows.some((row) => row.runs.length));
        table.changed();
        return shown.map(draw);
      });
      box.say(points.length > MOST_POINTS ? `${points.length - MOST_POINTS} more points are in the table of the trials.` : "");
    },
  };
}

/** The workloads of which a trial has numbers, in the order of the template. */
function measured(model) {
  const known = new Set(model.trials.flatMap((one) => (one.workloads ?? []).map((some) => some.workload)));
  return model.document.spec.template.workloads.map((one) => one.name).filter((name) => known.has(name));
}

function labels(model) {
  return model.document.points.slice(0, MOST_POINTS).map((_, i) => model.point(i) || "template");
}

function multiple(model, number, workload) {
  const rows = labels(model).map((label, point) => {
    const own = model.trials.filter((one) => one.plan.point === point).map((one) => ({ value: number.read(numbersOf(one, workload) ?? {}), proven: isProven(one), name: `trial ${one.plan.number}` }));
    return { label, runs: own.filter((one) => one.value != null) };
  });
  return { ...number, rows };
}

function sustained(model) {
  const rows = labels(model).map((label, point) => {
    const own = model.document.searches.filter((one) => one.point === point && one.lowerMessagesPerSecond != null);
    return { label, runs: own.map((one) => ({ value: one.lowerMessagesPerSecond, proven: one.isLowerConfirmed, name: `repeat ${one.repeat}` })) };
  });
  return { ...SUSTAINED, rows };
}

function middle({ runs }) {
  return median(runs.filter((one) => one.proven).map((one) => one.value));
}

/** Return one small chart: an axis from 0, or logarithmic where the values are far apart. */
function draw(number) {
  const values = number.rows.flatMap((row) => row.runs.map((one) => one.value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const isLog = low > 0 && high / low > 20;
  const place = (value) => (isLog ? (Math.log(value / low) / Math.log(high / low)) * 92 + 4 : (value / (high || 1)) * 96);
  const ends = isLog ? [number.text(low), number.text(high)] : ["0", number.text(high)];
  return h(
    "section",
    { class: "multiple", "aria-label": number.name },
    h("h3", {}, number.name, isLog && h("small", {}, " logarithmic")),
    number.rows.map((row) => line(number, row, place)),
    h("p", { class: "strip-axis", "aria-hidden": "true" }, h("span", {}, ends[0]), h("span", {}, ends[1])),
  );
}

function line(number, row, place) {
  const dots = row.runs.map((one) => {
    const dot = h("i", { class: one.proven ? "dot" : "dot ring", title: `${one.name}: ${number.exact(one.value)}` });
    dot.style.left = `${place(one.value)}%`;
    return dot;
  });
  const value = middle(row);
  const bar = h("b", { class: "dot-median" });
  if (value !== null) bar.style.left = `${place(value)}%`;
  return h("div", { class: "strip-row" }, h("span", { class: "strip-label" }, row.label), h("span", { class: "strip", "aria-hidden": "true" }, dots, value !== null && bar), h("span", { class: "number" }, value === null ? "\u2013" : number.text(value)));
}

function rowsOf(multiples) {
  const [first] = multiples;
  return {
    head: ["Point", ...multiples.flatMap((one) => [`${one.name}, median`, `${one.name}, runs`])],
    body: (first?.rows ?? []).map((row, i) => [row.label, ...multiples.flatMap((one) => cells(one, one.rows[i]))]),
  };
}

function cells(number, row) {
  const value = middle(row);
  return [value === null ? "\u2013" : number.exact(value), row.runs.map((one) => number.exact(one.value) + (one.proven ? "" : " (proves nothing)")).join(", ")];
}
