/** A chart over the time of the job; all of one axis zoom and point together. */

import { clock } from "../core/format.js";
import { Chart } from "./chart.js";
import { logAxis } from "./log_axis.js";
import { drawLimits, drawMarks } from "./marks.js";

/**
 * @typedef {{ name: string, axis: import("./time_axis.js").TimeAxis, format: (value: any) => string,
 *   height?: number, log?: boolean, cell?: (value: any) => string, legend?: boolean,
 *   under?: (u: any) => void, range?: () => [number, number] | null,
 *   onPoint?: (index: number | null) => void }} TimeSettings
 */

export class TimeChart extends Chart {
  /** @param {TimeSettings} settings */
  constructor(settings) {
    super({
      ...settings,
      xName: "Time",
      xFormat: clock,
      options: () => this.options(),
      onScale: (factor) => (factor === null ? settings.axis.zoom(null) : settings.axis.scale(factor)),
    });
    this.axis = settings.axis;
    /** @type {{ value: number, name: string, color: string }[]} */
    this.limits = [];
    this.axis.charts.add(this);
  }

  /** A last point ends the step of the last window; a line ends at the begin of its last window. */
  data() {
    const [x, ...columns] = super.data();
    if (!x.length) return [x, ...columns];
    const close = (values, i) => [...values, this.series[i].step ? values[values.length - 1] : null];
    return [[...x, Math.max(this.axis.end, x[x.length - 1] + 1e-3)], ...columns.map(close)];
  }

  destroy() {
    this.axis.charts.delete(this);
    super.destroy();
  }

  rescale() {
    if (!this.plot) return;
    const [min, max] = this.axis.shown;
    this.plot.batch(() => {
      this.plot.setScale("x", { min, max });
      this.plot.redraw(true, true);
    });
  }

  options() {
    const { settings, axis } = this;
    return {
      scales: {
        x: { time: false, range: () => axis.shown },
        y: settings.log
          ? { distr: 3, range: (_u, min, max) => settings.range?.() ?? logRange(min, max, this.limits) }
          : { range: (_u, _min, max) => [0, linearTop(max, this.limits)] },
      },
      axes: [
        { values: (_u, splits) => splits.map(clock), space: 60, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200] },
        settings.log
          ? logAxis(settings.format)
          : { values: (_u, splits) => splits.map(settings.format), space: 32 },
      ],
      cursor: {
        // A drag belongs to the chart below the mouse: it alone says what to zoom to.
        sync: { key: axis.key, setSeries: false, filters: { pub: (type) => type !== "mousedown" && type !== "mouseup" } },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        y: false,
        bind: { dblclick: () => () => axis.zoom(null) },
        points: { size: 6 },
      },
      hooks: {
        drawAxes: [(u) => settings.under?.(u), (u) => drawMarks(u, axis)],
        draw: [(u) => drawLimits(u, this.limits)],
        setSelect: [(u) => this.select(u)],
      },
    };
  }

  select(u) {
    const { left, width } = u.select;
    if (width < 6) return;
    const range = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.axis.zoom(range);
  }
}

/** Return the range of a log axis: all values, and limits that are near them. */
function logRange(min, max, limits) {
  if (min == null || !(max > 0)) return [1, 1000];
  const near = limits.map((limit) => limit.value).filter((value) => value > min / 30 && value < max * 30);
  return [Math.min(min, ...near) / 1.25, Math.max(max, ...near) * 1.25];
}

/** Return the top of an axis from 0. */
function linearTop(max, limits) {
  const near = limits.map((limit) => limit.value).filter((value) => value < (max ?? 0) * 2);
  return Math.max(max ?? 0, ...near, 1) * 1.08;
}

