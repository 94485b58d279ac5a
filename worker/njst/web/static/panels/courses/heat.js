/** Heat map: time x latency, dark where many messages are. */

import { h, setText } from "../../core/dom.js";
import { clock, count, latency } from "../../core/format.js";
import { LATENCIES } from "../../data/course.js";
import { HeatMap } from "../../charts/heat_map.js";
import { TimeChart } from "../../charts/time_chart.js";
import { panel } from "../panel.js";

export function heatPanel(page) {
  const map = new HeatMap();
  const below = h("p", { class: "hint", "aria-hidden": "true" });
  const chart = new TimeChart({
    name: "Latency heat map",
    axis: page.axis,
    format: latency,
    cell: count,
    log: true,
    legend: false,
    range: () => map.range(),
    under: (u) => map.draw(u, page.model.course.width),
    onPoint: (index) => tell(index),
  });
  const box = panel({ id: "heat", title: "Latency heat map" }, below, chart.element);
  let drawn = "";
  const tell = (index) => {
    const { left, top } = chart.plot?.cursor ?? {};
    if (index == null || !(top >= 0) || !(left >= 0)) {
      setText(below, "Messages by time and latency; the stronger the colour, the more. Point at a cell to read it.");
      return;
    }
    const cell = map.cell(Math.min(index, chart.x.length - 1), chart.plot.posToVal(top, "y"));
    setText(below, `at ${clock(chart.x[Math.min(index, chart.x.length - 1)])}, ${latency(cell.from)} to ${latency(cell.to)}: ${count(cell.messages)} messages`);
  };
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    async update({ course }) {
      const chosen = page.latencyChoice();
      const known = chosen !== null && page.histograms.has(chosen.workload, chosen.kind);
      box.show(known);
      if (!known) return;
      const key = `${page.histograms.version} ${course.width} ${chosen.workload} ${chosen.kind}`;
      if (key === drawn) return;
      drawn = key;
      const histograms = await page.histograms.column(course, chosen.workload, chosen.kind);
      if (key !== drawn) return;
      map.set(histograms);
      const kind = LATENCIES.find((one) => one.key === chosen.kind);
      box.element.querySelector("h2").textContent = `${kind.name} heat map \u2013 ${chosen.workload}`;
      chart.set(course.times(), [
        { key: "messages", name: "Messages", color: "--heat-high", width: 0, values: histograms.map((one) => one?.total ?? null) },
      ]);
    },
  };
}
