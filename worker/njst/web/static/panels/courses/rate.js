/** Rate over time: what was offered beside what was achieved. */

import { rate } from "../../core/format.js";
import { TimeChart } from "../../charts/time_chart.js";
import { choice, panel } from "../panel.js";

const UNITS = [
  { key: "messages", name: "Messages" },
  { key: "bytes", name: "Bytes" },
];

export function ratePanel(page) {
  let unit = "messages";
  const chart = new TimeChart({
    name: "Rate over time",
    axis: page.axis,
    format: (value) => (unit === "bytes" ? rate(value).replace("/s", "B/s") : rate(value)),
  });
  const units = choice("Unit of the rate", (key) => {
    unit = key;
    page.refresh();
  });
  const box = panel({ id: "rate", title: "Rate" }, chart.element);
  box.tools.append(units.element);
  let drawn = "";
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    update({ course }) {
      box.show(course.length > 0);
      const key = `${course.version} ${unit}`;
      if (key === drawn || !course.length) return;
      drawn = key;
      units.set(UNITS, unit);
      chart.set(course.times(), lines(page, course, unit));
    },
  };
}

function lines(page, course, unit) {
  return [...course.workloads.keys()].flatMap((name) => {
    const color = page.colorOf(name);
    const achieved = {
      key: name,
      name,
      color,
      step: true,
      fill: course.workloads.size < 2,
      values: course.column(name, (window) => window[unit] / course.width),
    };
    if (unit !== "messages" || !course.has(name, (window) => window.offered)) return [achieved];
    const offered = {
      key: `${name} offered`,
      name: `${name} offered`,
      color,
      step: true,
      dash: true,
      width: 1.25,
      values: course.column(name, (window) => (window.offered == null ? null : window.offered / course.width)),
    };
    return [achieved, offered];
  });
}
