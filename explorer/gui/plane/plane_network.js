// @ts-check
// The network, as explorer/plane/network.py has it.

import { GRID } from "./plane_field.js";

/** @typedef {{matrix: Float32Array, offset: Float32Array, inputs: number, outputs: number}} Layer */
/**
 * @typedef {{width: number, depth: number, time_features: number, frequencies: number[], T: number,
 *            target: string}} Size
 * @typedef {Size & {inlet: Layer, time: Layer, layers: Layer[], outlet: Layer,
 *            entered: Map<Float32Array, Float32Array>}} Network
 */

/**
 * Weights that follow each other → layers.
 * @param {Size} size
 * @param {Float32Array} weights
 * @returns {Network}
 */
export function cutNetwork(size, weights) {
  const { width, depth, time_features: features, frequencies } = size;
  let at = 0;
  const layer = (/** @type {number} */ outputs, /** @type {number} */ inputs) => {
    const matrix = weights.subarray(at, (at += outputs * inputs));
    return { matrix, offset: weights.subarray(at, (at += outputs)), inputs, outputs };
  };
  return {
    ...size,
    inlet: layer(width, 2 + 4 * frequencies.length),
    time: layer(width * depth, features),
    layers: Array.from({ length: depth }, () => layer(width, width)),
    outlet: layer(2, width),
    entered: new Map(), // what enters depends on the points alone
  };
}
/**
 * out += W·x + b at offsets of both.
 * @param {Layer} layer
 * @param {Float32Array} x
 * @param {number} from
 * @param {Float32Array} out
 * @param {number} to
 */
function affine({ matrix, offset, inputs, outputs }, x, from, out, to) {
  for (let o = 0, w = 0; o < outputs; o++) {
    let sum = offset[o];
    for (let i = 0; i < inputs; i++, w++) sum += matrix[w] * x[from + i];
    out[to + o] += sum;
  }
}
/**
 * @param {Network} net
 * @param {Float32Array} points
 */
function enter({ frequencies, inlet, width }, points) {
  const count = points.length / 2;
  const x = new Float32Array(inlet.inputs);
  const out = new Float32Array(count * width);
  const angles = 2 * frequencies.length;
  for (let k = 0; k < count; k++) {
    for (let d = 0; d < 2; d++) {
      x[d] = points[2 * k + d];
      frequencies.forEach((omega, f) => {
        const at = 2 + d * frequencies.length + f;
        x[at] = Math.sin(omega * x[d]);
        x[at + angles] = Math.cos(omega * x[d]);
      });
    }
    affine(inlet, x, 0, out, k * width);
  }
  return out;
}
const silu = (/** @type {number} */ z) => z / (1 + Math.exp(-z));
/**
 * ε̂ by the trained network at points x, y, ….
 * @param {Network} net
 * @param {number} t
 * @param {number} alphaBar
 * @param {Float32Array} points
 */
export function networkNoise(net, t, alphaBar, points) {
  const { width, depth, time_features: features, T, target } = net;
  const half = features / 2;
  const embedding = new Float32Array(features);
  const shifts = new Float32Array(width * depth);
  for (let k = 0; k < half; k++) {
    const angle = ((1000 * t) / T) * Math.exp((-Math.log(10000) * k) / half);
    [embedding[k], embedding[half + k]] = [Math.cos(angle), Math.sin(angle)];
  }
  affine(net.time, embedding, 0, shifts, 0);
  const entered = net.entered.get(points) ?? enter(net, points);
  if (points === GRID) net.entered.set(points, entered);
  const h = new Float32Array(width);
  const active = new Float32Array(width);
  const out = new Float32Array(points.length);
  for (let k = 0; k < points.length; k += 2) {
    h.set(entered.subarray((k / 2) * width, (k / 2 + 1) * width));
    net.layers.forEach((layer, l) => {
      for (let i = 0; i < width; i++) active[i] = silu(h[i] + shifts[l * width + i]);
      affine(layer, active, 0, h, 0);
    });
    for (let i = 0; i < width; i++) active[i] = silu(h[i]);
    affine(net.outlet, active, 0, out, k);
  }
  if (target === "eps") return out;
  const a = Math.sqrt(alphaBar);
  const s = Math.sqrt(1 - alphaBar);
  return out.map((value, k) => (target === "v" ? a * value + s * points[k] : (points[k] - a * value) / s));
}
