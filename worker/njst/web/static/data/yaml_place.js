/** Finds the line of a field in YAML that a person writes: no parser, indentation and names. */

/**
 * Return the number of the line, from 0, of a field such as `spec.workloads[1].publish.window`;
 * that of its nearest known parent where it has none of its own.
 * @param {string} text
 * @param {string} field
 */
export function lineOf(text, field) {
  const all = text.split("\n");
  const steps = field.match(/[^.[\]]+/g) ?? [];
  let from = 0;
  let to = all.length;
  let found = 0;
  for (const [i, step] of steps.entries()) {
    const line = /^\d+$/.test(step) ? itemLine(all, from, to, Number(step)) : keyLine(all, from, to, step);
    if (line === null) {
      if (i === 0 && step === "spec") continue; // a bare spec has no spec around it
      break;
    }
    found = line;
    from = line;
    to = endOf(all, line, to, /^\d+$/.test(step));
  }
  return found;
}

const indent = (line) => line.search(/\S/);
const isText = (line) => /^\s*[^#\s]/.test(line);

/** Return where the block that begins at a line ends. */
function endOf(all, line, to, isItem) {
  const depth = indent(all[line]);
  for (let i = line + 1; i < to; i++) {
    if (!isText(all[i])) continue;
    const same = indent(all[i]) === depth && all[i].trimStart().startsWith("- ") && !isItem;
    if (indent(all[i]) <= depth && !same) return i;
  }
  return to;
}

function keyLine(all, from, to, key) {
  const named = new RegExp(`(^|[\\s{,-])["']?${key.replace(/[^\w-]/g, "\\$&")}["']?\\s*:`);
  for (let i = from; i < to; i++) if (isText(all[i]) && named.test(all[i])) return i;
  return null;
}

function itemLine(all, from, to, number) {
  let depth = null;
  let seen = -1;
  for (let i = from; i < to; i++) {
    if (!/^\s*- /.test(all[i])) continue;
    depth ??= indent(all[i]);
    if (indent(all[i]) === depth && ++seen === number) return i;
  }
  return null;
}
