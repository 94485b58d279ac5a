/** Where in the distribution a setting is slower: the change of each percentile, over the runs. */

import { h, setShown, setText } from "../../core/dom.js";
import { ShiftChart } from "../../charts/runs/shift_chart.js";
import { pointText } from "../../data/experiments/model.js";
import { pairsOf, shiftOf, shiftWords } from "../../data/experiments/shift.js";
import { choice, panel, selection } from "../panel.js";

export function shiftPanel(page) {
  const chart = new ShiftChart({ name: "Change of each percentile", height: 260 });
  const names = choice("Workload", (key) => page.choose("workload", key));
  const pairs = selection("Settings", (key) => page.choose("pair", key));
  const about = h("p", { class: "lead" });
  const box = panel({ id: "shift", title: "Change of the latency by percentile", wide: true }, about, chart.element);
  box.tools.append(pairs.element, names.element);
  let drawn = "";
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    update(model) {
      const { points, spec } = model.document;
      const asked = model.isSearch ? null : spec.comparison;
      const all = asked ? pairsOf(points, asked.factor) : [];
      const workload = page.workload();
      const number = all[page.chosen.pair] ? Number(page.chosen.pair) : 0;
      const shift = all.length && workload ? shiftOf(model.document, all[number], workload) : { runs: 0, rows: [] };
      box.show(all.length > 0 && workload !== undefined);
      if (!all.length || !workload) return;
      const key = JSON.stringify([model.trials.length, number, workload]);
      if (key === drawn) return;
      drawn = key;
      const title = (pair) => {
        const [first, second] = [pair.first, pair.second].map((one) => pointText({ [asked.factor]: points[one][asked.factor] }));
        return `${second} beside ${first}${pair.others ? `, ${pair.others}` : ""}`;
      };
      names.set(model.workloads.map((name) => ({ key: name, name })), workload);
      pairs.set(all.map((pair, i) => ({ key: String(i), name: title(pair) })), String(number));
      setText(about, title(all[number]));
      box.say(shiftWords(shift, asked.confidencePercent));
      setShown(chart.element, shift.rows.length > 0);
      if (shift.rows.length) chart.show(shift.rows, 1 + asked.minEffectPercent / 100);
    },
  };
}
