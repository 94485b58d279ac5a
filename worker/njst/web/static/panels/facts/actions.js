/** What one can do with a job: cancel, run again, compare, download. */

import { announce, download, h, setShown } from "../../core/dom.js";
import { link } from "../../core/address.js";
import { ask, jobPath, request } from "../../core/api.js";
import { token } from "../../core/session.js";

const FILES = [
  { rest: "/report", name: "Report, JSON", file: "json" },
  { rest: "/report.html", name: "This page, HTML", file: "html" },
  { rest: "/report.csv", name: "Windows, CSV", file: "csv" },
  { rest: "/report.hgrm", name: "Percentile distributions, HGRM", file: "hgrm" },
  { rest: "/report.md", name: "Summary, Markdown", file: "md" },
  { rest: "/report.junit.xml", name: "Test cases, JUnit", file: "junit.xml" },
];

export function actions(page) {
  const cancel = h("button", { type: "button", class: "button danger", onclick: () => dialog.showModal() }, "Cancel the job");
  const again = h("a", { class: "button", href: link(["submit"], { from: page.id }) }, "Run again");
  const compare = h("a", { class: "button", href: link(["jobs"], { compare: page.id }) }, "Compare");
  const files = h(
    "details",
    { class: "menu" },
    h("summary", { class: "button" }, "Download"),
    h("ul", {}, FILES.map((one) => h("li", {}, h("a", { href: jobPath(page.id, one.rest), download: `njst-${page.id}.${one.file}`, onclick: (event) => withToken(event) }, one.name)))),
  );
  const trouble = h("p", { class: "tone-bad", role: "alert" });
  const dialog = h(
    "dialog",
    { "aria-labelledby": "cancel-title" },
    h("h2", { id: "cancel-title" }, "Cancel this job?"),
    h("p", {}, "All workers stop its load. What was measured so far is kept, and what the job created is removed."),
    trouble,
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Let it run"),
      h("button", { type: "button", class: "button danger", onclick: () => send() }, "Cancel the job"),
    ),
  );
  const send = async () => {
    try {
      await request(jobPath(page.id, "/cancel"), { method: "POST" });
      dialog.close();
    } catch (error) {
      trouble.textContent = `Not cancelled: ${error.message}`;
    }
  };
  /** A link sends no token: what it leads to is asked for, and then offered as a file. */
  const withToken = async (event) => {
    const { href, download: name } = event.currentTarget;
    if (!token()) return;
    event.preventDefault();
    try {
      const file = await (await ask(href)).blob();
      download(name, file, file.type);
    } catch (error) {
      announce(`Not downloaded: ${error.message}`);
    }
  };
  const element = h("div", { class: "actions" }, cancel, again, compare, files, dialog);
  return {
    element,
    update(model) {
      setShown(element, page.origin !== null);
      setShown(cancel, !model.ended && model.job.phase !== "Cancelling");
      setShown(files, model.ended);
      if (model.ended && dialog.open) dialog.close();
    },
  };
}
