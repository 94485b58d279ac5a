/** The values of a factor compared: better, worse, equal, or not enough runs. */

import { h, keyed } from "../../core/dom.js";
import { comparisonTable } from "../comparison_table.js";
import { panel } from "../panel.js";

export function comparisonPanel() {
  const body = h("div", { class: "comparisons" });
  const show = keyed(body);
  const box = panel({ id: "comparison", title: "Comparison", wide: true }, body);
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const { comparisons, spec } = model.document;
      const asked = spec.comparison;
      box.show(Boolean(asked) && (comparisons.length > 0 || !model.ended));
      if (!asked) return;
      show(JSON.stringify(comparisons), () => comparisons.map((one) => part(one, asked.minEffectPercent)));
      box.say(comparisons.length ? `An interval holds the true change in ${asked.confidencePercent} of 100 such comparisons. The shade is what does not matter: ${asked.minEffectPercent} % either way.` : `${asked.factor} is compared when all trials have ended.`);
    },
  };
}

function part(one, minEffectPercent) {
  const { metrics, differences, leftOut } = one.result;
  const title = `${one.second} beside ${one.first}${one.others ? `, ${one.others}` : ""}`;
  const notes = [
    ...differences.map((fact) => `Not the same in all runs: ${fact.fact} (first ${fact.first.join(", ")}; second ${fact.second.join(", ")}).`),
    ...reasonsOf(leftOut).map(([reason, jobs]) => `Left out, because ${reason}: ${jobs.join(", ")}.`),
  ];
  return h(
    "section",
    { "aria-label": title },
    h("h3", {}, title),
    h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": title }, metrics.length ? comparisonTable(metrics, minEffectPercent) : h("p", { class: "note" }, "No number can be compared: no run is left on one of the sides.")),
    notes.map((text) => h("p", { class: "note" }, text)),
  );
}

/** Return the jobs that were left out, by reason. */
function reasonsOf(leftOut) {
  const reasons = new Map();
  for (const { job, reason } of leftOut) reasons.set(reason, [...(reasons.get(reason) ?? []), job]);
  return [...reasons];
}
