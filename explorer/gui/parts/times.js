// @ts-check
// Times that run from T to 0.

/**
 * Where the last time stands that is reached at t, of the first `count`: the last that is not below t.
 * @param {ArrayLike<number>} times decreasing
 * @param {number} t
 */
export function reachedIndex(times, t, count = times.length) {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] >= t) low = middle;
    else high = middle - 1;
  }
  return low;
}
