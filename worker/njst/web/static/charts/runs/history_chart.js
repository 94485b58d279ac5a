/** A number of the runs of one name, with its level between change points. */

import { time } from "../../core/format.js";
import { Chart } from "../chart.js";
import { color } from "../palette.js";

export class HistoryChart extends Chart {
  constructor(settings) {
    super({ xName: "Run", xFormat: (i) => this.nameOf(i), options: () => this.options(), ...settings });
    this.runs = [];
    this.ticks = [];
  }

  /**
   * @param {any[]} runs
   * @param {(number | null)[]} values
   * @param {(number | null)[]} levels
   * @param {{ at: number, color: string }[]} ticks What changed before which run.
   */
  show(runs, values, levels, ticks) {
    this.runs = runs;
    this.ticks = ticks;
    this.set(runs.map((_, i) => i), [
      { key: "value", name: "Value", color: "--series-1", values },
      { key: "level", name: "Level", color: "--series-2", step: true, values: levels },
    ]);
  }

  nameOf(i) {
    const run = this.runs[i];
    return run ? `${time(run.createTime)}${run.leftOut ? ` (left out: ${run.leftOut})` : ""}` : "";
  }

  line(one) {
    return { ...super.line(one), ...(one.key === "value" ? { points: { show: true, size: 6 }, width: 0.5, spanGaps: true } : {}) };
  }

  options() {
    return {
      scales: { x: { time: false, range: () => [-0.5, this.runs.length - 0.5] }, y: { range: (_u, _min, max) => [0, (max ?? 1) * 1.1] } },
      axes: [
        { incrs: [1, 2, 5, 10, 20, 50, 100], values: (_u, marks) => marks.map((i) => (this.runs[i] ? this.runs[i].createTime.slice(5, 10) : "")), space: 60 },
        { values: (_u, marks) => marks.map(this.settings.format), space: 32 },
      ],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { drawAxes: [(u) => this.drawTicks(u)] },
    };
  }

  drawTicks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    for (const tick of this.ticks) {
      const at = Math.round(u.valToPos(tick.at - 0.5, "x", true)) + 0.5;
      ctx.strokeStyle = color(tick.color);
      ctx.setLineDash(tick.color === "--muted" ? [2 * devicePixelRatio, 3 * devicePixelRatio] : []);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}
