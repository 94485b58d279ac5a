/** A panel: a heading, tools beside it, and a body. */

import { h, setShown } from "../core/dom.js";

/**
 * @param {{ id: string, title: string, wide?: boolean, hint?: string }} settings
 * @param {...any} children
 */
export function panel({ id, title, wide, hint }, ...children) {
  const tools = h("div", { class: "tools" });
  const note = h("p", { class: "note", hidden: true });
  const element = h(
    "section",
    { class: wide ? "panel wide" : "panel", id, "aria-labelledby": `${id}-title`, hidden: true },
    h("header", {}, h("h2", { id: `${id}-title` }, title), tools),
    hint && h("p", { class: "hint" }, hint),
    children,
    note,
  );
  return {
    element,
    tools,
    /** Show or hide the panel: an empty one is not drawn. */
    show: (shown) => setShown(element, shown),
    /** Say something below the content. */
    say: (text) => {
      setShown(note, Boolean(text));
      note.textContent = text;
    },
  };
}

/**
 * Return buttons of which one is chosen.
 * @param {string} name What is chosen, for screen readers.
 * @param {(key: string) => void} choose
 */
export function choice(name, choose) {
  const element = h("div", { class: "choice", role: "group", "aria-label": name });
  let last = "";
  return {
    element,
    /** @param {{ key: string, name: string }[]} options @param {string} chosen */
    set(options, chosen) {
      const key = JSON.stringify([options, chosen]);
      if (key === last) return;
      last = key;
      setShown(element, options.length > 1);
      element.replaceChildren(
        ...options.map((one) =>
          h("button", { type: "button", "aria-pressed": one.key === chosen ? "true" : "false", onclick: () => choose(one.key) }, one.name),
        ),
      );
    },
  };
}

/** The same with a list that opens, for many options. */
export function selection(name, choose) {
  const element = h("select", { "aria-label": name, onchange: () => choose(element.value) });
  let last = "";
  return {
    element,
    /** @param {{ key: string, name: string }[]} options @param {string} chosen */
    set(options, chosen) {
      const key = JSON.stringify([options, chosen]);
      if (key === last) return;
      last = key;
      setShown(element, options.length > 1);
      element.replaceChildren(...options.map((one) => h("option", { value: one.key, selected: one.key === chosen }, one.name)));
    },
  };
}
