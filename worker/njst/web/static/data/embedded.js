/** What stands in the page itself: the settings of the live page, or the data of a report. */

import { inflate } from "./hdr.js";

let settings = null;

/** Return the settings of the page: `version`, `defaults`, `examples`. */
export function embedded() {
  settings ??= JSON.parse(document.getElementById("njst-page")?.textContent ?? "{}");
  return settings;
}

/** Return the data of a report in one file; null on the live page. */
export async function reportData() {
  const element = document.getElementById("njst-data");
  if (!element) return null;
  const packed = Uint8Array.from(atob(JSON.parse(element.textContent)), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(await inflate(packed, "gzip")));
}
