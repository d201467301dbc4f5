// @ts-check
// What is derived from a frame: predictions, and the terms of the step that is taken from it.
// Coefficients come from Python: √ᾱ_t, √(1 − ᾱ_t), then the weights of the step's terms, see TERMS.

/** The terms of a step in the order of their weights; the last one only where a sampler has it. */
export const TERMS = ["x0", "eps", "z", "change"];

/** @typedef {import("./frames.js").Mix} Mix */

/**
 * ε̂ = (x_t − √ᾱ_t·x̂_0)/√(1 − ᾱ_t) times a weight; nothing at t = 0.
 * @param {number[]} coefficients
 * @returns {Mix}
 */
export const predictedNoise = ([signal, noise], weight = 1) =>
  noise > 0 ? [weight / noise, (-weight * signal) / noise, 0, 0] : [0, 0, 0, 0];

/**
 * The state "x", the belief "x0" or the predicted noise "eps" of a frame.
 * @param {string} name
 * @param {number[]} coefficients
 * @returns {Mix}
 */
export function shownMix(name, coefficients) {
  if (name === "x") return [1, 0, 0, 0];
  return name === "x0" ? [0, 1, 0, 0] : predictedNoise(coefficients);
}
/**
 * The terms that x_s is the sum of, each a weight times a picture. `mix` is the whole term; the
 * correction is sent with its weight in it.
 * @param {number[]} coefficients
 * @returns {{name: string, weight: number, mix: Mix}[]}
 */
export function stepTerms(coefficients) {
  const weights = coefficients.slice(2);
  /** @type {Mix[]} */
  const mixes = [
    [0, weights[0], 0, 0],
    predictedNoise(coefficients, weights[1]),
    [0, 0, weights[2], 0],
    [0, 0, 0, 1],
  ];
  return weights.map((weight, i) => ({ name: TERMS[i], weight, mix: mixes[i] }));
}
/**
 * The sum of terms: x_s.
 * @param {{mix: Mix}[]} terms
 * @returns {Mix}
 */
export const sumOfTerms = (terms) =>
  terms.reduce(
    (/** @type {Mix} */ sum, { mix }) => /** @type {Mix} */ (sum.map((part, i) => part + mix[i])),
    [0, 0, 0, 0],
  );
