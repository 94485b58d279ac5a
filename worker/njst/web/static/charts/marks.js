/** What is drawn beside the lines of a chart: bands, ticks, and limits. */

import { color, faded } from "./palette.js";

/** Draw the bands and ticks of a time axis; before the lines. */
export function drawMarks(u, axis) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const band of axis.bands) {
    const left = u.valToPos(band.from, "x", true);
    ctx.fillStyle = faded(band.color, 0.09);
    ctx.fillRect(left, bbox.top, u.valToPos(band.to, "x", true) - left, bbox.height);
  }
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const tick of axis.ticks) {
    const at = Math.round(u.valToPos(tick.at, "x", true)) + 0.5;
    ctx.strokeStyle = color(tick.color);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * Draw limits as lines with their names; after the lines.
 * @param {{ value: number, name: string, color: string }[]} limits
 */
export function drawLimits(u, limits) {
  const { ctx, bbox } = u;
  const { min, max } = u.scales.y;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  for (const limit of limits) {
    if (!(limit.value > min && limit.value < max)) continue;
    const y = Math.round(u.valToPos(limit.value, "y", true)) + 0.5;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.strokeStyle = ctx.fillStyle = color(limit.color);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.strokeStyle = color("--surface");
    ctx.lineJoin = "round";
    ctx.strokeText(limit.name, bbox.left + bbox.width - 4 * devicePixelRatio, y - 4 * devicePixelRatio);
    ctx.fillText(limit.name, bbox.left + bbox.width - 4 * devicePixelRatio, y - 4 * devicePixelRatio);
  }
  ctx.restore();
}
