/** JSON-like data as YAML, in lines that can be folded and compared. */

const PLAIN = /^[A-Za-z_$][\w .$>*/:-]*$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

/** Return a value as it stands in YAML. */
export function scalar(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  const plain = PLAIN.test(value) && !RESERVED.test(value) && !/: |:$| $| #/.test(value);
  return plain ? value : JSON.stringify(value);
}

/**
 * Return the lines of a document: each with its indentation, its text and its path,
 * `workloads[0].publish.window`.
 * @returns {{ depth: number, text: string, path: string, leaf: boolean, value: any }[]}
 */
export function lines(data, depth = 0, path = "") {
  return Object.entries(data).flatMap(([key, value]) => entry(`${key}:`, value, depth, path ? `${path}.${key}` : key));
}

function entry(head, value, depth, path) {
  if (Array.isArray(value) && value.some((one) => one !== null && typeof one === "object")) {
    return [
      { depth, text: head, path, leaf: false, value },
      ...value.flatMap((one, i) => item(one, depth, `${path}[${i}]`)),
    ];
  }
  if (Array.isArray(value)) return [{ depth, text: `${head} [${value.map(scalar).join(", ")}]`, path, leaf: true, value }];
  if (value !== null && typeof value === "object") {
    const inner = lines(value, depth + 1, path);
    return [{ depth, text: inner.length ? head : `${head} {}`, path, leaf: !inner.length, value }, ...inner];
  }
  return [{ depth, text: `${head} ${scalar(value)}`, path, leaf: true, value }];
}

function item(value, depth, path) {
  const inner = lines(value, depth + 1, path);
  if (!inner.length) return [{ depth, text: "- {}", path, leaf: true, value }];
  const [first, ...rest] = inner;
  return [{ ...first, depth, text: `- ${first.text}` }, ...rest];
}

/** Return a document as text. */
export function yaml(data) {
  return lines(data)
    .map((line) => `${"  ".repeat(line.depth)}${line.text}`)
    .join("\n")
    .concat("\n");
}
