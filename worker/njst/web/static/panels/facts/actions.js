/** What one can do with a job: cancel, run again, compare, download. */

import { h, setShown } from "../../core/dom.js";
import { link } from "../../core/address.js";
import { jobPath } from "../../core/api.js";
import { cancelling, downloads } from "../actions.js";

const FILES = [
  { rest: "/report", name: "Report, JSON", file: "json" },
  { rest: "/report.html", name: "This page, HTML", file: "html" },
  { rest: "/report.csv", name: "Windows, CSV", file: "csv" },
  { rest: "/report.hgrm", name: "Percentile distributions, HGRM", file: "hgrm" },
  { rest: "/report.md", name: "Summary, Markdown", file: "md" },
  { rest: "/report.junit.xml", name: "Test cases, JUnit", file: "junit.xml" },
];

export function actions(page) {
  const cancel = cancelling({
    button: "Cancel the job",
    title: "Cancel this job?",
    words: "All workers stop its load. What was measured so far is kept, and what the job created is removed.",
    path: jobPath(page.id, "/cancel"),
  });
  const again = h("a", { class: "button", href: link(["submit"], { from: page.id }) }, "Run again");
  const compare = h("a", { class: "button", href: link(["jobs"], { compare: page.id }) }, "Compare");
  const history = h("a", { class: "button", hidden: true }, "History");
  const files = downloads(FILES.map((one) => ({ href: jobPath(page.id, one.rest), name: one.name, file: `njst-${page.id}.${one.file}` })));
  const element = h("div", { class: "actions" }, cancel.button, again, compare, history, files, cancel.dialog);
  return {
    element,
    update(model) {
      setShown(element, page.origin !== null);
      cancel.update(!model.ended && model.job.phase !== "Cancelling", model.ended);
      setShown(files, model.ended);
      const { schedule, name, namespace } = model.job.origin;
      setShown(history, model.ended && Boolean(schedule || name));
      history.setAttribute("href", link(["history"], { name: schedule || name, namespace }));
    },
  };
}
