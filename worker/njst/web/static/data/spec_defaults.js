/** Which fields of a spec are as they are by default. */

import { embedded } from "./embedded.js";

/** Whether a value is the default of its field; false where no default is known. */
export function isDefault(path, value) {
  const defaults = embedded().defaults ?? {};
  const pattern = path.replace(/\[[^\]]*\]/g, "[]");
  return pattern in defaults && JSON.stringify(defaults[pattern]) === JSON.stringify(value);
}

/** Return a spec without what is as by default. */
export function withoutDefaults(data, path = "") {
  if (Array.isArray(data)) return data.map((one, i) => withoutDefaults(one, `${path}[${i}]`));
  if (data === null || typeof data !== "object") return data;
  const kept = Object.entries(data).flatMap(([key, value]) => {
    const inner = path ? `${path}.${key}` : key;
    if (isDefault(inner, value)) return [];
    const left = withoutDefaults(value, inner);
    return isDefault(inner, left) ? [] : [[key, left]];
  });
  return Object.fromEntries(kept);
}

/** Return the values of a spec by path. */
export function flatten(data, path = "", found = new Map()) {
  if (data !== null && typeof data === "object") {
    for (const [key, value] of Object.entries(data)) {
      const inner = Array.isArray(data) ? `${path}[${data[key]?.name ?? key}]` : path ? `${path}.${key}` : key;
      flatten(value, inner, found);
    }
  } else {
    found.set(path, data);
  }
  return found;
}
