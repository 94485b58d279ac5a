/** The spec of an experiment, without what is as by default in its template. */

import { h, keyed } from "../../core/dom.js";
import { withoutDefaults } from "../../data/spec_defaults.js";
import { yaml } from "../../data/yaml.js";
import { panel } from "../panel.js";

export function planPanel(page) {
  const body = h("pre", { class: "code", tabindex: "0", "aria-label": "Spec in YAML" });
  const show = keyed(body);
  const commands = h("pre", { class: "code", tabindex: "0", "aria-label": "Commands" });
  const box = panel({ id: "plan", title: "Spec and commands", wide: true }, body, h("p", { class: "note" }, "The same numbers, from any worker:"), commands);
  return {
    element: box.element,
    destroy: () => {},
    update({ document: { id, spec } }) {
      box.show(true);
      show(JSON.stringify(spec), () => yaml({ ...known(spec), template: withoutDefaults(spec.template) }));
      const api = page.origin ? ` --api ${page.origin}` : "";
      commands.textContent = `njst experiment get ${id}${api}\nnjst experiment report ${id} -o csv${api}\ncurl ${page.origin ?? "$WORKER"}/api/v1/experiments/${id}`;
    },
  };
}

/** Return what is set: no empty lists, texts and switches. */
function known(spec) {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== "" && value !== false && !(Array.isArray(value) && !value.length)));
}
