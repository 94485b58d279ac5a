/**
 * Requests to the API of the worker that served this page. Addresses are relative, so that the page
 * works below a path of a proxy as well.
 */

import { authorization, signIn, token } from "./session.js";

/** An answer that is no success: `problem` is its problem document, if it has one. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `the worker answered ${status}`);
    this.status = status;
    this.problem = problem ?? {};
  }
}

/**
 * Return an answer that is a success. A worker that wants a token gets the reader's, who is asked
 * for it.
 * @param {string} path
 * @param {RequestInit} [options]
 * @throws {ApiError} the worker refused the request
 * @throws {TypeError} no worker answered
 */
export async function ask(path, options = {}) {
  const sent = token();
  const headers = { ...options.headers, ...authorization() };
  const answer = await fetch(path, { ...options, headers, cache: "no-cache" });
  if (answer.ok) return answer;
  if (answer.status === 401 && (await signIn(sent))) return ask(path, options);
  const type = answer.headers.get("content-type") ?? "";
  throw new ApiError(answer.status, type.includes("json") ? await answer.json() : null);
}

/** Return the JSON of an answer, as `ask` does. */
export async function request(path, options = {}) {
  const answer = await ask(path, options);
  const type = answer.headers.get("content-type") ?? "";
  return type.includes("json") ? answer.json() : null;
}

/** Return the path of a job, or of something of it. */
export function jobPath(id, rest = "") {
  return `api/v1/jobs/${encodeURIComponent(id)}${rest}`;
}

/** Send a job as text; with `dryRun` it is only checked. */
export function submit(text, dryRun) {
  return request(`api/v1/jobs${dryRun ? "?dryRun=true" : ""}`, {
    method: "POST",
    headers: { "content-type": "application/yaml" },
    body: text,
  });
}

/** Return the path of an experiment, or of something of it. */
export function experimentPath(id, rest = "") {
  return `api/v1/experiments/${encodeURIComponent(id)}${rest}`;
}
