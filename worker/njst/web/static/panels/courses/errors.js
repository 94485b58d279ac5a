/** Errors by class over time, stacked, with an example of each below. */

import { h, keyed, setShown } from "../../core/dom.js";
import { count, rate, words } from "../../core/format.js";
import { TimeChart } from "../../charts/time_chart.js";
import { panel } from "../panel.js";

export function errorsPanel(page) {
  const chart = new TimeChart({ name: "Errors by class over time", axis: page.axis, format: rate, height: 160 });
  const list = h("div", { class: "table-scroll" });
  const showList = keyed(list);
  const box = panel({ id: "errors", title: "Errors" }, chart.element, list);
  let drawn = 0;
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    update(model) {
      const tallies = talliesOf(model);
      box.show(tallies.length > 0);
      if (!tallies.length) return;
      showList(JSON.stringify(tallies), () => table(tallies));
      const { course } = model;
      if (course.version === drawn) return;
      drawn = course.version;
      const steps = stacked(course);
      setShown(chart.element, steps.length > 0);
      if (steps.length) chart.set(course.times(), steps);
    },
  };
}

/** Return errors and events of all workloads, most frequent first. */
function talliesOf(model) {
  return model.workloads
    .flatMap((one) => [
      ...(one.errors ?? []).map((tally) => ({ workload: one.workload, kind: "Error", ...tally })),
      ...(one.events ?? []).map((tally) => ({ workload: one.workload, kind: "Event", ...tally })),
    ])
    .sort((a, b) => a.kind.localeCompare(b.kind) || b.count - a.count);
}

/** Return the steps of each class, each on top of those before it. */
function stacked(course) {
  const perClass = new Map();
  for (const [, { windows }] of course.workloads) {
    for (const [i, window] of windows) {
      const errors = typeof window.errors === "number" ? [{ errorClass: "Errors", count: window.errors }] : (window.errors ?? []);
      for (const one of errors) {
        if (!one.count) continue;
        const name = one.errorClass;
        if (!perClass.has(name)) perClass.set(name, new Array(course.length).fill(0));
        perClass.get(name)[i] += one.count / course.width;
      }
    }
  }
  const below = new Array(course.length).fill(0);
  return [...perClass]
    .map(([name, values], i) => {
      values.forEach((value, at) => (below[at] += value));
      return { key: name, name: words(name), color: `--error-${(i % 5) + 1}`, step: true, fill: true, values: [...below] };
    })
    .reverse();
}

function table(tallies) {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ["Class", "Workload", "Count", "Failed operations", "Example"].map((text, i) => h("th", { scope: "col", class: i === 2 || i === 3 ? "number" : "" }, text)))),
    h(
      "tbody",
      {},
      tallies.map((one) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, h("span", { class: `pill ${one.kind === "Error" ? "bad" : "quiet"}` }, one.kind), " ", one.errorClass),
          h("td", {}, one.workload),
          h("td", { class: "number" }, count(one.count)),
          h("td", { class: "number" }, one.kind === "Error" ? count(one.operations ?? 0) : "\u2013"),
          h("td", { class: "words" }, one.example || "\u2013"),
        ),
      ),
    ),
  );
}
