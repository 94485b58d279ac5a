/** Dark and light: the system's choice until the reader chooses. */

const KEY = "njst-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };
const listeners = new Set();

/** Return the chosen theme: system, light or dark. */
export function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

/** Take the theme that was chosen before, and follow the system where none was. */
export function start() {
  try {
    set(localStorage.getItem(KEY) ?? "system", false);
  } catch {
    set("system", false); // a file has no storage in some browsers
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** Choose the next theme. */
export function advance() {
  set(NEXT[theme()], true);
}

/** Call `listener` after each change; returns a function that ends this. */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(name, keep) {
  if (name === "light" || name === "dark") document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  try {
    if (keep) localStorage.setItem(KEY, name);
  } catch {
    // the choice holds until the page is closed
  }
  changed();
}

function changed() {
  for (const listener of listeners) listener();
}
