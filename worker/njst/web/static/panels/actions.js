/** What one can do with a job or an experiment: cancel it after a question, download its files. */

import { announce, download, h, setShown } from "../core/dom.js";
import { ask, request } from "../core/api.js";
import { token } from "../core/session.js";

/**
 * Return a button that cancels after a question.
 * @param {{ button: string, title: string, words: string, path: string }} settings
 *   `words` say what happens then, `path` is where the request goes.
 */
export function cancelling({ button: name, title, words, path }) {
  const button = h("button", { type: "button", class: "button danger", onclick: () => dialog.showModal() }, name);
  const trouble = h("p", { class: "tone-bad", role: "alert" });
  const dialog = h(
    "dialog",
    { "aria-labelledby": "cancel-title" },
    h("h2", { id: "cancel-title" }, title),
    h("p", {}, words),
    trouble,
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Let it run"),
      h("button", { type: "button", class: "button danger", onclick: () => send() }, name),
    ),
  );
  const send = async () => {
    try {
      await request(path, { method: "POST" });
      dialog.close();
    } catch (error) {
      trouble.textContent = `Not cancelled: ${error.message}`;
    }
  };
  return {
    button,
    dialog,
    /** Show the button while there is something to cancel; close the question after the end. */
    update(isShown, ended) {
      setShown(button, isShown);
      if (ended && dialog.open) dialog.close();
    },
  };
}

/** Return a menu of files. @param {{ href: string, name: string, file: string }[]} files */
export function downloads(files) {
  return h(
    "details",
    { class: "menu" },
    h("summary", { class: "button" }, "Download"),
    h("ul", {}, files.map((one) => h("li", {}, h("a", { href: one.href, download: one.file, onclick: (event) => withToken(event) }, one.name)))),
  );
}

/** A link sends no token: what it leads to is asked for, and then offered as a file. */
async function withToken(event) {
  const { href, download: name } = event.currentTarget;
  if (!token()) return;
  event.preventDefault();
  try {
    const file = await (await ask(href)).blob();
    download(name, file, file.type);
  } catch (error) {
    announce(`Not downloaded: ${error.message}`);
  }
}
