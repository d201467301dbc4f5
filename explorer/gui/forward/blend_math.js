// @ts-check
// The forward process of one picture, x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε.

import { countValue } from "../parts/histogram.js";
import { percent } from "../parts/numbers.js";

/**
 * A square picture as bytes and its noise, both by row, column, channel.
 * @typedef {{size: number, x0: Uint8Array, eps: Float32Array}} Scene
 */

/**
 * x_t as pixels, RGBA; every `skip`-th pixel of every `skip`-th row.
 * @param {Scene} scene
 * @param {number} alphaBar
 * @param {Uint8ClampedArray} pixels
 */
export function blend({ size, x0, eps }, alphaBar, pixels, skip = 1) {
  const signal = Math.sqrt(alphaBar);
  const noise = Math.sqrt(1 - alphaBar) * 127.5;
  const offset = 127.5 * (1 - signal); // 127.5 (signal (2u/255 − 1) + 1) = signal u + offset
  let to = 0;
  for (let y = 0; y < size; y += skip) {
    for (let x = 0; x < size; x += skip, to += 4) {
      const from = 3 * (y * size + x);
      pixels[to] = signal * x0[from] + noise * eps[from] + offset;
      pixels[to + 1] = signal * x0[from + 1] + noise * eps[from + 1] + offset;
      pixels[to + 2] = signal * x0[from + 2] + noise * eps[from + 2] + offset;
    }
  }
}
/**
 * What the SNR ᾱ/(1 − ᾱ) is multiplied by for this picture: its mean square as the network sees it,
 * in [−1, 1]; and for the mean of its n values, whose noise has the variance (1 − ᾱ)/n.
 * @param {Uint8Array} x0
 */
export function strength(x0) {
  let sum = 0;
  let squares = 0;
  for (const byte of x0) {
    const value = byte / 127.5 - 1;
    sum += value;
    squares += value * value;
  }
  return { power: squares / x0.length, mean: (sum * sum) / x0.length };
}
/**
 * Which of two schedules keeps more of the picture.
 * @param {{name: string, alphaBar: number}[]} schedules
 * @param {string} when
 */
export function keptMore(schedules, when) {
  const [more, less] = [...schedules].sort((a, b) => b.alphaBar - a.alphaBar);
  const shares = [more, less].map(({ alphaBar }) => percent(Math.sqrt(alphaBar)));
  if (shares[0] === shares[1]) return `${when} both schedules keep √ᾱ = ${shares[0]} of the image.`;
  return `${when} ${more.name} keeps more of the image: √ᾱ = ${shares[0]}, ${less.name} ${shares[1]}.`;
}
/**
 * Counts values of x_t in bins; how many were counted.
 * @param {Scene} scene
 * @param {number} alphaBar
 * @param {Float64Array} counts
 */
export function countBlend({ x0, eps }, alphaBar, counts) {
  const signal = Math.sqrt(alphaBar);
  const noise = Math.sqrt(1 - alphaBar);
  const step = Math.max(1, Math.floor(x0.length / 40000)) | 1; // odd: all three colours take part
  counts.fill(0);
  let n = 0;
  for (let k = 0; k < x0.length; k += step, n++)
    countValue(counts, signal * (x0[k] / 127.5 - 1) + noise * eps[k]);
  return n;
}
/**
 * The time at which the falling table comes nearest to this ᾱ, the later of two that are as near.
 * @param {ArrayLike<number>} table
 * @param {number} alphaBar
 */
export function matchingTime(table, alphaBar) {
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table[middle] > alphaBar) low = middle + 1;
    else high = middle;
  }
  return low && table[low - 1] - alphaBar < alphaBar - table[low] ? low - 1 : low;
}
