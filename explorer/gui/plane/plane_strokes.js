// @ts-check
// A stroke of the hand as points.

/** Between two points of a stroke. */
const APART = 0.09;
/**
 * Adds points up to `place`, at most so many: a fast hand leaves no holes, a slow one no crowd.
 * @param {number[][]} stroke
 * @param {number[]} place
 * @param {number} most
 */
export function extendStroke(stroke, place, most) {
  const last = stroke.at(-1);
  if (!last) return void (most > 0 && stroke.push(place));
  const far = Math.hypot(place[0] - last[0], place[1] - last[1]);
  const count = Math.floor(far / APART);
  for (let i = 1; i <= Math.min(count, most); i++)
    stroke.push([0, 1].map((d) => last[d] + ((place[d] - last[d]) * i) / count));
}
