/** The workers that are connected now. */

import { h, keyed } from "../core/dom.js";
import { digits, duration, latency, plural } from "../core/format.js";
import { link } from "../core/address.js";
import { request } from "../core/api.js";
import { panel } from "../panels/panel.js";

const COLUMNS = ["Worker", "Host", "Zone", "Version", "Cores", "Load", "Clock error", "Up", "Job"];

export function clusterPanel() {
  const body = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Workers" });
  const show = keyed(body);
  const box = panel({ id: "cluster", title: "Workers", wide: true }, body);
  return {
    element: box.element,
    async load() {
      try {
        const { members } = await request("api/v1/cluster");
        const versions = new Set(members.map((one) => one.version));
        box.show(true);
        box.say(members.length ? (versions.size > 1 ? `The workers have ${versions.size} versions.` : "") : "No workers are connected.");
        box.element.querySelector("h2").textContent = plural(members.length, "worker");
        show(JSON.stringify(members.map((one) => [one.worker, one.job, one.loadMillicores, one.clockErrorUs])), () => table(members));
      } catch {
        box.say("The list of workers could not be loaded.");
      }
    },
  };
}

function table(members) {
  const sorted = [...members].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, COLUMNS.map((name, i) => h("th", { scope: "col", class: i > 3 && i < 8 ? "number" : "" }, name)))),
    h("tbody", {}, sorted.map(row)),
  );
}

function row(one) {
  return h(
    "tr",
    {},
    h("th", { scope: "row", title: one.worker }, one.name),
    h("td", {}, one.host),
    h("td", {}, one.zone || "\u2013"),
    h("td", {}, one.version),
    h("td", { class: "number" }, one.cores),
    h("td", { class: "number" }, digits((one.loadMillicores ?? 0) / 1000)),
    h("td", { class: "number" }, latency(one.clockErrorUs)),
    h("td", { class: "number" }, duration(Math.floor((Date.now() - Date.parse(one.startedAt)) / 60_000) * 60)),
    h("td", {}, one.job ? h("a", { href: link(["jobs", one.job]) }, one.job) : "idle"),
  );
}
