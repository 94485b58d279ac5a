/** What repeated runs of two jobs prove: the worker compares them, as `njst compare` does. */

import { h } from "../../core/dom.js";
import { request } from "../../core/api.js";
import { comparisonTable } from "../comparison_table.js";
import { panel } from "../panel.js";

const METRICS = ["MessagesPerSecond", "LatencyP50Microseconds", "LatencyP99Microseconds"];
/** The default of the API. */
const MIN_EFFECT_PERCENT = 5;

/**
 * Jobs of the same name are runs of the same thing: with two names and two runs or more of each
 * there is something to compare.
 * @param {import("../../data/model.js").JobModel[]} models
 */
export function statisticsPanel(models) {
  const sides = new Map();
  for (const { id, job } of models) sides.set(job.name, [...(sides.get(job.name) ?? []), id]);
  const body = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Statistics" });
  const box = panel({ id: "statistics", title: "Statistics", wide: true }, body);
  const [first, second] = [...sides.values()];
  if (sides.size === 2 && first.length > 1 && second.length > 1) load(box, body, [...sides.keys()], first, second);
  return box;
}

async function load(box, body, names, first, second) {
  box.show(true);
  try {
    const result = await request("api/v1/comparisons", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ first, second, metrics: METRICS.map((metric) => ({ metric })) }),
    });
    body.replaceChildren(comparisonTable(result.metrics, MIN_EFFECT_PERCENT));
    const leftOut = result.leftOut.map((one) => `${one.job} was left out: ${one.reason}`);
    box.say([`${names[1]} beside ${names[0]}, ${second.length} and ${first.length} runs.`, ...leftOut].join(" "));
  } catch (error) {
    box.say(`The runs could not be compared: ${error.message}`);
  }
}
