/** Who was the limit: the diagnosis in one sentence, and each share beside its limit. */

import { h, keyed } from "../../core/dom.js";
import { digits } from "../../core/format.js";
import { limitSentence } from "../../data/words.js";
import { panel } from "../panel.js";

/** The limits are those of "Was the load tester the bottleneck?" in docs/workloads.md. */
const SHARES = [
  { key: "busiestPercent", name: "Busiest load process", limit: 95 },
  { key: "runDelayPercent", name: "Waited for a core", limit: 10 },
  { key: "throttledPercent", name: "Stopped by the CPU limit", limit: 2 },
  { key: "blockedPercent", name: "Connection took no bytes", limit: 10 },
];

export function limitPanel() {
  const body = h("div", {});
  const show = keyed(body);
  const box = panel({ id: "limit", title: "Who was the limit" }, body);
  return {
    element: box.element,
    destroy: () => {},
    update({ tester }) {
      box.show(Boolean(tester));
      if (tester) show(JSON.stringify(tester), () => content(tester));
    },
  };
}

function content(tester) {
  return [
    h("p", { class: `lead tone-${tester.limited ? "warn" : tester.reason === "HasReserve" ? "good" : "quiet"}` }, limitSentence(tester)),
    tester.message && tester.reason !== "TooShort" && h("p", { class: "hint" }, tester.message),
    h("div", { class: "bars" }, SHARES.map((one) => bar(one, tester[one.key] ?? 0))),
    h("p", { class: "note" }, `${tester.processes} load processes used ${digits(tester.millicores / 1000)} cores together. The mark on a bar is where it becomes the limit.`),
  ];
}

function bar({ name, limit }, value) {
  const fill = h("span", { class: `bar-fill back-${value >= limit ? "warn" : "accent"}` });
  fill.style.width = `${Math.min(value, 100)}%`;
  const mark = h("i", {});
  mark.style.left = `${limit}%`;
  return h("div", { class: "bar-row" }, h("span", {}, name), h("span", { class: "bar-track", "aria-hidden": "true" }, fill, mark), h("span", { class: "number" }, `${value} %`));
}
