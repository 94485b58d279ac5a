/** The state of the page in its address: `#/jobs/ID?workload=write&zoom=10-40`. */

/** @typedef {{ path: string[], query: URLSearchParams }} Address */

/** Return the address that the browser shows. @returns {Address} */
export function current() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { path: parts, query: new URLSearchParams(query ?? "") };
}

/** Return the link to a view. */
export function link(path, query = {}) {
  const known = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const search = new URLSearchParams(known).toString().replaceAll("%2C", ",");
  return `#/${path.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** Go to a view. */
export function go(path, query = {}) {
  location.hash = link(path, query);
}

/** Remember a setting of the view in the address; null removes it. No new entry of the history. */
export function remember(name, value) {
  const { path, query } = current();
  if (value == null || value === "") query.delete(name);
  else query.set(name, value);
  history.replaceState(null, "", link(path, Object.fromEntries(query)));
}

/** Return a setting of the view. */
export function setting(name) {
  return current().query.get(name);
}
