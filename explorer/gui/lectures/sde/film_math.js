// @ts-check
// Two ways to x at time k: an SDE's frames as they were sent, and a draw from q(x_k | x_0).

/**
 * `frames` of x by time, pixel; frame 0 is x_0. Integers of `scale`, as ε.
 * @typedef {{frames: Int16Array, eps: Int16Array, scale: number, alphaBar: Float64Array}} Film
 */

/**
 * Writes frame k, and √ᾱ x_0 + √(1−ᾱ) ε.
 * @param {Film} film
 * @param {number} k
 * @param {Float64Array} walk
 * @param {Float64Array} drawn
 */
export function evaluate({ frames, eps, scale, alphaBar }, k, walk, drawn) {
  const signal = Math.sqrt(alphaBar[k]) * scale;
  const noise = Math.sqrt(1 - alphaBar[k]) * scale;
  for (let i = 0, from = k * eps.length; i < eps.length; i++, from++) {
    walk[i] = frames[from] * scale;
    drawn[i] = signal * frames[i] + noise * eps[i];
  }
}
/**
 * Mean and standard deviation.
 * @param {Float64Array} values
 */
export function moments(values) {
  let sum = 0;
  let squares = 0;
  for (const v of values) {
    sum += v;
    squares += v * v;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(Math.max(0, squares / values.length - mean * mean))];
}
/**
 * Mean and std of (x − √ᾱ x_0)/√(1−ᾱ), which should be N(0, 1); nothing at t = 0.
 * @param {Film} film
 * @param {number} k
 * @param {Float64Array} values
 */
export function noiseMoments({ frames, scale, alphaBar }, k, values) {
  if (alphaBar[k] >= 1) return [NaN, NaN];
  const signal = Math.sqrt(alphaBar[k]) * scale;
  const sigma = Math.sqrt(1 - alphaBar[k]);
  return moments(values.map((v, i) => (v - signal * frames[i]) / sigma));
}
/**
 * Values of [−1, 1] with 1 or 3 colours as pixels, RGBA.
 * @param {Float64Array} values
 * @param {number} colours
 * @param {Uint8ClampedArray} pixels
 */
export function toPixels(values, colours, pixels) {
  for (let i = 0, to = 0; i < values.length; i += colours, to += 4)
    for (let c = 0; c < 3; c++)
      pixels[to + c] = Math.floor((values[i + (colours > 1 ? c : 0)] + 1) * 127.5 + 0.5);
}
