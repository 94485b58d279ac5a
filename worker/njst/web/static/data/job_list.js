/** The jobs of a mesh, newest first: those that have ended are asked for once, the others often. */

import { ApiError, jobPath, request } from "../core/api.js";

const ACTIVE = ["Pending", "Running", "Cancelling"];
/** After so many refreshes all jobs are asked for: some may have been deleted. */
const WHOLE_EVERY = 20;

export class JobList {
  constructor() {
    this.jobs = [];
    this.hasMore = false;
    this.limit = 50;
    this.refreshes = 0;
  }

  /** Ask for more jobs from now on. */
  grow() {
    this.limit = Math.min(this.limit + 100, 500);
    this.refreshes = 0;
  }

  /**
   * Bring the jobs up to date.
   * @throws {ApiError | TypeError} the worker did not answer
   */
  async refresh() {
    if (this.refreshes % WHOLE_EVERY === 0 || !(await this.loadActive())) await this.loadAll();
    this.refreshes += 1;
  }

  async loadAll() {
    const page = await request(`api/v1/jobs?limit=${this.limit}`);
    this.jobs = page.items;
    this.hasMore = page.next != null && this.limit < 500;
  }

  /** Bring the jobs that have not ended up to date; false if another began and ended meanwhile. */
  async loadActive() {
    const queries = ["limit=1", ...ACTIVE.map((phase) => `limit=500&phase=${phase}`)];
    const [newest, ...pages] = await Promise.all(queries.map((query) => request(`api/v1/jobs?${query}`)));
    const active = new Map(pages.flatMap((page) => page.items).map((job) => [job.id, job]));
    const isKnown = ({ id }) => active.has(id) || this.jobs.some((job) => job.id === id);
    if (!newest.items.every(isKnown)) return false;
    const over = this.jobs.filter((job) => ACTIVE.includes(job.phase) && !active.has(job.id));
    const ended = new Map((await Promise.all(over.map(once))).flat().map((job) => [job.id, job]));
    const gone = new Set(over.map((job) => job.id).filter((id) => !ended.has(id)));
    const known = this.jobs.filter((job) => !gone.has(job.id)).map((job) => ended.get(job.id) ?? active.get(job.id) ?? job);
    const ids = new Set(known.map((job) => job.id));
    const fresh = [...active.values()].filter((job) => !ids.has(job.id));
    this.jobs = [...fresh, ...known].sort((a, b) => b.createTime.localeCompare(a.createTime));
    return true;
  }
}

/** Return a list of a job, which is empty if it was deleted. */
async function once({ id }) {
  try {
    return [await request(jobPath(id))];
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}
