/** The marks of a logarithmic axis: 1, 2 and 5 of each power of ten, or fewer where there is no room. */

const STEPS = [[1, 2, 5], [1, 3], [1]];
const ROOM_PX = [64, 20];

/** Return the settings of an axis with values in these words; the axis of x has number 0. */
export function logAxis(format) {
  return {
    splits: (u, axis, min, max) => splits(min, max, (axis ? u.bbox.height : u.bbox.width) / devicePixelRatio / ROOM_PX[axis]),
    // uPlot's own filter would leave out all but powers of ten.
    filter: (_u, marks) => marks,
    values: (_u, marks) => marks.map(format),
  };
}

function splits(min, max, most) {
  if (!(min > 0 && max > min)) return [];
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  for (const steps of STEPS) {
    const marks = [];
    for (let power = first; power <= last; power++) {
      marks.push(...steps.map((step) => step * 10 ** power).filter((mark) => mark >= min && mark <= max));
    }
    if (marks.length <= most && marks.length) return marks;
  }
  return [min, max];
}
