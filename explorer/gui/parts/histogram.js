// @ts-check
// Histograms of values beside N(0, 1), as paths of a drawing.

const LEAST = -4;
const MOST = 4;
const PEAK = 0.8; // the density that reaches the top

/**
 * Where things are in a drawing `width` wide: densities stand on `base` and reach up to `top`.
 * @param {{width: number, base: number, top: number}} plot
 */
const scales = ({ width, base, top }) => ({
  X: (/** @type {number} */ value) => ((value - LEAST) / (MOST - LEAST)) * width,
  Y: (/** @type {number} */ density) => base - Math.min(1, density / PEAK) * (base - top),
});
/**
 * Counts a value in its bin, if it has one.
 * @param {Float64Array} counts
 * @param {number} value
 */
export function countValue(counts, value) {
  const bin = Math.floor(((value - LEAST) / (MOST - LEAST)) * counts.length);
  if (bin >= 0 && bin < counts.length) counts[bin]++;
}
/**
 * The density of N(0, 1).
 * @param {{width: number, base: number, top: number}} plot
 */
export function normalPath(plot) {
  const { X, Y } = scales(plot);
  let path = `M0 ${plot.base}`;
  for (let x = LEAST; x <= MOST; x += 0.1)
    path += `L${X(x).toFixed(1)} ${Y(Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)).toFixed(1)}`;
  return `${path}L${plot.width} ${plot.base}Z`;
}
/**
 * The outline of `n` values that were counted.
 * @param {{width: number, base: number, top: number}} plot
 * @param {Float64Array} counts
 * @param {number} n
 */
export function barsPath(plot, counts, n) {
  const { Y } = scales(plot);
  const bins = counts.length;
  const x = (/** @type {number} */ bin) => ((bin / bins) * plot.width).toFixed(1);
  let path = "";
  counts.forEach((count, bin) => {
    const y = Y((count / n) * (bins / (MOST - LEAST))).toFixed(1);
    path += `${bin ? "L" : "M"}${x(bin)} ${y}H${x(bin + 1)}`;
  });
  return path;
}
/**
 * Mean and standard deviation of what was counted, to a bin's width.
 * @param {Float64Array} counts
 */
export function countedMoments(counts) {
  const width = (MOST - LEAST) / counts.length;
  let [n, sum, squares] = [0, 0, 0];
  counts.forEach((count, bin) => {
    const value = LEAST + (bin + 0.5) * width;
    n += count;
    sum += count * value;
    squares += count * value * value;
  });
  const mean = sum / n;
  return [mean, Math.sqrt(Math.max(0, squares / n - mean * mean))];
}
/**
 * Values that are named below, and where.
 * @param {{width: number, base: number, top: number}} plot
 */
export const axisLabels = (plot) => [-3, -1, 1, 3].map((value) => ({ value, x: scales(plot).X(value) }));
