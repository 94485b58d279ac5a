/** What the page knows of a job, from its document, its report and its course. */

import { Course, courseOfReport } from "./course.js";

const ENDED = ["Succeeded", "Failed", "Cancelled"];

/** A job; panels read it and change nothing. */
export class JobModel {
  constructor(id) {
    this.id = id;
    this.job = null;
    this.report = null;
    this.course = new Course();
    this.receivedAt = 0;
  }

  get loaded() {
    return this.job !== null;
  }

  get ended() {
    return this.job !== null && ENDED.includes(this.job.phase);
  }

  /** Results of the workloads: of the report once there is one, else so far. */
  get workloads() {
    return this.report?.workloads ?? this.job?.workloads ?? [];
  }

  get spec() {
    return this.job?.spec ?? {};
  }

  get thresholds() {
    return this.report?.thresholds ?? this.job?.thresholds ?? [];
  }

  get tester() {
    return this.report?.tester ?? this.job?.tester ?? null;
  }

  /** What was left out of the report or the course, and why. */
  get omitted() {
    return [...new Set([this.report?.omitted, this.course.omitted].filter(Boolean))];
  }

  /** The spec of a workload. */
  specOf(name) {
    return this.spec.workloads?.find((one) => one.name === name) ?? {};
  }

  /** The seconds since the common start: until now, or until the end. */
  elapsed(nowMs) {
    if (!this.job?.startTime) return null;
    const end = this.job.completionTime ? Date.parse(this.job.completionTime) : nowMs;
    return Math.max(0, (end - Date.parse(this.job.startTime)) / 1000);
  }

  /** Take the final report, and its course where the job has no better one. */
  takeReport(report) {
    this.report = report;
    const course = courseOfReport(report);
    if (course && !(this.course.length && this.course.ended)) this.course = course;
  }
}

/** How long a workload is by its spec, in seconds; null where a number of messages ends it. */
export function plannedSeconds(spec) {
  if (spec.stages?.length) return spec.stages.reduce((sum, one) => sum + one.durationSeconds, 0);
  return spec.durationSeconds ?? null;
}

/** Which workloads of a job can have a backlog: pairs of a publisher and a consumer of a stream. */
export function backlogPairs(spec) {
  const workloads = spec.workloads ?? [];
  return workloads
    .filter((one) => one.consume && one.stream)
    .map((reader) => ({
      stream: reader.stream,
      reader: reader.name,
      writers: workloads.filter((one) => one.publish && one.stream === reader.stream).map((one) => one.name),
    }))
    .filter((pair) => pair.writers.length);
}
