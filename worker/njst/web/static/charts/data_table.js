/** The numbers of a chart as a table, for screen readers and for those who want the exact ones. */

import { h } from "../core/dom.js";

/** It is filled when it is opened, and while it is open. */
export class DataTable {
  /** @param {string} name @param {() => { head: string[], body: string[][] }} rows */
  constructor(name, rows) {
    this.name = name;
    this.rows = rows;
    this.place = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": `${name} as a table` });
    this.element = h(
      "details",
      { class: "data-table", ontoggle: () => this.changed() },
      h("summary", {}, "Table", h("span", { class: "unseen" }, ` of ${name}`)),
      this.place,
    );
  }

  changed() {
    if (!this.element.open) {
      this.place.replaceChildren();
      return;
    }
    const { head, body } = this.rows();
    this.place.replaceChildren(
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
        h(
          "tbody",
          {},
          body.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((text) => h("td", {}, text)))),
        ),
      ),
    );
  }
}
