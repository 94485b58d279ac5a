/** The spec as njst understood it; fields that are as by default are folded. */

import { h, keyed } from "../../core/dom.js";
import { plural } from "../../core/format.js";
import { isDefault, withoutDefaults } from "../../data/spec_defaults.js";
import { lines } from "../../data/yaml.js";
import { choice, panel } from "../panel.js";

export function specPanel(page) {
  const body = h("pre", { class: "code", tabindex: "0", "aria-label": "Spec in YAML" });
  const show = keyed(body);
  const box = panel({ id: "spec", title: "Spec as understood" }, body);
  let all = false;
  const depth = choice("Fields of the spec", (key) => {
    all = key === "all";
    page.refresh();
  });
  box.tools.append(depth.element);
  return {
    element: box.element,
    destroy: () => {},
    update({ spec }) {
      box.show(Boolean(spec.workloads));
      depth.set([{ key: "set", name: "Set" }, { key: "all", name: "All" }], all ? "all" : "set");
      show(`${all} ${JSON.stringify(spec)}`, () => content(spec, all));
    },
  };
}

function content(spec, all) {
  const shown = lines(all ? spec : withoutDefaults(spec));
  const folded = lines(spec).filter((line) => line.leaf && isDefault(line.path, line.value)).length;
  const text = shown.map((line) =>
    h("span", { class: all && line.leaf && isDefault(line.path, line.value) ? "default" : "" }, `${"  ".repeat(line.depth)}${line.text}\n`),
  );
  return all || !folded ? text : [text, h("span", { class: "default" }, `# ${plural(folded, "field")} as by default`)];
}
