/** Thresholds: the measured value beside its bound, and how far away it is. */

import { h, keyed } from "../../core/dom.js";
import { bytes, count, digits, latency } from "../../core/format.js";
import { metricName, percentileOf } from "../../data/words.js";
import { panel } from "../panel.js";

const MARKS = {
  Valid: { tone: "good", text: "\u2713 kept" },
  Invalid: { tone: "bad", text: "\u2717 missed" },
  Unknown: { tone: "warn", text: "? undecided" },
};

export function thresholdsPanel() {
  const body = h("div", { class: "table-scroll" });
  const show = keyed(body);
  const box = panel({ id: "thresholds", title: "Thresholds" }, body);
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const rows = model.thresholds.length ? model.thresholds : soFar(model);
      box.show(rows.length > 0);
      show(JSON.stringify([rows, model.ended]), () => table(rows, model.ended));
      box.say(model.ended || !rows.length ? "" : "The values are those so far; thresholds are judged when the job ends.");
    },
  };
}

/** Return the thresholds of the spec with what was measured so far, one row for each workload. */
function soFar({ spec, workloads }) {
  return (spec.thresholds ?? []).flatMap((one) => {
    const named = one.workload != null ? [one.workload] : workloads.map((result) => result.workload);
    const names = named.filter((name) => name !== one.relativeToWorkload);
    return names.map((name) => ({ ...one, workload: name, value: valueOf(one.metric, workloads.find((result) => result.workload === name)) }));
  });
}

function valueOf(metric, result) {
  if (!result || !result.attempted) return undefined;
  const percentile = percentileOf(metric);
  if (percentile) return result[`${percentile.kind}Microseconds`]?.[percentile.key];
  const errors = (result.errors ?? []).reduce((sum, one) => sum + one.count, 0);
  if (metric === "Errors") return errors;
  if (metric === "ErrorsPerMillion") return Math.ceil((errors / result.attempted) * 1e6);
  const fields = {
    Messages: "messages",
    MessagesPerSecond: "messagesPerSecond",
    BytesPerSecond: "bytesPerSecond",
    Redelivered: "redelivered",
    LongestOutageMicroseconds: "longestOutageUs",
    BacklogMessages: "backlogMessages",
  };
  return result[fields[metric]];
}

function table(rows, ended) {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ["Workload", "Metric", "Bound", "Value", "Margin", "Result"].map((text, i) => h("th", { scope: "col", class: i === 2 || i === 3 ? "number" : "" }, text)))),
    h("tbody", {}, rows.map((one) => row(one, ended))),
  );
}

function row(one, ended) {
  const mark = one.verdict ? (MARKS[one.verdict] ?? MARKS.Unknown) : { tone: isKept(one) ? "quiet" : "warn", text: "not judged yet" };
  const noData = ended && one.value == null;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, one.workload ?? "each workload"),
    h("td", {}, metricName(one.metric)),
    h("td", { class: "number" }, boundWords(one)),
    h("td", { class: "number" }, one.value == null ? (noData ? "no data" : "\u2013") : `${one.isLowerBound ? "\u2265 " : ""}${unit(one.metric, one.value)}`),
    h("td", {}, one.value == null || (one.atMost ?? one.atLeast) == null ? "\u2013" : margin(one, mark.tone)),
    h("td", { class: `tone-${mark.tone}` }, mark.text),
  );
}

/** The bound, and what it is in percent of; before the end the value of a baseline is not known here. */
function boundWords(one) {
  const sign = one.atMost != null || one.atMostPercent != null ? "\u2264" : "\u2265";
  const bound = one.atMost ?? one.atLeast;
  const percent = one.atMostPercent ?? one.atLeastPercent;
  if (percent == null) return `${sign} ${unit(one.metric, bound)}`;
  const whole = one.relativeTo != null ? `baseline ${one.relativeTo}` : one.relativeToWorkload;
  const share = `${percent} % of ${whole}`;
  return bound == null ? `${sign} ${share}` : `${sign} ${unit(one.metric, bound)} (${share})`;
}

function isKept(one) {
  return one.value == null || !(one.value > (one.atMost ?? Infinity) || one.value < (one.atLeast ?? -Infinity));
}

/** Return a bar from 0 to twice the bound, with the bound in its middle, and the margin in words. */
function margin(one, tone) {
  const bound = one.atMost ?? one.atLeast;
  const share = bound === 0 ? (one.value === 0 ? 0 : 1) : Math.min(one.value / bound / 2, 1);
  const fill = h("span", { class: `margin-fill back-${tone}` });
  fill.style.width = `${share * 100}%`;
  return h("div", { class: "margin" }, h("span", { class: "margin-bar", "aria-hidden": "true" }, fill, h("i", {})), h("span", {}, marginWords(one, bound)));
}

function marginWords(one, bound) {
  if (bound === 0) return one.value === 0 ? "at the bound" : "above";
  const away = (one.value / bound - 1) * 100;
  if (Math.abs(away) < 0.05) return "at the bound";
  return Math.abs(away) > 999 ? `${digits(one.value / bound)} times` : `${away > 0 ? "+" : "\u2212"}${digits(Math.abs(away))} %`;
}

function unit(metric, value) {
  if (metric.endsWith("Microseconds")) return latency(value);
  if (metric === "BytesPerSecond") return `${bytes(value)}/s`;
  return metric === "MessagesPerSecond" ? `${count(value)}/s` : count(value);
}
