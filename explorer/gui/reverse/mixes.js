// @ts-check
// What is derived from a frame: predictions, and the terms of the step that is taken from it.
// Coefficients come from Python: √ᾱ_t, √(1 − ᾱ_t), √ᾱ_s, √(1 − ᾱ_s − σ²), σ.

/** @typedef {import("./frames.js").Mix} Mix */

/**
 * ε̂ = (x_t − √ᾱ_t·x̂_0)/√(1 − ᾱ_t) times a weight; nothing at t = 0.
 * @param {number[]} coefficients
 * @returns {Mix}
 */
export const predictedNoise = ([signal, noise], weight = 1) =>
  noise > 0 ? [weight / noise, (-weight * signal) / noise, 0] : [0, 0, 0];

/**
 * The state "x", the belief "x0" or the predicted noise "eps" of a frame.
 * @param {string} name
 * @param {number[]} coefficients
 * @returns {Mix}
 */
export function shownMix(name, coefficients) {
  if (name === "x") return [1, 0, 0];
  return name === "x0" ? [0, 1, 0] : predictedNoise(coefficients);
}
/**
 * The terms that x_s is the sum of, each a weight times a picture: √ᾱ_s·x̂_0, √(1 − ᾱ_s − σ²)·ε̂, σ·z.
 * `mix` is the whole term.
 * @param {number[]} coefficients
 * @returns {{name: string, weight: number, mix: Mix}[]}
 */
export function stepTerms(coefficients) {
  const [, , signal, direction, sigma] = coefficients;
  return [
    { name: "x0", weight: signal, mix: [0, signal, 0] },
    { name: "eps", weight: direction, mix: predictedNoise(coefficients, direction) },
    { name: "z", weight: sigma, mix: [0, 0, sigma] },
  ];
}
/**
 * The sum of terms: x_s.
 * @param {{mix: Mix}[]} terms
 * @returns {Mix}
 */
export const sumOfTerms = (terms) =>
  terms.reduce((/** @type {Mix} */ [a, b, c], { mix }) => [a + mix[0], b + mix[1], c + mix[2]], [0, 0, 0]);
