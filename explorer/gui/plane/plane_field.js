// ---- density, score and belief anywhere: p_t = Σ_k w_k N(√ᾱ μ_k, (ᾱ s² + 1 − ᾱ) I), or a network
const REACH = 3.2,
  SHADES = 72,
  ARROWS = 18; // half the side of a panel; cells across
const centres = (cells) => Float32Array.from({ length: cells }, (_, i) => REACH * ((2 * i + 1) / cells - 1));
const GRID = (() => {
  // where arrows stand, x and y in turn
  const line = centres(ARROWS),
    grid = new Float32Array(2 * ARROWS * ARROWS);
  for (let j = 0, k = 0; j < ARROWS; j++)
    for (let i = 0; i < ARROWS; i++, k += 2) [grid[k], grid[k + 1]] = [line[i], line[j]];
  return grid;
})();

const pointMixture = () => ({ means: sent.x0, std: 0 });
const lawMixture = () => view.law && { means: Float64Array.from(view.law.means.flat()), std: view.law.std };
/** The mixture whose density is shaded: the law where it is known, but the points for the ideal one. */
const shadedMixture = () => (way === "reverse" && whose === "ideal" ? null : lawMixture()) ?? pointMixture();
const knownField = () => (way === "reverse" ? whose : view.law ? "exact" : "ideal");

/** p_t on SHADES² cells, up to a factor: e^(−dx²)·e^(−dy²), so that few exponentials are needed. */
function densities({ means, std }, alphaBar) {
  const count = means.length / 2,
    a = Math.sqrt(alphaBar),
    line = centres(SHADES);
  const least = (0.6 * REACH) / SHADES; // points are at least as wide as a cell
  const variance = Math.max(alphaBar * std * std + 1 - alphaBar, least * least);
  const across = new Float32Array(SHADES),
    out = new Float32Array(SHADES * SHADES);
  for (let k = 0; k < count; k++) {
    const x = a * means[2 * k],
      y = a * means[2 * k + 1];
    for (let i = 0; i < SHADES; i++) across[i] = Math.exp(-((line[i] - x) ** 2) / (2 * variance));
    for (let j = 0, at = 0; j < SHADES; j++, at += SHADES) {
      const down = Math.exp(-((line[j] - y) ** 2) / (2 * variance));
      if (down > 1e-6) for (let i = 0; i < SHADES; i++) out[at + i] += down * across[i];
    }
  }
  return out;
}
/** ε̂ = −√(1−ᾱ)·∇ log p_t at points x, y, …: Σ_k r_k of every component, largest exponent first. */
function mixtureNoise({ means, std }, alphaBar, points) {
  const a = Math.sqrt(alphaBar),
    sigma = Math.sqrt(1 - alphaBar),
    variance = alphaBar * std * std + 1 - alphaBar;
  const out = new Float32Array(points.length),
    distances = new Float64Array(means.length / 2);
  for (let k = 0; k < points.length; k += 2) {
    let best = Infinity,
      total = 0,
      x = 0,
      y = 0;
    for (let c = 0; c < distances.length; c++) {
      const dx = points[k] - a * means[2 * c],
        dy = points[k + 1] - a * means[2 * c + 1];
      distances[c] = (dx * dx + dy * dy) / (2 * variance);
      if (distances[c] < best) best = distances[c];
    }
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

// ---- the network, as explorer/plane/network.py has it --------------------------------------
function cutNetwork(told, weights) {
  const { width, depth, time_features: features, frequencies } = told;
  let at = 0;
  const layer = (outputs, inputs) => {
    const matrix = weights.subarray(at, (at += outputs * inputs));
    return { matrix, offset: weights.subarray(at, (at += outputs)), inputs, outputs };
  };
  const net = {
    ...told,
    inlet: layer(width, 2 + 4 * frequencies.length),
    time: layer(width * depth, features),
  };
  net.layers = Array.from({ length: depth }, () => layer(width, width));
  net.outlet = layer(2, width);
  net.entered = new Map(); // what enters depends on the points alone
  return net;
}
/** out += W·x + b at offsets of both. */
function affine({ matrix, offset, inputs, outputs }, x, from, out, to) {
  for (let o = 0, w = 0; o < outputs; o++) {
    let sum = offset[o];
    for (let i = 0; i < inputs; i++, w++) sum += matrix[w] * x[from + i];
    out[to + o] += sum;
  }
}
function enter(net, points) {
  const count = points.length / 2,
    { frequencies, inlet, width } = net;
  const x = new Float32Array(inlet.inputs),
    out = new Float32Array(count * width),
    angles = 2 * frequencies.length;
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
/** ε̂ by the trained network at points x, y, …. */
function networkNoise(net, time, points) {
  const { width, depth, time_features: features, T } = net,
    half = features / 2;
  const embedding = new Float32Array(features),
    shifts = new Float32Array(width * depth);
  for (let k = 0; k < half; k++) {
    const angle = ((1000 * time) / T) * Math.exp((-Math.log(10000) * k) / half);
    [embedding[k], embedding[half + k]] = [Math.cos(angle), Math.sin(angle)];
  }
  affine(net.time, embedding, 0, shifts, 0);
  let entered = net.entered.get(points);
  if (!entered) {
    entered = enter(net, points);
    if (points === GRID) net.entered.set(points, entered);
  }
  const h = new Float32Array(width),
    active = new Float32Array(width),
    out = new Float32Array(points.length);
  for (let k = 0; k < points.length; k += 2) {
    h.set(entered.subarray((k / 2) * width, (k / 2 + 1) * width));
    net.layers.forEach((layer, l) => {
      for (let i = 0; i < width; i++) {
        const z = h[i] + shifts[l * width + i];
        active[i] = z / (1 + Math.exp(-z));
      }
      affine(layer, active, 0, h, 0);
    });
    for (let i = 0; i < width; i++) active[i] = h[i] / (1 + Math.exp(-h[i]));
    affine(net.outlet, active, 0, out, k);
  }
  const [a, s] = amplitudes(time);
  if (net.target !== "eps")
    for (let k = 0; k < out.length; k++)
      out[k] = net.target === "v" ? a * out[k] + s * points[k] : (points[k] - a * out[k]) / s;
  return out;
}
/** ε̂ of the field that is shown, or null where there is none. */
function noiseAt(points, time) {
  const name = knownField();
  if (time <= 0) return null;
  if (name === "trained") return sent.network && networkNoise(sent.network, time, points);
  const mixture = name === "exact" ? lawMixture() : pointMixture();
  return mixture && mixtureNoise(mixture, alphaBarAt(time), points);
}
