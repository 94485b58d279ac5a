/** Read-back: acknowledged = found + lost + removed + unchecked. */

import { h, keyed } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { panel } from "../panel.js";

const PARTS = [
  { key: "found", name: "found", tone: "good" },
  { key: "lost", name: "lost", tone: "bad" },
  { key: "removed", name: "removed", tone: "warn" },
  { key: "unchecked", name: "unchecked", tone: "quiet" },
];
const EXTRAS = [
  { key: "consumed", name: "found as consumed from the work queue" },
  { key: "recovered", name: "stored without an acknowledgement" },
  { key: "duplicated", name: "stored twice", bad: true },
  { key: "corrupted", name: "changed", bad: true },
  { key: "unexpected", name: "never sent", bad: true },
];

export function readBackPanel() {
  const body = h("div", { class: "read-backs" });
  const show = keyed(body);
  const box = panel(
    { id: "read-back", title: "Read-back", hint: "Each acknowledged message must be in its stream; the workers read the streams back after the load." },
    body,
  );
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const known = model.workloads.filter((one) => one.readBack);
      box.show(known.length > 0);
      show(JSON.stringify(known.map((one) => [one.workload, one.readBack])), () => known.map(balance));
    },
  };
}

function balance({ workload, readBack: seen }) {
  const parts = PARTS.filter((part) => seen[part.key] > 0 || part.key === "found" || part.key === "lost");
  const bar = h(
    "div",
    { class: "balance", "aria-hidden": "true" },
    parts.filter((part) => seen[part.key] > 0).map((part) => {
      const piece = h("span", { class: `back-${part.tone}` });
      piece.style.flexGrow = String(seen[part.key]);
      return piece;
    }),
  );
  const sum = parts.flatMap((part, i) => [
    i ? " + " : " = ",
    h("span", { class: seen[part.key] && part.tone !== "good" ? `tone-${part.tone}` : "" }, `${count(seen[part.key])} ${part.name}`),
  ]);
  const extras = EXTRAS.filter((one) => seen[one.key] > 0).map((one) =>
    h("li", { class: one.bad ? "tone-bad" : "" }, `${count(seen[one.key])} ${one.name}`),
  );
  const why = [...(seen.reasons ?? []), ...(seen.removedBy ?? [])].join(", ");
  return h(
    "div",
    { class: "read-back" },
    h("p", {}, h("b", {}, workload), ": ", `${count(seen.acknowledged)} acknowledged`, sum),
    bar,
    extras.length > 0 && h("ul", {}, extras),
    why && h("p", { class: "note" }, `Why: ${why}`),
    seen.words && h("p", { class: "note" }, seen.words),
  );
}
