/** Percentiles over time, with the limits of the thresholds. */

import { latency } from "../../core/format.js";
import { LATENCIES, PERCENTILES } from "../../data/course.js";
import { percentileOf } from "../../data/words.js";
import { TimeChart } from "../../charts/time_chart.js";
import { choice, panel } from "../panel.js";

export function latencyPanel(page) {
  const chart = new TimeChart({ name: "Percentiles over time", axis: page.axis, format: latency, log: true });
  const kinds = choice("Kind of latency", (key) => page.choose("latency", key));
  const names = choice("Workload", (key) => page.choose("workload", key));
  const box = panel({ id: "latency", title: "Latency percentiles" }, chart.element);
  box.tools.append(names.element, kinds.element);
  let drawn = "";
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    update(model) {
      const { course } = model;
      const chosen = page.latencyChoice();
      box.show(chosen !== null);
      if (chosen === null) return;
      const key = `${course.version} ${chosen.workload} ${chosen.kind}`;
      if (key === drawn) return;
      drawn = key;
      names.set(chosen.workloads.map((name) => ({ key: name, name })), chosen.workload);
      kinds.set(chosen.kinds, chosen.kind);
      chart.limits = limits(model, chosen.workload, chosen.kind);
      const field = LATENCIES.find((one) => one.key === chosen.kind).field;
      chart.set(
        course.times(),
        PERCENTILES.map(({ key: percentile, name }) => ({
          key: percentile,
          name,
          color: `--${percentile}`,
          values: course.column(chosen.workload, (window) => window[field]?.[percentile]),
        })),
      );
    },
  };
}

function limits(model, workload, kind) {
  return (model.spec.thresholds ?? []).flatMap((one) => {
    const percentile = percentileOf(one.metric);
    if (percentile?.kind !== kind || one.atMost == null || (one.workload != null && one.workload !== workload)) return [];
    const isLine = PERCENTILES.some((other) => other.key === percentile.key);
    return [{ value: one.atMost, name: `${percentile.name} at most ${latency(one.atMost)}`, color: isLine ? `--${percentile.key}` : "--muted" }];
  });
}
