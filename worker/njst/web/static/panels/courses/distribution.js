/** The distribution of all five latencies of a workload; of the shown time when zoomed. */

import { setText } from "../../core/dom.js";
import { clock } from "../../core/format.js";
import { LATENCIES } from "../../data/course.js";
import { DistributionChart } from "../../charts/distribution_chart.js";
import { panel } from "../panel.js";

export function distributionPanel(page) {
  const chart = new DistributionChart({ name: "Distribution of the latency", height: 230 });
  const box = panel({ id: "distribution", title: "Latency distribution" }, chart.element);
  let drawn = "";
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    async update(model) {
      const { course } = model;
      const chosen = page.latencyChoice();
      const result = chosen && model.workloads.find((one) => one.workload === chosen.workload);
      const whole = result?.latency;
      const windows = chosen !== null && page.histograms.has(chosen.workload, chosen.kind);
      box.show(Boolean(whole || windows));
      if (!whole && !windows) return;
      const range = windows ? page.axis.range : null;
      const key = `${windows ? page.histograms.version : whole.length} ${chosen.workload} ${range}`;
      if (key === drawn) return;
      drawn = key;
      const lines = windows ? await ofWindows(page, course, chosen, range) : await ofWhole(page, whole);
      if (key !== drawn) return;
      const heading = range ? `${clock(range[0])} to ${clock(range[1])}` : "whole run";
      setText(box.element.querySelector("h2"), `Latency distribution \u2013 ${chosen.workload}, ${heading}`);
      chart.show(lines);
    },
  };
}

async function ofWindows(page, course, chosen, range) {
  const lines = chosen.kinds.map(async ({ key, name }) => ({
    key,
    name,
    color: `--kind-${key}`,
    histogram: await page.histograms.sum(course, chosen.workload, key, range),
  }));
  return (await Promise.all(lines)).filter((line) => line.histogram.total);
}

async function ofWhole(page, text) {
  const { key, name } = LATENCIES[0];
  return [{ key, name, color: `--kind-${key}`, histogram: await page.histograms.cache.decode(text) }];
}
