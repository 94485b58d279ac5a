/** How long ago something was. */

import { h } from "./dom.js";
import { duration } from "./format.js";

/** Return a time as "5 min ago", with the exact one as its title. */
export function ago(text) {
  const seconds = Math.max(0, (Date.now() - Date.parse(text)) / 1000);
  if (seconds < 60) return "just now";
  return h("time", { datetime: text, title: new Date(text).toLocaleString() }, `${duration(Math.floor(seconds / 60) * 60)} ago`);
}
