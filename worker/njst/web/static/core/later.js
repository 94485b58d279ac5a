/** Views whose script is loaded when somebody looks at them. */

import { h } from "./dom.js";
import { embedded } from "../data/embedded.js";

/** Return a view of the later script, by the name of its function. */
export function laterView(name) {
  const element = h("div", {}, h("p", { class: "loading" }, "Loading\u2026"));
  let shown = null;
  let ended = false;
  const show = () => {
    if (ended) return;
    shown = globalThis.njstLater[name]();
    element.replaceChildren(shown.element);
  };
  const failed = () => element.replaceChildren(h("p", { class: "notice", role: "alert" }, "A file of the page could not be loaded. Reload to try again."));
  if (globalThis.njstLater) show();
  else document.head.append(h("script", { src: embedded().later, onload: show, onerror: failed }));
  return {
    element,
    destroy: () => {
      ended = true;
      shown?.destroy();
    },
  };
}
