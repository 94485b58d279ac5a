/** Backlog: what was published and not yet received, by stream. */

import { count, short } from "../../core/format.js";
import { backlogPairs } from "../../data/model.js";
import { TimeChart } from "../../charts/time_chart.js";
import { panel } from "../panel.js";

export function backlogPanel(page) {
  const chart = new TimeChart({ name: "Backlog over time", axis: page.axis, format: short, cell: count, height: 160 });
  const box = panel(
    { id: "backlog", title: "Backlog", hint: "Messages published and not yet received, counted by the workloads of this job." },
    chart.element,
  );
  let drawn = 0;
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    update({ course, spec }) {
      const pairs = backlogPairs(spec);
      box.show(course.length > 0 && pairs.length > 0);
      if (course.version === drawn || !course.length || !pairs.length) return;
      drawn = course.version;
      chart.set(
        course.times(),
        pairs.map((pair) => ({
          key: pair.reader,
          name: `${pair.writers.join(" + ")} \u2212 ${pair.reader}`,
          color: page.colorOf(pair.reader),
          fill: pairs.length < 3,
          values: difference(course, pair),
        })),
      );
    },
  };
}

/** Return the messages that the writers had published and the reader had not received. */
function difference(course, { writers, reader }) {
  const sent = writers.map((name) => course.column(name, (window) => window.messages));
  const received = course.column(reader, (window) => window.messages);
  let backlog = 0;
  return received.map((messages, i) => {
    backlog += sent.reduce((sum, one) => sum + (one[i] ?? 0), 0) - (messages ?? 0);
    return Math.max(0, backlog);
  });
}
