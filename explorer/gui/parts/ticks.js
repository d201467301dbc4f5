// @ts-check
// Which values of a logarithmic axis are labelled, and how.

const MOST = 8; // labels where only powers of ten are shown
const ENOUGH = 4; // of one kind, else a finer kind is taken
const NEAR = 1e-9; // a tick so close outside belongs to the axis

/** 1, 2, 5, 10, …: the k-th, k = 0 being 1. @param {number} k */
const roundNumber = (k) => Number(`${[1, 2, 5][((k % 3) + 3) % 3]}e${Math.floor(k / 3)}`);

/**
 * At least three round values in low…high where 0 < low < high: powers of ten, or 1, 2, 5, 10, …,
 * or, where there are fewer than four of these, the multiples of the largest step that has four.
 * @param {number} low
 * @param {number} high
 * @returns {number[]}
 */
export function logTicks(low, high) {
  if (!(low > 0 && high > low && high < Infinity)) return [];
  const inside = (/** @type {number} */ value) => value >= low * (1 - NEAR) && value <= high * (1 + NEAR);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const reached = powers.filter((power) => inside(Number(`1e${power}`)));
  if (reached.length >= ENOUGH) {
    const every = [1, 2, 5, 10, 20, 50, 100].find((n) => reached.length / n <= MOST) ?? 100;
    return reached.filter((power) => power % every === 0).map((power) => Number(`1e${power}`));
  }
  const rounds = powers.flatMap((power) => [0, 1, 2].map((k) => roundNumber(3 * power + k)));
  const shown = rounds.filter(inside);
  if (shown.length >= ENOUGH) return shown;
  for (let k = 3 * last; k > 3 * (last - 15); k--) {
    const step = roundNumber(k);
    const from = Math.ceil((low / step) * (1 - NEAR));
    const count = Math.floor((high / step) * (1 + NEAR)) - from + 1;
    if (count >= ENOUGH)
      return Array.from({ length: count }, (_, i) => Number(((from + i) * step).toPrecision(15)));
  }
  return [];
}

/**
 * "0.115", "5", "2e−5".
 * @param {number} value
 */
export function tickLabel(value) {
  const text = value >= 1e-4 && value < 1e6 ? String(value) : value.toExponential();
  return text.replace("e+", "e").replace("-", "−");
}
