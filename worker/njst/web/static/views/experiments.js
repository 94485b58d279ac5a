/** The experiments, newest first. */

import { h, keyed, setShown, setText } from "../core/dom.js";
import { count, duration, words } from "../core/format.js";
import { link } from "../core/address.js";
import { ago } from "../core/ago.js";
import { request } from "../core/api.js";
import { repeat } from "../core/live.js";
import { outcome } from "../data/words.js";

const EVERY_S = 3;
const MOST = 500;
const COLUMNS = ["Experiment", "Verdict", "Best rate", "Trials", "Outcome", "Took", "Submitted"];
const NUMBERS = [2, 3, 5];

export function experimentsView() {
  let limit = 50;
  const body = h("tbody", {});
  const show = keyed(body);
  const table = h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Experiments", hidden: true },
    h("table", { class: "jobs" }, h("thead", {}, h("tr", {}, COLUMNS.map((name, i) => h("th", { scope: "col", class: NUMBERS.includes(i) ? "number" : "" }, name)))), body),
  );
  const empty = h("p", { class: "loading" }, "Loading the experiments\u2026");
  const trouble = h("p", { class: "notice", role: "status", hidden: true });
  const more = h("button", { type: "button", class: "button", hidden: true, onclick: () => ((limit = Math.min(limit + 100, MOST)), load()) }, "Show more");
  const load = async () => {
    try {
      const { items, next } = await request(`api/v1/experiments?limit=${limit}`);
      show(JSON.stringify(items), () => items.map(row));
      setShown(trouble, false);
      setShown(table, items.length > 0);
      setShown(empty, items.length === 0);
      setText(empty, "No experiments yet. Run one with njst experiment run FILE: it searches the highest rate, or compares settings.");
      setShown(more, next != null && limit < MOST);
    } catch (error) {
      setShown(trouble, true);
      setText(trouble, `No connection to this worker: ${error.message}. The page keeps trying.`);
    }
  };
  document.title = "Experiments \u2013 njst";
  const head = h("div", { class: "head-line" }, h("h1", {}, "Experiments"));
  return { element: h("div", {}, trouble, head, table, empty, more), destroy: repeat(load, EVERY_S) };
}

function row(one) {
  const state = outcome(one);
  const took = one.completionTime ? (Date.parse(one.completionTime) - Date.parse(one.createTime)) / 1000 : null;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: link(["experiments", one.id]) }, one.name || one.id), h("small", {}, one.id)),
    h("td", {}, h("span", { class: `pill ${state.tone}` }, `${state.mark} ${state.word}`), h("small", {}, words(one.reason))),
    h("td", { class: "number" }, one.bestMessagesPerSecond == null ? "\u2013" : `${count(one.bestMessagesPerSecond)}/s`),
    h("td", { class: "number" }, count(one.trialCount)),
    h("td", { class: "words" }, one.message),
    h("td", { class: "number" }, duration(took == null ? null : Math.round(took))),
    h("td", {}, ago(one.createTime)),
  );
}
