/** What the page knows of an experiment, from its document. */

/** An experiment; panels read it and change nothing. */
export class ExperimentModel {
  constructor(id) {
    this.id = id;
    this.document = null;
  }

  get loaded() {
    return this.document !== null;
  }

  get ended() {
    return this.document?.verdict != null;
  }

  get trials() {
    return this.document.trials;
  }

  get isSearch() {
    return this.document.spec.search != null;
  }

  /** How many trials there are in all; null where a search decides. */
  get planned() {
    const { points, spec } = this.document;
    return this.isSearch ? null : points.length * spec.repeats;
  }

  /** The workloads with latencies, in the order of the template. */
  get workloads() {
    const known = new Set(this.trials.flatMap((one) => (one.workloads ?? []).filter((some) => some.latencyMicroseconds).map((some) => some.workload)));
    return this.document.spec.template.workloads.map((one) => one.name).filter((name) => known.has(name));
  }

  /** The name of a point: its values by factor; empty without factors. */
  point(number) {
    return pointText(this.document.points[number] ?? {});
  }

  /** The name of a run: its point and, where there are several, its repeat. */
  run({ point, repeat }) {
    const repeats = this.document.spec.repeats > 1 ? `repeat ${repeat}` : "";
    return [this.point(point), repeats].filter(Boolean).join(", ");
  }

  /** The trials of a run. */
  trialsOf({ point, repeat }) {
    return this.trials.filter(({ plan }) => plan.point === point && plan.repeat === repeat);
  }

  /** Whether a job of a trial is still in the log. */
  hasJob(id) {
    return !(this.document.forgottenJobs ?? []).includes(id);
  }
}

/** Return the values of a point in words. */
export function pointText(point) {
  return Object.entries(point)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

/** The numbers of a workload in a trial. */
export function numbersOf(trial, workload) {
  return (trial.workloads ?? []).find((one) => one.workload === workload);
}

/** Whether a trial says something about the target, as comparisons ask. */
export function isProven(trial) {
  return trial.verdict === "Valid" && !trial.isTesterLimited;
}

/** The median of some numbers; null of none. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (!sorted.length) return null;
  return middle % 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
