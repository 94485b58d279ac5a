/** Tiles: the numbers of each workload that one looks at first. */

import { h, setAttribute, setShown, setText } from "../../core/dom.js";
import { bytes, count, duration, latency, percent, short } from "../../core/format.js";
import { sparkline } from "../../charts/sparkline.js";

export function tilesPanel(page) {
  const element = h("div", { class: "tiles" });
  const tiles = new Map();
  return {
    element,
    destroy: () => {},
    update(model) {
      const names = model.workloads.map((one) => one.workload);
      if ([...tiles.keys()].join("\n") !== names.join("\n")) {
        tiles.clear();
        for (const name of names) tiles.set(name, tile(page, name));
        element.replaceChildren(...[...tiles.values()].map((one) => one.element));
      }
      for (const one of model.workloads) tiles.get(one.workload).update(one, model);
    },
  };
}

function tile(page, name) {
  const rateValue = h("strong", { class: "tile-rate" });
  const rateUnit = h("span", { class: "tile-unit" });
  const kind = h("span", { class: "tile-kind" });
  const done = h("span", {});
  const bar = h("progress", { max: "1", value: "0", "aria-label": `Done of ${name}` });
  const line = h("div", { class: "tile-line", "aria-hidden": "true" });
  const facts = h("dl", { class: "tile-facts" });
  const values = new Map();
  const skipped = h("p", { class: "note", hidden: true });
  const dot = h("i", { class: "swatch" });
  const element = h(
    "article",
    { class: "tile", "aria-label": `Workload ${name}` },
    h("header", {}, dot, h("h2", {}, name), kind),
    h("div", { class: "tile-main" }, h("div", {}, rateValue, rateUnit), line),
    h("div", { class: "tile-done" }, bar, done),
    facts,
    skipped,
  );
  let drawn = 0;
  return {
    element,
    update(result, model) {
      const { course } = model;
      dot.style.setProperty("--swatch", `var(${page.colorOf(name)})`);
      setText(kind, result.kind);
      const window = model.ended ? null : course.last(name);
      setText(rateValue, short(window ? window.messages / course.width : result.messagesPerSecond));
      setText(rateUnit, ` msg/s${window ? " now" : ""}`);
      showDone(result, model, window ? window.bytes / course.width : result.bytesPerSecond);
      const shown = factsOf(result);
      if ([...values.keys()].join() !== shown.map((one) => one.name).join()) rebuild(shown);
      for (const one of shown) {
        const place = values.get(one.name);
        setText(place, one.value);
        setAttribute(place, "class", one.tone ? `tone-${one.tone}` : null);
      }
      setShown(skipped, Boolean(result.skipped));
      setText(skipped, result.skipped ? `Skipped: ${result.skipped}` : "");
      if (course.version !== drawn) {
        drawn = course.version;
        const rates = course.column(name, (one) => one.messages / course.width);
        line.replaceChildren(...[sparkline(rates.slice(-120), `Rate of ${name}`)].filter(Boolean));
      }
    },
  };

  function showDone(result, model, bytesPerSecond) {
    const length = model.specOf(name);
    setShown(bar, result.planned != null);
    if (result.planned != null) bar.value = result.planned ? Math.min(1, result.messages / result.planned) : 1;
    const of = result.planned == null ? "" : ` of ${count(result.planned)} (${percent(result.messages, result.planned)})`;
    const time = result.planned == null && length.durationSeconds ? ` in ${duration(length.durationSeconds)}` : "";
    const waiting = result.startMs == null && !model.ended && length.after?.length;
    setText(done, waiting ? `waits for ${length.after.join(", ")}` : `${count(result.messages)}${of} messages${time} \u00b7 ${bytes(bytesPerSecond)}/s`);
  }

  function rebuild(shown) {
    values.clear();
    facts.replaceChildren(
      ...shown.map((one) => {
        const value = h("dd", {});
        values.set(one.name, value);
        return h("div", {}, h("dt", {}, one.name), value);
      }),
    );
  }
}

function factsOf(result) {
  const us = result.latencyMicroseconds;
  const bound = result.censoredCount ? "\u2265\u202f" : "";
  const errors = (result.errors ?? []).reduce((sum, one) => sum + one.count, 0);
  const all = [
    { name: "p50", value: us ? bound + latency(us.p50) : "\u2013" },
    { name: "p99", value: us ? bound + latency(us.p99) : "\u2013" },
    { name: "max", value: us ? bound + latency(us.max) : "\u2013" },
    { name: "errors", value: count(errors), tone: errors ? "bad" : null },
    { name: "held", value: count(result.held), only: result.held > 0 },
    { name: "redelivered", value: count(result.redelivered), only: result.redelivered > 0 },
    { name: "outage", value: latency(result.longestOutageUs), tone: "warn", only: result.longestOutageUs > 0 },
    { name: "reconnects", value: count(result.reconnects), tone: "warn", only: result.reconnects > 0 },
  ];
  return all.filter((one) => one.only !== false);
}
