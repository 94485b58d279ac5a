/** What the page says in sentences. */

import { duration, plural, words } from "../core/format.js";
import { LATENCIES } from "./course.js";

/** Tone and word of a job's outcome. */
export function outcome(job) {
  if (job.phase === "Succeeded") return { tone: "good", mark: "\u2713", word: "Passed" };
  if (job.phase === "Cancelled") return { tone: "quiet", mark: "\u25a0", word: "Cancelled" };
  if (job.phase === "Failed" && job.verdict === "Unknown") return { tone: "warn", mark: "?", word: "Unknown" };
  if (job.phase === "Failed") return { tone: "bad", mark: "\u2717", word: "Failed" };
  if (job.phase === "Cancelling") return { tone: "warn", mark: "\u25a0", word: "Cancelling" };
  if (job.phase === "Suspended") return { tone: "quiet", mark: "\u2016", word: "Suspended" };
  if (job.phase === "Running") return { tone: "busy", mark: "\u25cf", word: "Running" };
  return { tone: "quiet", mark: "\u25cb", word: "Waiting" };
}

const VERDICTS = {
  Valid: "Everything that was asked for held.",
  Invalid: "Something that was asked for did not hold.",
  Unknown: "A part of the proof is missing.",
};

/** The verdict in one sentence. */
export function verdictSentence(job, model) {
  if (!model.ended) return waitingSentence(job, model);
  const missed = model.thresholds.filter((one) => one.verdict !== "Valid").length;
  if (job.reason === "ThresholdsFailed" || job.reason === "Regression") return `${missed} of ${plural(model.thresholds.length, "threshold")} missed.`;
  return VERDICTS[job.verdict] ?? "";
}

function waitingSentence(job, model) {
  const ahead = job.waitsFor?.length ?? 0;
  if (ahead) return `In the queue behind ${plural(ahead, "job")}:`;
  if (job.reason === "ReadingBack") return "The load has ended; the workers read back what was acknowledged.";
  const left = remainingSeconds(model);
  if (job.phase === "Running" && left != null) return `About ${duration(Math.ceil(left))} left.`;
  return "";
}

/** How long the load goes on, in seconds; null where the spec does not say. */
function remainingSeconds(model) {
  const total = plannedTotal(model.spec);
  const elapsed = model.elapsed(Date.now());
  return total == null || elapsed == null ? null : Math.max(0, total - elapsed);
}

/** How long all workloads are together by the spec, in seconds; null where a number ends one. */
export function plannedTotal(spec) {
  const ends = new Map();
  const byName = new Map((spec.workloads ?? []).map((one) => [one.name, one]));
  const end = (name, path) => {
    if (ends.has(name)) return ends.get(name);
    const one = byName.get(name);
    const length = !one || path.includes(name) ? null : lengthOf(one);
    const starts = length == null ? [null] : (one.after ?? []).map((other) => end(other, [...path, name]));
    const result = length == null || starts.includes(null) ? null : Math.max(0, ...starts) + (one.startSeconds ?? 0) + length;
    ends.set(name, result);
    return result;
  };
  const all = [...byName.keys()].map((name) => end(name, []));
  return !all.length || all.includes(null) ? null : Math.max(...all);
}

function lengthOf(workload) {
  if (workload.stages?.length) return workload.stages.reduce((sum, one) => sum + one.durationSeconds, 0);
  return workload.durationSeconds ?? null;
}

const METRICS = {
  ErrorsPerMillion: "Errors per million",
  MessagesPerSecond: "Rate",
  BytesPerSecond: "Byte rate",
  LongestOutageMicroseconds: "Longest outage",
};

/** The name of a threshold's metric. */
export function metricName(metric) {
  const percentile = percentileOf(metric);
  if (percentile) return `${LATENCIES.find((one) => one.key === percentile.kind).name} ${percentile.name}`;
  return METRICS[metric] ?? words(metric);
}

/**
 * Return which latency and which percentile a metric is about: `LatencyP999Microseconds` is
 * `{ kind: "latency", key: "p999", name: "p99.9" }`; null for other metrics.
 */
export function percentileOf(metric) {
  const match = /^(Latency|Service|Slip|Stored|Delivered)(P\d+|Max)Microseconds$/.exec(metric);
  if (!match) return null;
  const key = match[2].toLowerCase();
  return { kind: match[1].toLowerCase(), key, name: key.replace(/^p99(9+)$/, "p99.$1") };
}

const LIMITS = {
  HasReserve: "The target was the limit, and the tester had reserve.",
  CpuThrottled: "The tester was the limit: the CPU limit of its container stopped it.",
  CpuContended: "The tester was the limit: load processes waited for a core.",
  ProcessBusy: "The tester was the limit: a load process used a whole core.",
  SendsLate: "The tester was the limit: it sent late.",
  TargetOutage: "The target was away: a client had no connection.",
  BackPressure: "The target or the network was the limit: a connection accepted no more bytes.",
  TooShort: "The load was too short to tell.",
  WindowFull: "The target or the window was the limit: messages were due while the window was full.",
};

/** Who was the limit, in one sentence. */
export function limitSentence(tester) {
  return LIMITS[tester.reason] ?? tester.reason;
}
