/** What runs prove about each number: the outcome, and the change with its interval, drawn. */

import { h } from "../core/dom.js";
import { bytes, changeOf, count, latency } from "../core/format.js";
import { metricName } from "../data/words.js";

const TONES = { Better: "good", Worse: "bad", Equal: "quiet", Inconclusive: "warn" };
const MARKS = { Better: "\u2713", Worse: "\u2717", Equal: "=", Inconclusive: "?" };
const COLUMNS = ["Workload", "Number", "Outcome", "Runs", "First", "Second", "Change", "Interval", "What it means"];
const NUMBERS = [3, 4, 5, 6];
const MILLION = 1_000_000;

/**
 * Return the table of compared numbers.
 * @param {any[]} metrics
 * @param {number} minEffectPercent The smallest change that matters: it is shaded.
 */
export function comparisonTable(metrics, minEffectPercent) {
  const reach = reachOf(metrics, minEffectPercent);
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, COLUMNS.map((name, i) => h("th", { scope: "col", class: NUMBERS.includes(i) ? "number" : "" }, name)))),
    h("tbody", {}, metrics.map((one) => row(one, reach, minEffectPercent))),
  );
}

/** Return how far the axis of all intervals reaches to either side, as a logarithm of a ratio. */
function reachOf(metrics, minEffectPercent) {
  const ratios = metrics.flatMap((one) => [one.ratioPerMillion, one.lowerPerMillion, one.upperPerMillion]).filter((one) => one > 0);
  return Math.max(...ratios.map((one) => Math.abs(Math.log(one / MILLION))), 2 * Math.log1p(minEffectPercent / 100)) * 1.05;
}

function row(one, reach, minEffectPercent) {
  const tone = TONES[one.outcome] ?? "warn";
  const bounds = one.lowerPerMillion == null ? "none: too few runs" : `${changeOf(one.lowerPerMillion / MILLION)} to ${changeOf(one.upperPerMillion / MILLION)}`;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, one.workload || "whole run"),
    h("td", {}, metricName(one.metric)),
    h("td", {}, h("span", { class: `pill ${tone}` }, `${MARKS[one.outcome] ?? "?"} ${one.outcome}`)),
    h("td", { class: "number" }, `${one.firstRuns} / ${one.secondRuns}`),
    h("td", { class: "number" }, valueOf(one.metric, one.firstMedian)),
    h("td", { class: "number" }, valueOf(one.metric, one.secondMedian)),
    h("td", { class: "number" }, one.ratioPerMillion == null ? "\u2013" : changeOf(one.ratioPerMillion / MILLION)),
    h("td", {}, interval(one, reach, minEffectPercent, tone), h("small", {}, bounds)),
    h("td", { class: "words" }, one.message),
  );
}

/** Return the interval over an axis whose middle is "no change"; what would not matter is shaded. */
function interval(one, reach, minEffectPercent, tone) {
  const place = (logarithm) => 50 + (logarithm / reach) * 50;
  const log = (perMillion) => Math.log(Math.max(perMillion, 1) / MILLION);
  const effect = Math.log1p(minEffectPercent / 100);
  const parts = [span("interval-equal", place(-effect), place(effect)), span("interval-zero", 50)];
  if (one.lowerPerMillion != null) parts.push(span(`interval-bar back-${tone}`, place(log(one.lowerPerMillion)), place(log(one.upperPerMillion))));
  if (one.ratioPerMillion != null) parts.push(span(`interval-dot back-${tone}`, place(log(one.ratioPerMillion))));
  return h("span", { class: "interval", "aria-hidden": "true" }, parts);
}

function span(name, from, to) {
  const element = h("i", { class: name });
  element.style.left = `${from}%`;
  if (to !== undefined) element.style.width = `${Math.max(to - from, 0.5)}%`;
  return element;
}

function valueOf(metric, value) {
  if (value == null) return "\u2013";
  if (metric.endsWith("Microseconds")) return latency(value);
  return `${metric === "BytesPerSecond" ? bytes(value) : count(value)}/s`;
}
