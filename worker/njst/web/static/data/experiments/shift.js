/** How much each percentile of one setting is higher than that of another one, run by run. */

import { isProven, median, numbersOf, pointText } from "./model.js";

/** Of how many messages one is slower: the place of a percentile on the axis. */
export const SHIFT_PERCENTILES = [
  { key: "p50", name: "p50", x: 2 },
  { key: "p90", name: "p90", x: 10 },
  { key: "p99", name: "p99", x: 100 },
  { key: "p999", name: "p99.9", x: 1000 },
  { key: "max", name: "max", x: 10_000 },
];

/**
 * Return which points a comparison of a factor sets beside each other, in the order of
 * `comparisons`: each value with the first one that has the same other values.
 * @returns {{ first: number, second: number, others: string }[]}
 */
export function pairsOf(points, factor) {
  const bases = new Map();
  return points.flatMap((point, number) => {
    const others = Object.fromEntries(Object.entries(point).filter(([name]) => name !== factor));
    const key = JSON.stringify(others);
    if (!bases.has(key)) bases.set(key, number);
    return bases.get(key) === number ? [] : [{ first: bases.get(key), second: number, others: pointText(others) }];
  });
}

/**
 * Return the ratio of each percentile in the runs: the median, and the lowest and highest of all.
 * Runs of one round are a pair, unless the order was Sequential; then each is set beside each.
 * @returns {{ runs: number, isPaired: boolean, rows: { key: string, name: string, x: number,
 *   middle: number, low: number, high: number }[] }}
 */
export function shiftOf(document, pair, workload) {
  const withUnproven = document.spec.comparison?.withUnproven;
  const isPaired = document.spec.order !== "Sequential";
  const side = (point) =>
    document.trials
      .filter((one) => one.plan.point === point && (withUnproven || isProven(one)))
      .map((one) => ({ repeat: one.plan.repeat, latency: numbersOf(one, workload)?.latencyMicroseconds }))
      .filter((one) => one.latency);
  const [first, second] = [side(pair.first), side(pair.second)];
  const couples = first.flatMap((a) => second.filter((b) => !isPaired || a.repeat === b.repeat).map((b) => [a.latency, b.latency]));
  const rows = SHIFT_PERCENTILES.map((one) => {
    const ratios = couples.filter(([a, b]) => a[one.key] && b[one.key]).map(([a, b]) => b[one.key] / a[one.key]);
    return { ...one, middle: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
  });
  const runs = isPaired ? couples.length : Math.min(first.length, second.length);
  return { runs, isPaired, rows: rows.filter((one) => one.middle !== null) };
}

/** The fewest runs of each side with which a difference of one number can count at a confidence. */
export function fewestRuns(isPaired, confidencePercent) {
  const alpha = 1 - confidencePercent / 100;
  let runs = 1;
  // Without a true difference, each of 2^n signs, or of C(2n, n) orders, is as likely.
  let orders = 2;
  while (2 / orders > alpha) {
    orders *= isPaired ? 2 : (2 * (2 * runs + 1)) / (runs + 1);
    runs += 1;
  }
  return runs;
}

/** What the runs of a shift allow to say. */
export function shiftWords({ runs, isPaired }, confidencePercent) {
  if (!runs) return "There are no runs to compare yet: both settings need one that is valid, and whose load tester was not the limit.";
  const noun = isPaired ? "pair" : "run of each side";
  if (runs === 1) return `One ${noun}: there is no band, and nothing is inferred. Repeat the trials.`;
  const fewest = fewestRuns(isPaired, confidencePercent);
  const all = isPaired ? `${runs} pairs of runs` : `all pairs of ${runs} runs or more of each side`;
  const words = `The band holds ${all}, from the lowest ratio to the highest one; the line is the median.`;
  return runs < fewest ? `${words} Too few: no difference can count at ${confidencePercent} % with fewer than ${fewest} ${isPaired ? "pairs" : "runs of each side"}.` : words;
}
