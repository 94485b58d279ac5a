/** Workers: what each did and what it cost; the odd one is marked. */

import { h, keyed } from "../../core/dom.js";
import { count, digits, latency, rate, words } from "../../core/format.js";
import { oddOnes, workerRows } from "../../data/workers.js";
import { panel } from "../panel.js";

const share = (value) => (value == null ? "\u2013" : `${digits(value)} %`);

/** `least`: a smaller difference from the others is never odd. */
const COLUMNS = [
  { key: "name", name: "Worker", text: (row) => row.name },
  { key: "zone", name: "Zone", text: (row) => row.zone || "\u2013", optional: true },
  { key: "outcome", name: "Outcome", text: (row) => words(row.outcome) || "\u2013" },
  { key: "messages", name: "Messages", text: (row) => count(row.messages), number: true, least: 100 },
  { key: "rate", name: "Rate", text: (row) => rate(row.rate), number: true, least: 50, optional: true },
  { key: "errors", name: "Errors", text: (row) => count(row.errors), number: true, least: 1 },
  { key: "late", name: "Start late", text: (row) => latency(row.late), number: true, least: 5000 },
  { key: "busiest", name: "Busiest CPU", text: (row) => share(row.busiest), number: true, least: 15 },
  { key: "runDelay", name: "Run delay", text: (row) => share(row.runDelay), number: true, least: 5 },
  { key: "throttled", name: "Throttled", text: (row) => share(row.throttled), number: true, least: 1 },
  { key: "blocked", name: "Blocked", text: (row) => share(row.blocked), number: true, least: 5 },
  { key: "clockError", name: "Clock error", text: (row) => latency(row.clockError), number: true, least: 2000 },
  { key: "reconnects", name: "Reconnects", text: (row) => count(row.reconnects), number: true, least: 1, optional: true },
];

export function workersPanel(page) {
  const body = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Workers" });
  const show = keyed(body);
  const box = panel({ id: "workers", title: "Workers", wide: true }, body);
  let order = { key: "name", down: false };
  const sortBy = (key) => {
    order = { key, down: order.key === key ? !order.down : key !== "name" };
    page.refresh();
    body.querySelector(`[data-key="${key}"]`)?.focus();
  };
  return {
    element: box.element,
    destroy: () => {},
    update(model) {
      const rows = workerRows(model, page.members);
      box.show(rows.length > 0);
      show(JSON.stringify([rows, order]), () => table(rows, order, sortBy));
      const problems = rows.filter((row) => row.problem).map((row) => `${row.name}: ${row.problem.message || row.problem.reason}`);
      box.say(problems.join("; "));
    },
  };
}

function table(rows, order, sortBy) {
  const columns = COLUMNS.filter((one) => !one.optional || rows.some((row) => row[one.key] != null && row[one.key] !== ""));
  const odd = new Map(columns.filter((one) => one.least).map((one) => [one.key, oddOnes(rows.map((row) => row[one.key]), one.least)]));
  const sorted = rows.map((row, i) => ({ row, i })).sort((a, b) => compare(a.row[order.key], b.row[order.key]) * (order.down ? -1 : 1));
  return h(
    "table",
    { class: "sortable" },
    h("thead", {}, h("tr", {}, columns.map((one) => heading(one, order, sortBy)))),
    h("tbody", {}, sorted.map(({ row, i }) => h("tr", {}, columns.map((one) => cell(one, row, odd.get(one.key)?.[i]))))),
  );
}

function heading(one, order, sortBy) {
  const sorted = order.key === one.key ? (order.down ? "descending" : "ascending") : null;
  return h(
    "th",
    { scope: "col", class: one.number ? "number" : "", "aria-sort": sorted },
    h("button", { type: "button", "data-key": one.key, onclick: () => sortBy(one.key) }, one.name, h("span", { class: "sort", "aria-hidden": "true" }, sorted === "descending" ? "\u25be" : sorted ? "\u25b4" : "")),
  );
}

function cell(one, row, isOdd) {
  if (one.key === "name") return h("th", { scope: "row", title: row.id }, row.name);
  const bad = (one.key === "errors" && row.errors > 0) || (one.key === "outcome" && ["Failed", "Lost", "Late", "Unfit"].includes(row.outcome));
  const classes = [one.number ? "number" : "", isOdd ? "odd" : "", bad ? "tone-bad" : ""].filter(Boolean).join(" ");
  return h("td", { class: classes, title: isOdd ? "far from the other workers" : null }, one.text(row), isOdd && h("span", { class: "odd-mark" }, " \u25c6", h("span", { class: "unseen" }, " far from the others")));
}

function compare(a, b) {
  if (a == null || b == null) return (a == null ? 1 : 0) - (b == null ? 1 : 0);
  return typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
}
