// @ts-check
// What clipping changed in a frame: x̂_0 as it came, and the ε̂ that would follow from that.

/** @typedef {import("./frames.js").Frame} Frame */

const word = new Uint32Array(1);
const number = new Float32Array(word.buffer);
/**
 * The upper half of a float32 → the number.
 * @param {number} half
 */
export function upperHalf(half) {
  word[0] = half << 16;
  return number[0];
}
/**
 * ε̂ from x̂_0 as it came, less ε̂ from the clipped x̂_0: −√ᾱ_t/√(1 − ᾱ_t) times what was taken off;
 * of `count` numbers of a frame from `first` on. Nothing at t = 0.
 * @param {Frame} frame
 * @param {number[]} coefficients
 * @param {number} first
 * @param {number} count
 */
export function noiseChange({ excess }, [signal, noise], first, count) {
  const change = new Float32Array(count);
  if (!excess || !(noise > 0)) return change;
  for (let i = 0; i < count; i++) change[i] = (-signal / noise) * upperHalf(excess[first + i]);
  return change;
}
/**
 * How many of the numbers were clipped, the largest |x̂_0| before, and of the change of ε̂ the
 * largest and the root mean square.
 * @param {Frame} frame
 * @param {number[]} coefficients
 * @param {number} first
 * @param {number} count
 */
export function clippingOf(frame, coefficients, first, count) {
  const change = noiseChange(frame, coefficients, first, count);
  let [clipped, reach, largest, squares] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const more = frame.excess ? Math.abs(upperHalf(frame.excess[first + i])) : 0;
    if (more) clipped++;
    const size = more ? 1 + more : Math.abs((frame.x0[first + i] + 0.5) / 4080);
    // NaN stays
    reach = size <= reach ? reach : size;
    largest = Math.abs(change[i]) <= largest ? largest : Math.abs(change[i]);
    squares += change[i] ** 2;
  }
  return { clipped, reach, largest, rms: Math.sqrt(squares / count) };
}
/**
 * The change of ε̂ of one picture as pixels, black −`end`, white `end`.
 * @param {Uint8ClampedArray} data
 * @param {Float32Array} change
 * @param {number} channels
 * @param {number} end
 */
export function paintChange(data, change, channels, end) {
  for (let i = 0; 4 * i < data.length; i++) {
    for (let c = 0; c < 3; c++) {
      const value = change[channels === 1 ? i : 3 * i + c];
      data[4 * i + c] = end > 0 ? (value / end + 1) * 127.5 : 127.5;
    }
    data[4 * i + 3] = 255;
  }
}
