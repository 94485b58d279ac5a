/** Latency over the offered rate of a search, with both bounds. */

import { h } from "../../core/dom.js";
import { rate } from "../../core/format.js";
import { RateLatencyChart } from "../../charts/runs/rate_latency_chart.js";
import { curveOf } from "../../data/experiments/curve.js";
import { choice, panel, selection } from "../panel.js";

/** The search closes in on its bounds: that part of the axis is crowded. */
const NEAR = 1.4;
const PARTS = [{ key: "", name: "All rates" }, { key: "near", name: "Near the bounds" }];
const KEY = "\u25cf held \u00b7 \u2715 breached \u00b7 \u25cb undecided. The lines join the medians of what is sustained.";

export function rateLatencyPanel(page) {
  const chart = new RateLatencyChart({ name: "Latency over the offered rate", height: 280 });
  const names = choice("Workload", (key) => page.choose("workload", key));
  const runs = selection("Search", (key) => page.choose("search", key));
  const parts = choice("Rates", (key) => page.choose("rates", key));
  const box = panel({ id: "rate-latency", title: "Latency over the offered rate", wide: true, hint: KEY }, chart.element);
  box.tools.append(runs.element, names.element, parts.element);
  let drawn = "";
  return {
    element: box.element,
    destroy: () => chart.destroy(),
    update(model) {
      const { searches } = model.document;
      const chosen = searches.find((one) => keyOf(one) === page.chosen.search) ?? searches[searches.length - 1];
      const workload = page.workload();
      const groups = chosen && workload ? curveOf(model.trialsOf(chosen), workload, chosen) : [];
      box.show(groups.length > 0);
      if (!groups.length) return;
      const near = groups.filter(({ rate: one }) => isNear(one, chosen));
      const part = near.length > 1 && near.length < groups.length ? page.chosen.rates : "";
      const key = JSON.stringify([chosen, workload, part]);
      if (key === drawn) return;
      drawn = key;
      names.set(model.workloads.map((name) => ({ key: name, name })), workload);
      runs.set(searches.map((one) => ({ key: keyOf(one), name: model.run(one) || "template" })), keyOf(chosen));
      parts.set(near.length > 1 && near.length < groups.length ? PARTS : [], part ?? "");
      chart.show(part ? near : groups, boundsOf(chosen));
    },
  };
}

function isNear(one, { lowerMessagesPerSecond: lower, upperMessagesPerSecond: upper }) {
  return one * NEAR >= (lower ?? Infinity) && one <= (upper ?? 0) * NEAR;
}

function keyOf({ point, repeat }) {
  return `${point}.${repeat}`;
}

function boundsOf({ lowerMessagesPerSecond: lower, upperMessagesPerSecond: upper, isLowerConfirmed }) {
  return [
    lower != null && { rate: lower, name: `${isLowerConfirmed ? "sustained" : "held"} ${rate(lower)}`, color: "--good", before: true },
    upper != null && { rate: upper, name: `not sustained ${rate(upper)}`, color: "--bad", before: false },
  ].filter(Boolean);
}
