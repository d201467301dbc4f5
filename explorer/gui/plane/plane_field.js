// @ts-check
// Density, score and belief anywhere: p_t = Σ_k w_k N(√ᾱ μ_k, (ᾱ s² + 1 − ᾱ) I).

/** Means, x and y in turn, and the components' own std: the data distribution, or points with std 0.
 * @typedef {{means: ArrayLike<number>, std: number}} Mixture
 */

/** Half the side of a panel. */
export const REACH = 3.2;
/** Cells across, of the shade and of the arrows. */
export const SHADES = 72;
export const ARROWS = 18;
const centres = (/** @type {number} */ cells) =>
  Float32Array.from({ length: cells }, (_, i) => REACH * ((2 * i + 1) / cells - 1));
/** Where arrows stand, x and y in turn. */
export const GRID = (() => {
  const line = centres(ARROWS);
  const grid = new Float32Array(2 * ARROWS * ARROWS);
  for (let j = 0, k = 0; j < ARROWS; j++)
    for (let i = 0; i < ARROWS; i++, k += 2) [grid[k], grid[k + 1]] = [line[i], line[j]];
  return grid;
})();

/**
 * p_t on SHADES² cells, up to a factor: e^(−dx²)·e^(−dy²), so that few exponentials are needed.
 * @param {Mixture} mixture
 * @param {number} alphaBar
 */
export function densities({ means, std }, alphaBar) {
  const count = means.length / 2;
  const a = Math.sqrt(alphaBar);
  const line = centres(SHADES);
  const least = (0.6 * REACH) / SHADES; // points are at least as wide as a cell
  const variance = Math.max(alphaBar * std * std + 1 - alphaBar, least * least);
  const across = new Float32Array(SHADES);
  const out = new Float32Array(SHADES * SHADES);
  for (let k = 0; k < count; k++) {
    const x = a * means[2 * k];
    const y = a * means[2 * k + 1];
    for (let i = 0; i < SHADES; i++) across[i] = Math.exp(-((line[i] - x) ** 2) / (2 * variance));
    for (let j = 0, at = 0; j < SHADES; j++, at += SHADES) {
      const down = Math.exp(-((line[j] - y) ** 2) / (2 * variance));
      if (down > 1e-6) for (let i = 0; i < SHADES; i++) out[at + i] += down * across[i];
    }
  }
  return out;
}
/**
 * Densities as pixels of this ink, RGBA, y upwards: the darker, the more likely.
 * @param {Float32Array} values
 * @param {number[]} ink
 * @param {Uint8ClampedArray} pixels
 */
export function shadeDensities(values, ink, pixels) {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  for (let j = 0, k = 0; j < SHADES; j++)
    for (let i = 0; i < SHADES; i++, k++) {
      const at = 4 * ((SHADES - 1 - j) * SHADES + i);
      [pixels[at], pixels[at + 1], pixels[at + 2]] = ink;
      pixels[at + 3] = 105 * (values[k] / most) ** 0.6;
    }
}
/**
 * ε̂ = −√(1−ᾱ)·∇ log p_t at points x, y, …: Σ_k r_k of every component, largest exponent first.
 * @param {Mixture} mixture
 * @param {number} alphaBar
 * @param {Float32Array} points
 */
export function mixtureNoise({ means, std }, alphaBar, points) {
  const a = Math.sqrt(alphaBar);
  const sigma = Math.sqrt(1 - alphaBar);
  const variance = alphaBar * std * std + 1 - alphaBar;
  const out = new Float32Array(points.length);
  const distances = new Float64Array(means.length / 2);
  for (let k = 0; k < points.length; k += 2) {
    let best = Infinity;
    for (let c = 0; c < distances.length; c++) {
      const dx = points[k] - a * means[2 * c];
      const dy = points[k + 1] - a * means[2 * c + 1];
      distances[c] = (dx * dx + dy * dy) / (2 * variance);
      if (distances[c] < best) best = distances[c];
    }
    let total = 0;
    let x = 0;
    let y = 0;
    for (let c = 0; c < distances.length; c++) {
      if (distances[c] - best > 40) continue;
      const weight = Math.exp(best - distances[c]);
      total += weight;
      x += weight * means[2 * c];
      y += weight * means[2 * c + 1];
    }
    out[k] = (sigma * (points[k] - (a * x) / total)) / variance;
    out[k + 1] = (sigma * (points[k + 1] - (a * y) / total)) / variance;
  }
  return out;
}
/**
 * x̂_0 = (x − √(1−ᾱ)·ε̂)/√ᾱ and ∇ log p = −ε̂/√(1−ᾱ) at one point.
 * @param {ArrayLike<number>} point
 * @param {ArrayLike<number>} noise
 * @param {number} alphaBar
 */
export function readNoise(point, noise, alphaBar) {
  const a = Math.sqrt(alphaBar);
  const s = Math.sqrt(1 - alphaBar);
  return {
    belief: [(point[0] - s * noise[0]) / a, (point[1] - s * noise[1]) / a],
    score: [-noise[0] / s, -noise[1] / s],
  };
}
/**
 * Arrows along −ε̂, each centred on its place of GRID, long ones shortened: x, y of the tail, of the
 * tip, and of the two ends of the head, one after the other.
 * @param {Float32Array} noise
 */
export function arrowLines(noise) {
  const most = 0.9 * ((2 * REACH) / ARROWS);
  /** @type {number[][]} */
  const lines = [];
  for (let k = 0; k < GRID.length; k += 2) {
    const size = Math.hypot(noise[k], noise[k + 1]);
    if (!(size > 0.02)) continue;
    const scale = most / (size + 1);
    const dx = -noise[k] * scale;
    const dy = -noise[k + 1] * scale;
    const x = GRID[k] + dx / 2;
    const y = GRID[k + 1] + dy / 2;
    const head = [x - 0.34 * dx - 0.2 * dy, y - 0.34 * dy + 0.2 * dx];
    lines.push([x - dx, y - dy, x, y, ...head, x - 0.34 * dx + 0.2 * dy, y - 0.34 * dy - 0.2 * dx]);
  }
  return lines;
}
