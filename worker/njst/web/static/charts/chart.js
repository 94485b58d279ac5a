/** A chart with a legend that tells the values below the cursor, and a table beside it. */

import { announce, h, setAttribute, setShown, setText } from "../core/dom.js";
import { onChange } from "../core/theme.js";
import { DataTable } from "./data_table.js";
import { color, faded } from "./palette.js";

const Y_AXIS_PX = 62;

/**
 * @typedef {{ key: string, name: string, color: string, values: (number | null)[], dash?: boolean,
 *   fill?: boolean, step?: boolean, width?: number, hidden?: boolean }} Series
 * @typedef {{ name: string, height?: number, format: (value: any) => string,
 *   xName: string, xFormat: (value: number) => string, options: (chart: Chart) => any,
 *   onPoint?: (index: number | null) => void, legend?: boolean, restAt?: number,
 *   onScale?: (factor: number | null) => void, cell?: (value: any) => string }} Settings
 *   `restAt` is the point that the legend tells while nobody points at one; the last one otherwise.
 */

/** One canvas; lines are added and removed as the data has them. */
export class Chart {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.x = [];
    /** @type {Series[]} */
    this.series = [];
    this.off = new Set();
    this.plot = null;
    this.legendItems = new Map();
    this.legend = h("div", { class: "legend", role: "group", "aria-label": `Lines of ${settings.name}` });
    this.at = h("span", { class: "legend-at" });
    this.canvas = h("div", {
      class: "canvas",
      tabindex: "0",
      role: "img",
      "aria-label": `${settings.name}. The arrow keys read the values, plus and minus zoom, Escape shows everything.`,
      onkeydown: (event) => this.key(event),
    });
    this.table = new DataTable(settings.name, () => this.rows());
    this.element = h("div", { class: "chart" }, this.legend, this.canvas, this.table.element);
    setShown(this.legend, settings.legend !== false);
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.canvas);
    this.unfollow = onChange(() => this.plot?.redraw(false, true));
  }

  /** Show these lines. @param {number[]} x @param {Series[]} series */
  set(x, series) {
    const shape = (list) => list.map((one) => `${one.key}|${one.name}|${one.color}`).join();
    const same = this.plot !== null && shape(series) === shape(this.series);
    this.x = x;
    this.series = series;
    if (same) {
      this.plot.setData(this.data(), false);
      this.rescale();
    } else {
      this.build();
    }
    this.showPoint(this.plot?.cursor.idx ?? null);
    this.table.changed();
  }

  /** Draw again with the scales of the moment. */
  rescale() {
    if (!this.plot || !this.x.length) return;
    this.plot.batch(() => {
      this.plot.setScale("x", { min: this.x[0], max: this.x[this.x.length - 1] });
      this.plot.redraw(true, true);
    });
  }

  /** Return what is drawn: columns of x and of each line. */
  data() {
    return [this.x, ...this.series.map((one) => one.values)];
  }

  destroy() {
    this.resizer.disconnect();
    this.unfollow();
    this.plot?.destroy();
    this.plot = null;
  }

  build() {
    this.plot?.destroy();
    const options = this.settings.options(this);
    this.plot = new uPlot(
      {
        width: this.width(),
        height: this.settings.height ?? 210,
        legend: { show: false },
        padding: [10, 20, 0, 0],
        ...options,
        series: [{}, ...this.series.map((one) => this.line(one))],
        axes: options.axes.map((axis, i) => ({
          stroke: () => color("--muted"),
          font: "11px system-ui, sans-serif",
          grid: { stroke: () => color("--grid"), width: 1 },
          ticks: { show: false },
          gap: 6,
          ...(i === 0 ? { size: 26 } : { size: Y_AXIS_PX }),
          ...axis,
        })),
        hooks: {
          ...options.hooks,
          setCursor: [(u) => this.showPoint(u.cursor.idx ?? null), ...(options.hooks?.setCursor ?? [])],
        },
      },
      this.data(),
      this.canvas,
    );
    this.plot.over.setAttribute("aria-hidden", "true");
    this.showLegend();
  }

  line(one) {
    return {
      label: one.name,
      show: !this.off.has(one.key),
      stroke: () => color(one.color),
      width: one.width ?? 1.5,
      dash: one.dash ? [6, 4] : undefined,
      fill: one.fill ? () => faded(one.color, 0.14) : undefined,
      paths: one.step ? uPlot.paths.stepped({ align: 1 }) : undefined,
      points: { show: this.x.length < 2 },
      spanGaps: false,
    };
  }

  width() {
    return Math.max(200, Math.floor(this.canvas.clientWidth || 600));
  }

  resize() {
    if (this.plot && this.plot.width !== this.width()) {
      this.plot.setSize({ width: this.width(), height: this.settings.height ?? 210 });
    }
  }

  showLegend() {
    this.legendItems.clear();
    const items = this.series.map((one) => {
      const value = h("span", { class: "legend-value" });
      const swatch = h("i", { class: one.dash ? "swatch dashed" : "swatch" });
      swatch.style.setProperty("--swatch", `var(${one.color})`);
      this.legendItems.set(one.key, value);
      const toggle = (event) => {
        if (this.off.has(one.key)) this.off.delete(one.key);
        else this.off.add(one.key);
        const index = this.series.findIndex((other) => other.key === one.key);
        this.plot.setSeries(index + 1, { show: !this.off.has(one.key) });
        setAttribute(event.currentTarget, "aria-pressed", !this.off.has(one.key) ? "true" : "false");
      };
      return h(
        "button",
        { type: "button", class: "legend-item", "aria-pressed": this.off.has(one.key) ? "false" : "true", onclick: toggle },
        swatch,
        h("span", {}, one.name),
        value,
      );
    });
    this.legend.replaceChildren(this.at, ...items);
  }

  /** Show the values of a point in the legend; without a point those of the last one. */
  showPoint(index) {
    const at = Math.min(index ?? this.settings.restAt ?? this.lastPoint(), this.x.length - 1);
    for (const one of this.series) {
      const place = this.legendItems.get(one.key);
      if (place) setText(place, this.text(one.values[at]));
    }
    setText(this.at, this.x[at] === undefined ? "" : this.settings.xFormat(this.x[at]));
    this.settings.onPoint?.(index);
  }

  /** Return the last point at which something was. */
  lastPoint() {
    let last = this.x.length - 1;
    while (last > 0 && this.series.every((one) => !one.values[last])) last -= 1;
    return last;
  }

  text(value) {
    return value == null ? "\u2013" : this.settings.format(value);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    const zoom = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
    if (zoom && this.settings.onScale) this.settings.onScale(zoom);
    else if (event.key === "Escape" && this.settings.onScale) this.settings.onScale(null);
    else if (step && this.plot) this.move(step);
    else return;
    event.preventDefault();
  }

  move(step) {
    const last = this.x.length - 1;
    const from = this.plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
    const index = Math.min(Math.max(from + step, 0), last);
    const left = Math.min(Math.max(this.plot.valToPos(this.x[index], "x"), 0), this.plot.over.clientWidth);
    this.plot.setCursor({ left, top: this.plot.over.clientHeight / 2 }, true, true);
    const values = this.series.map((one) => `${one.name} ${this.text(one.values[index])}`).join(", ");
    announce(`${this.settings.xFormat(this.x[index])}: ${values}`);
  }

  rows() {
    const cell = this.settings.cell ?? this.settings.format;
    return {
      head: [this.settings.xName, ...this.series.map((one) => one.name)],
      body: this.x.map((x, i) => [
        this.settings.xFormat(x),
        ...this.series.map((one) => (one.values[i] == null ? "\u2013" : cell(one.values[i]))),
      ]),
    };
  }
}
