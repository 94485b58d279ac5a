/** What one can do with an experiment: cancel, download. */

import { h, setShown } from "../../core/dom.js";
import { experimentPath } from "../../core/api.js";
import { cancelling, downloads } from "../actions.js";

const FILES = [
  { rest: "/report.html", name: "This page, HTML", file: "html" },
  { rest: "/report.md", name: "Summary, Markdown", file: "md" },
  { rest: "/report.csv", name: "Trials, CSV", file: "csv" },
  { rest: "", name: "Everything, JSON", file: "json" },
];

export function experimentActions(page) {
  const cancel = cancelling({
    button: "Cancel the experiment",
    title: "Cancel this experiment?",
    words: "The trial that runs is stopped, and no other one begins. The trials so far are kept.",
    path: experimentPath(page.id, "/cancel"),
  });
  const files = downloads(FILES.map((one) => ({ href: experimentPath(page.id, one.rest), name: one.name, file: `njst-${page.id}.${one.file}` })));
  const element = h("div", { class: "actions" }, cancel.button, files, cancel.dialog);
  return {
    element,
    update(model) {
      setShown(element, page.origin !== null);
      cancel.update(!model.ended && model.document.phase !== "Cancelling", model.ended);
      setShown(files, model.ended);
    },
  };
}
