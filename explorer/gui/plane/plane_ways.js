// @ts-check
// Points on their way: frames as explorer/gui/plane/view.py packs them, and where points are between two.

import { unpackBytes } from "../parts/bytes.js";
import { reachedIndex } from "../parts/times.js";

/**
 * x and y of all points in turn, at each of the times.
 * @typedef {{times: number[], frames: Float32Array[]}} Way
 */

/**
 * An inflated sheet → frames: each number is a folded change since the last frame, in units of
 * 1/unit; low bytes come before high ones.
 * @param {Uint8Array} planes
 * @param {number} count how many frames
 * @param {number} unit
 */
export function unpackWay(planes, count, unit) {
  const numbers = planes.length / 2;
  const length = numbers / count;
  const now = new Int16Array(length);
  return Array.from({ length: count }, (_, frame) => {
    const places = new Float32Array(length);
    for (let j = 0, k = frame * length; j < length; j++, k++) {
      const folded = planes[k] | (planes[numbers + k] << 8);
      now[j] += (folded >>> 1) ^ -(folded & 1);
      places[j] = now[j] / unit;
    }
    return places;
  });
}
/**
 * ᾱ at any t; between two steps, while it plays, on the straight line.
 * @param {number[]} table
 * @param {number} t
 */
export function alphaBarAt(table, t) {
  const low = Math.min(Math.floor(t), table.length - 2);
  return table[low] + (t - low) * (table[low + 1] - table[low]);
}
/**
 * √ᾱ and √(1−ᾱ).
 * @param {number} alphaBar
 */
export const amplitudes = (alphaBar) => [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)];

/**
 * The frames around t and their weights: points go straight on, or, `curved`, on the curve of a step
 * without noise, x = √ᾱ·x̂_0 + √(1−ᾱ)·ε̂ with an x̂_0 and an ε̂ that are the step's throughout.
 * @param {Way} way
 * @param {number} t
 * @param {number[] | null} curved the table of ᾱ
 * @returns {[Float32Array, Float32Array, number, number]}
 */
export function between({ times, frames }, t, curved) {
  const last = frames.length - 1;
  if (!last) return [frames[0], frames[0], 1, 0];
  const falling = times[0] > times[times.length - 1];
  let i = 0;
  while (i < last - 1 && (falling ? times[i + 1] > t : times[i + 1] < t)) i++;
  const from = times[i];
  const to = times[i + 1];
  if (!curved) {
    const share = Math.max(0, Math.min(1, (t - from) / (to - from)));
    return [frames[i], frames[i + 1], 1 - share, share];
  }
  const [[a, s], [a1, s1], [a2, s2]] = [t, from, to].map((time) => amplitudes(alphaBarAt(curved, time)));
  const size = a1 * s2 - a2 * s1;
  return [frames[i], frames[i + 1], (a * s2 - a2 * s) / size, (a1 * s - a * s1) / size];
}
/**
 * u·one + v·other, of the first `length` numbers; in `out` where it is as long.
 * @param {[Float32Array, Float32Array, number, number]} parts
 * @param {Float32Array | null} [out]
 */
export function mix([one, other, u, v], out = null, length = one.length) {
  const sum = out?.length === length ? out : new Float32Array(length);
  for (let k = 0; k < length; k++) sum[k] = u * one[k] + v * other[k];
  return sum;
}

/**
 * A sampler's steps from each of its times, the last of which is 0: the weights of x̂_0, ε̂, z and,
 * with one, of the correction; and whether any adds noise.
 * @typedef {{times: number[], steps: Float32Array[], noisy: boolean}} Sampler
 */
/**
 * @param {{steps: number[], coefficients: string}} sent
 * @returns {Sampler}
 */
export function unpackSampler({ steps: times, coefficients }) {
  const table = new Float32Array(unpackBytes(coefficients).buffer);
  const width = table.length / times.length;
  const steps = times.map((_, i) => table.subarray(width * i, width * (i + 1)));
  return { times, steps, noisy: steps.some(([, , sigma]) => sigma > 0) };
}
/**
 * The step that is shown at t, from the sampler's last time at or above t; it leads to `to`.
 * @param {Sampler} sampler
 * @param {number} t
 */
export function stepAt({ times, steps }, t) {
  const i = reachedIndex(times, t);
  const [signal, direction, sigma, change = 0] = steps[i];
  return { to: times[i + 1] ?? 0, signal, direction, sigma, change };
}
