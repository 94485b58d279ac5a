/** The trials of a search by their offered rate, and which of them are sustained. */

import { numbersOf } from "./model.js";

export const CURVE_PERCENTILES = ["p50", "p99", "p999"];

/**
 * Return the rates that were tried, lowest first.
 * @param {any[]} trials Those of one run.
 * @param {string} workload Whose latencies.
 * @param {any} search Its bounds: a rate is sustained if it is below the upper one, and most of its
 *   trials held.
 * @returns {{ rate: number, sustained: boolean, trials: any[] }[]}
 */
export function curveOf(trials, workload, search) {
  const { lowerMessagesPerSecond: lower, upperMessagesPerSecond: upper } = search;
  const number = (own, name) => own.filter((one) => one.judgement === name).length;
  const byRate = new Map();
  for (const trial of trials) {
    const rate = trial.plan.messagesPerSecond;
    const latency = numbersOf(trial, workload)?.latencyMicroseconds;
    if (rate == null || !latency) continue;
    byRate.set(rate, [...(byRate.get(rate) ?? []), { ...trial, latency }]);
  }
  return [...byRate]
    .sort(([a], [b]) => a - b)
    .map(([rate, own]) => ({ rate, trials: own, sustained: lower != null && rate < (upper ?? Infinity) && number(own, "Held") > number(own, "Breached") }));
}

/** How many trials had each judgement, in words: "2 held, 1 breached". */
export function judgements(trials) {
  return ["Held", "Breached", "Undecided"]
    .map((name) => [trials.filter((one) => one.judgement === name).length, name.toLowerCase()])
    .filter(([number]) => number)
    .map(([number, name]) => `${number} ${name}`)
    .join(", ");
}
