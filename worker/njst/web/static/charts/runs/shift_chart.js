/** How much each percentile is higher or lower: the median of the runs, and a band of them all. */

import { SHIFT_PERCENTILES } from "../../data/experiments/shift.js";
import { changeOf } from "../../core/format.js";
import { Chart } from "../chart.js";
import { color, faded } from "../palette.js";

const RATIOS = [1, 2, 5, 1.5, 10, 1.2, 1.1, 1.05, 1.02, 20, 50, 100, 1.01, 1000];
const ROOM_PX = 20;
const SIDES = 1.25;

export class ShiftChart extends Chart {
  constructor(settings) {
    super({ format: changeOf, xName: "Percentile", xFormat: nameOf, options: () => this.options(), restAt: 2, ...settings });
    this.effect = 1;
  }

  /**
   * @param {ReturnType<import("../../data/experiments/shift.js").shiftOf>["rows"]} rows
   * @param {number} effect The ratio of the smallest change that matters.
   */
  show(rows, effect) {
    this.effect = effect;
    const column = (key, name, width) => ({ key, name, color: "--accent", width, values: rows.map((one) => one[key]) });
    this.set(rows.map((one) => one.x), [column("middle", "Median", 2), column("high", "Highest run", 0.5), column("low", "Lowest run", 0.5)]);
  }

  line(one) {
    return { ...super.line(one), points: { show: one.key === "middle", size: 6, fill: () => color(one.color) } };
  }

  options() {
    return {
      scales: {
        x: { time: false, distr: 3, range: () => [this.x[0] / SIDES, this.x[this.x.length - 1] * SIDES] },
        y: { distr: 3, range: () => this.yRange() },
      },
      bands: [{ series: [2, 3], fill: () => faded("--accent", 0.16) }],
      axes: [
        { splits: () => this.x, filter: (_u, marks) => marks, values: (_u, marks) => marks.map(nameOf) },
        {
          splits: (u, _axis, min, max) => marksOf(u, min, max),
          filter: (_u, marks) => marks,
          values: (_u, marks) => marks.map(changeOf),
        },
      ],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { drawAxes: [(u) => this.drawNoChange(u)] },
    };
  }

  yRange() {
    const all = [...this.series.flatMap((one) => one.values), this.effect, 1 / this.effect];
    const room = Math.max(...all) ** 0.08 * Math.min(...all) ** -0.08;
    return [Math.min(...all) / room, Math.max(...all) * room];
  }

  /** Draw the line of no change, and how much would not matter. */
  drawNoChange(u) {
    const { ctx, bbox } = u;
    const [top, middle, bottom] = [this.effect, 1, 1 / this.effect].map((ratio) => u.valToPos(ratio, "y", true));
    ctx.save();
    ctx.fillStyle = faded("--muted", 0.12);
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    ctx.fillStyle = color("--muted");
    ctx.fillRect(bbox.left, Math.round(middle) - devicePixelRatio / 2, bbox.width, devicePixelRatio);
    ctx.restore();
  }
}

function nameOf(x) {
  return SHIFT_PERCENTILES.find((one) => one.x === x)?.name ?? "";
}

/** Return the round ratios that have room beside each other, the most important first. */
function marksOf(u, min, max) {
  const chosen = [];
  const place = (ratio) => u.valToPos(ratio, "y");
  for (const ratio of RATIOS.flatMap((one) => (one === 1 ? [1] : [one, 1 / one]))) {
    if (ratio >= min && ratio <= max && chosen.every((other) => Math.abs(place(other) - place(ratio)) >= ROOM_PX)) chosen.push(ratio);
  }
  return chosen.sort((a, b) => a - b);
}
