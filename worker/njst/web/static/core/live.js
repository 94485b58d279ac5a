/** A job as it goes on: server-sent events that are asked for again after a broken connection. */

import { ApiError, ask } from "./api.js";
import { EventStreamParser } from "./event_stream.js";

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 8000;

/**
 * Follow a job. After a broken connection the worker is told the last event that came, so that none
 * is missed or comes twice.
 * @param {string} url
 * @param {{ message: (type: string, data: any) => void, lost: () => void }} handlers
 * @returns {() => void} ends it
 */
export function follow(url, handlers) {
  const stop = new AbortController();
  keepFollowing(url, handlers, stop.signal);
  return () => stop.abort();
}

async function keepFollowing(url, handlers, signal) {
  let last = "";
  let wait = RETRY_FIRST_MS;
  const take = (message) => {
    wait = RETRY_FIRST_MS;
    last = message.id;
    handlers.message(message.type, message.type === "end" ? null : JSON.parse(message.data));
    return message.type === "end";
  };
  while (!signal.aborted) {
    try {
      const headers = last ? { "last-event-id": last } : {};
      const answer = await ask(url, { headers, signal });
      // 204: the job is over, and its end has come before.
      if (answer.status === 204 || (await readAll(answer.body, take))) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError || error instanceof TypeError)) throw error;
    }
    handlers.lost();
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, RETRY_MOST_MS);
  }
}

/** Give each message of a stream to `take`; true if one was the last. */
async function readAll(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventStreamParser();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    if (parser.feed(value).map(take).includes(true)) return true;
  }
}

/** Call `task` now and again, each time `seconds` after it ended; not while the page is hidden. */
export function repeat(task, seconds) {
  let timer = 0;
  let ended = false;
  const next = async () => {
    if (!document.hidden) await task();
    if (!ended) timer = setTimeout(next, seconds * 1000);
  };
  const shown = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    next();
  };
  document.addEventListener("visibilitychange", shown);
  next();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", shown);
  };
}
