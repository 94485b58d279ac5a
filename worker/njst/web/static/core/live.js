/** A job as it goes on: server-sent events that are asked for again after a broken connection. */

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 8000;

/**
 * Follow a job. An EventSource reconnects by itself, and tells the worker the last event that it
 * got; when the worker refuses (it starts, or has no control NATS), it gives up, and a new one
 * gets everything again.
 * @param {string} url
 * @param {{ message: (type: string, data: any) => void, lost: () => void }} handlers
 * @returns {() => void} ends it
 */
export function follow(url, handlers) {
  let source;
  let timer = 0;
  let wait = RETRY_FIRST_MS;
  const open = () => {
    source = new EventSource(url);
    for (const type of ["snapshot", "series", "window", "event"]) {
      source.addEventListener(type, (message) => {
        wait = RETRY_FIRST_MS;
        handlers.message(type, JSON.parse(message.data));
      });
    }
    source.addEventListener("end", () => {
      source.close();
      handlers.message("end", null);
    });
    source.onerror = () => {
      handlers.lost();
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, RETRY_MOST_MS);
    };
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
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
