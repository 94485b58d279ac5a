/** One row for each participant, of the course while the job runs, of the report afterwards. */

/** What makes the ID of a worker unique among those of its name. */
const NONCE = /-[0-9a-f]{6}$/;

/**
 * Return the rows of the workers table. Shares are in percent of the time of the load, times in us.
 * @param {import("./model.js").JobModel} model
 * @param {any[]} members of the cluster, which know names, zones and versions
 */
export function workerRows(model, members) {
  const known = new Map(members.map((one) => [one.worker, one]));
  const live = new Map(model.course.workers.map((one) => [one.worker, one]));
  const done = new Map((model.report?.workers ?? []).map((one) => [one.worker, one]));
  const ids = model.job.participants.length ? model.job.participants : [...new Set([...done.keys(), ...live.keys()])];
  return ids.map((id) => row(id, done.get(id) ?? {}, live.get(id) ?? {}, known.get(id) ?? {}));
}

function row(id, done, live, member) {
  const workloads = done.workloads ?? live.workloads ?? [];
  const cost = done.cost ?? live.cost;
  const sum = (read) => workloads.reduce((total, one) => total + (read(one) ?? 0), 0);
  const errors = (one) => (Array.isArray(one.errors) ? one.errors.reduce((total, error) => total + error.count, 0) : one.errors);
  const share = (us) => (cost?.elapsedUs ? (us / cost.elapsedUs) * 100 : null);
  return {
    id,
    name: member.name ?? live.name ?? id.replace(NONCE, ""),
    zone: member.zone ?? "",
    version: member.version ?? "",
    outcome: done.outcome ?? live.outcome ?? (live.elapsedSeconds == null ? "" : "Running"),
    problem: done.problem,
    messages: workloads.length ? sum((one) => one.messages) : null,
    rate: live.workloads && !done.workloads ? sum((one) => one.messagesPerSecond) : null,
    errors: workloads.length ? sum(errors) : null,
    reconnects: done.workloads ? sum((one) => one.reconnects) : null,
    late: cost?.lateUs ?? null,
    busiest: cost ? share(cost.busiestCpuUs) : null,
    runDelay: cost ? share(cost.runDelayUs) : null,
    throttled: cost ? share(cost.throttledUs) : null,
    blocked: cost ? share(cost.blockedUs) : null,
    clockError: done.clockErrorUs ?? member.clockErrorUs ?? null,
    cores: cost?.cores ?? member.cores ?? null,
    processes: cost?.processes ?? null,
  };
}

/**
 * Return which of some values is far from the others: more than three times the median distance
 * from the median, and more than `least`.
 * @param {(number | null)[]} values
 * @returns {boolean[]}
 */
export function oddOnes(values, least) {
  const known = values.filter((value) => value != null);
  if (known.length < 3) return values.map(() => false);
  const middle = median(known);
  const spread = median(known.map((value) => Math.abs(value - middle)));
  const limit = Math.max(3 * 1.4826 * spread, least, Math.abs(middle) * 0.1);
  return values.map((value) => value != null && Math.abs(value - middle) > limit);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
