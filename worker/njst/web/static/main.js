/** Shows the view of the address, and the bar above it. */

import { h, setAttribute, setShown } from "./core/dom.js";
import { current, link } from "./core/address.js";
import { SIGNED_IN, signOut, token } from "./core/session.js";
import { laterView } from "./core/later.js";
import { advance, onChange, start, theme } from "./core/theme.js";
import { embedded, reportData } from "./data/embedded.js";
import { experimentReportView, experimentView } from "./views/experiment.js";
import { experimentsView } from "./views/experiments.js";
import { jobView, reportView } from "./views/job.js";
import { jobsView } from "./views/jobs.js";

const THEMES = { system: "\u25d0 System", light: "\u25cb Light", dark: "\u25cf Dark" };

const main = document.getElementById("main");
let view = null;
let shown = "";

function viewOf(path) {
  if (path[0] === "jobs" && path[1]) return () => jobView(path[1]);
  if (path[0] === "experiments") return path[1] ? () => experimentView(path[1]) : () => experimentsView();
  if (path[0] === "history") return () => laterView("historyView");
  if (path[0] === "compare") return () => laterView("compareView");
  if (path[0] === "submit") return () => laterView("submitView");
  return () => jobsView();
}

function show(make) {
  view?.destroy();
  view = make();
  main.replaceChildren(view.element);
  window.scrollTo(0, 0);
}

/** Show the view of the address; a change of its settings alone is no other view. */
function route() {
  const { path, query } = current();
  const key = JSON.stringify([path, path[0] === "jobs" || path[0] === "experiments" ? null : query.get("jobs") ?? query.get("from") ?? query.get("name")]);
  if (key === shown) return;
  const first = shown === "";
  shown = key;
  show(viewOf(path));
  for (const one of document.querySelectorAll("#bar nav a")) {
    setAttribute(one, "aria-current", one.getAttribute("href") === `#/${path[0] ?? "jobs"}` ? "page" : null);
  }
  if (!first) main.focus({ preventScroll: true });
}

function bar(isFile, version) {
  const words = () => THEMES[theme()];
  const button = h("button", { type: "button", class: "theme", onclick: advance, "aria-label": "Theme" }, words());
  const name = () => {
    button.textContent = words();
    button.setAttribute("aria-label", `Theme: ${theme()}. Change it`);
  };
  onChange(name);
  name();
  const leave = h("button", { type: "button", class: "theme", onclick: signOut, hidden: !token() }, "Sign out");
  addEventListener(SIGNED_IN, () => setShown(leave, true));
  document.getElementById("bar").append(
    isFile ? h("span", { class: "mark" }, "njst") : h("a", { class: "mark", href: "#/jobs" }, "njst"),
    isFile
      ? h("span", { class: "bar-note" }, "Report")
      : h("nav", { "aria-label": "Views" }, h("a", { href: link(["jobs"]) }, "Jobs"), h("a", { href: link(["experiments"]) }, "Experiments"), h("a", { href: link(["submit"]) }, "New job"), h("a", { href: "docs" }, "API")),
    h("span", { class: "bar-end" }, version && h("span", { class: "bar-note" }, version), leave, button),
  );
}

async function begin() {
  start();
  const data = await reportData();
  bar(data !== null, data?.version ?? embedded().version);
  if (data !== null) {
    show(() => (data.experiment ? experimentReportView(data) : reportView(data)));
    return;
  }
  addEventListener("hashchange", route);
  route();
}

begin();
