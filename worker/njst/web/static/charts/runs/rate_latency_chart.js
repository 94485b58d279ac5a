/** Latency over the offered rate: a mark for each trial, and lines through what is sustained. */

import { count, latency, rate } from "../../core/format.js";
import { CURVE_PERCENTILES, judgements } from "../../data/experiments/curve.js";
import { median } from "../../data/experiments/model.js";
import { Chart } from "../chart.js";
import { logAxis } from "../log_axis.js";
import { color } from "../palette.js";

/** Values that are further apart than this need a logarithmic axis. */
const WIDE = 8;
const MARK_PX = 3;
const NAMES = { p50: "p50", p99: "p99", p999: "p99.9" };

export class RateLatencyChart extends Chart {
  constructor(settings) {
    super({ format: latency, xName: "Offered rate", xFormat: (x) => this.rateWords(x), options: () => this.options(), ...settings });
    this.groups = [];
    this.bounds = [];
    this.isLog = false;
  }

  /**
   * @param {ReturnType<import("../../data/experiments/curve.js").curveOf>} groups
   * @param {{ rate: number, name: string, color: string, before: boolean }[]} bounds Lines, with
   *   their names before or behind them.
   */
  show(groups, bounds) {
    const isLog = groups[groups.length - 1].rate / groups[0].rate >= WIDE;
    // The kind of an axis is fixed when a plot is made.
    if (isLog !== this.isLog) this.series = [];
    this.groups = groups;
    this.bounds = bounds;
    this.isLog = isLog;
    const highest = groups.findLastIndex((one) => one.sustained);
    this.settings.restAt = highest < 0 ? undefined : highest;
    this.set(
      groups.map((one) => one.rate),
      CURVE_PERCENTILES.map((key) => ({
        key,
        name: NAMES[key],
        color: `--${key}`,
        values: groups.map((one) => median(one.trials.map((trial) => trial.latency[key]))),
      })),
    );
  }

  rateWords(x) {
    const group = this.groups.find((one) => one.rate === x);
    return `${count(x)}/s${group ? `: ${judgements(group.trials)}` : ""}`;
  }

  /** Lines join what is sustained alone; every trial has its mark. */
  data() {
    return [this.x, ...this.series.map((one) => one.values.map((value, i) => (this.groups[i].sustained ? value : null)))];
  }

  line(one) {
    return { ...super.line(one), spanGaps: true, points: { show: false } };
  }

  values() {
    const shown = CURVE_PERCENTILES.filter((key) => !this.off.has(key));
    return this.groups.flatMap((group) => group.trials.flatMap((one) => shown.map((key) => one.latency[key])));
  }

  xRange() {
    const [low, high] = [this.x[0], this.x[this.x.length - 1]];
    if (this.isLog) return [low / 1.15, high * 1.15];
    const room = (high - low) * 0.06 || high * 0.1;
    return [Math.max(0, low - room), high + room];
  }

  yRange() {
    const all = this.values();
    return all.length ? [Math.max(1, Math.min(...all)) / 1.3, Math.max(...all, 2) * 1.5] : [1, 1000];
  }

  options() {
    const { isLog } = this;
    return {
      scales: {
        x: { time: false, distr: isLog ? 3 : 1, range: () => this.xRange() },
        y: { distr: 3, range: () => this.yRange() },
      },
      axes: [isLog ? logAxis(rate) : { values: (_u, splits) => splits.map(rate), space: 64 }, logAxis(latency)],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { draw: [(u) => this.drawBounds(u), (u) => this.drawTrials(u)] },
    };
  }

  drawBounds(u) {
    const { ctx, bbox } = u;
    const px = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * px}px system-ui, sans-serif`;
    ctx.lineWidth = 1.5 * px;
    this.bounds.forEach((bound, i) => {
      const at = Math.round(u.valToPos(bound.rate, "x", true)) + 0.5;
      ctx.strokeStyle = ctx.fillStyle = color(bound.color);
      ctx.setLineDash([6 * px, 4 * px]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      const isBefore = bound.before || at + ctx.measureText(bound.name).width + 6 * px > bbox.left + bbox.width;
      ctx.textAlign = isBefore ? "right" : "left";
      ctx.fillText(bound.name, at + (isBefore ? -4 : 4) * px, bbox.top + (11 + (isBefore ? 14 * i : 0)) * px);
    });
    ctx.restore();
  }

  drawTrials(u) {
    const { ctx } = u;
    const px = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = 1.6 * px;
    for (const { rate: x, trials } of this.groups) {
      for (const key of CURVE_PERCENTILES.filter((one) => !this.off.has(one))) {
        ctx.strokeStyle = ctx.fillStyle = color(`--${key}`);
        for (const one of trials) drawMark(ctx, one.judgement, u.valToPos(x, "x", true), u.valToPos(one.latency[key], "y", true), MARK_PX * px);
      }
    }
    ctx.restore();
  }

  /** The table has each trial, not only the medians. */
  rows() {
    return {
      head: [this.settings.xName, "Trial", "Judgement", ...CURVE_PERCENTILES.map((key) => NAMES[key])],
      body: this.groups.flatMap((group) =>
        group.trials.map((one) => [`${count(group.rate)}/s`, String(one.plan.number), one.judgement, ...CURVE_PERCENTILES.map((key) => latency(one.latency[key]))]),
      ),
    };
  }
}

/** Draw a dot for a trial that held, a cross for one that was breached, else a ring. */
function drawMark(ctx, judgement, x, y, size) {
  ctx.beginPath();
  if (judgement === "Breached") {
    for (const side of [-1, 1]) {
      ctx.moveTo(x - size, y - side * size);
      ctx.lineTo(x + size, y + side * size);
    }
  } else {
    ctx.arc(x, y, size, 0, 2 * Math.PI);
  }
  if (judgement === "Held") ctx.fill();
  else ctx.stroke();
}
