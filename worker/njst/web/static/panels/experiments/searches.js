/** The searches of an experiment: how each ended, and its bounds. */

import { h, keyed } from "../../core/dom.js";
import { count, words } from "../../core/format.js";
import { panel } from "../panel.js";

const TONES = { Found: "good", LowerBound: "good", NotFound: "bad", Unstable: "bad", Running: "busy" };
const COLUMNS = ["Point", "Repeat", "Outcome", "Sustained", "Not sustained", "Trials", "Why"];

export function searchesPanel() {
  const body = h("div", { class: "table-scroll tall", tabindex: "0", role: "region", "aria-label": "Searches" });
  const show = keyed(body);
  const box = panel({ id: "searches", title: "Searches", wide: true }, body);
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const { searches } = model.document;
      box.show(searches.length > 1);
      show(JSON.stringify(searches), () => table(model, searches));
    },
  };
}

function table(model, searches) {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, COLUMNS.map((name, i) => h("th", { scope: "col", class: i > 2 && i < 6 ? "number" : "" }, name)))),
    h("tbody", {}, searches.map((one) => row(model, one))),
  );
}

function row(model, one) {
  const lower = one.lowerMessagesPerSecond;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, model.point(one.point) || "template"),
    h("td", {}, one.repeat),
    h("td", {}, h("span", { class: `pill ${TONES[one.outcome] ?? "warn"}` }, words(one.outcome))),
    h("td", { class: "number" }, lower == null ? "\u2013" : `${count(lower)}/s`, lower != null && !one.isLowerConfirmed && h("small", {}, "not confirmed")),
    h("td", { class: "number" }, one.upperMessagesPerSecond == null ? "\u2013" : `${count(one.upperMessagesPerSecond)}/s`),
    h("td", { class: "number" }, count(one.trials)),
    h("td", { class: "words" }, one.message),
  );
}
