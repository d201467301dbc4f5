// @ts-check
// What the plane's files share: what was sent, what is shown of it, and what that means.

import { onceAFrame } from "../parts/page.js";
import { densities, mixtureNoise } from "./plane_field.js";
import { networkNoise } from "./plane_network.js";
import { alphaBarAt, amplitudes, between, mix } from "./plane_ways.js";

/** Points whose paths are drawn. */
const TRAILS = 30;

export const state = {
  view: null, // what Python sent
  sent: null, // what was fetched of it: {x0, eps, walk, beliefs: {name: [left, right]}, network}
  t: 0,
  way: "reverse",
  whose: "trained",
  drawing: false, // whether the pad is open
  strokes: [], // what is drawn on it
  pointer: null, // where somebody points: {x, y, score, belief}
  layers: { density: true, score: true, trails: true, training: false }, // what is drawn
  draw: () => {}, // how everything is drawn: plane.js says it
};
export const redraw = onceAFrame(() => state.draw());
export const rounded = () => Math.round(state.t);
export const alphaBarNow = (t) => alphaBarAt(state.view.alpha_bar, t);

// ---- where the points are -----------------------------------------------------------------
/** What a panel shows: its sampler's points, or the walk on the left and one blend on the right. */
export function laneOf(panel) {
  const { sent, way, whose } = state;
  if (way === "forward") return panel ? sent : sent.walk;
  return sent.beliefs[whose]?.[panel] ?? null;
}
/** Whether a lane's points move on smooth curves. */
export const isSmooth = (lane) => lane === state.sent || lane.curved;
/** Where a lane's points are, x and y in turn. */
export function positions(lane, t, out = null, length = undefined) {
  const { sent, view } = state;
  if (lane !== sent) return mix(between(lane, t, lane.curved ? view.alpha_bar : null), out, length);
  const [signal, noise] = amplitudes(alphaBarNow(t));
  return mix([sent.x0, sent.eps, signal, noise], out, length);
}
const paths = new WeakMap();
/** A lane's times in order, and where the first points are then. */
export function pathOf(lane) {
  if (!paths.has(lane)) {
    const { view, sent } = state;
    const length = 2 * Math.min(TRAILS, view[lane.n ?? "points"]);
    const times = isSmooth(lane)
      ? Array.from({ length: 101 }, (_, i) => (i * view.T) / 100)
      : [...lane.times];
    if (lane !== sent && isSmooth(lane)) times.reverse();
    paths.set(lane, { times, places: times.map((t) => positions(lane, t, null, length)) });
  }
  return paths.get(lane);
}

// ---- the field that is shown --------------------------------------------------------------
const pointMixture = () => ({ means: state.sent.x0, std: 0 });
const lawMixture = () => {
  const { law } = state.view;
  return law && { means: Float64Array.from(law.means.flat()), std: law.std };
};
/** The mixture whose density is shaded: the law where it is known, but the points for the ideal one. */
export const shadedMixture = () =>
  (state.way === "reverse" && state.whose === "ideal" ? null : lawMixture()) ?? pointMixture();
export const shadedDensities = (t) => densities(shadedMixture(), alphaBarNow(t));
export const knownField = () => {
  if (state.way === "reverse") return state.whose;
  return state.view.law ? "exact" : "ideal";
};
/** ε̂ of the field that is shown, or null where there is none. */
export function noiseAt(points, t) {
  if (t <= 0) return null;
  const { network } = state.sent;
  const alphaBar = alphaBarNow(t);
  const name = knownField();
  if (name === "trained") return network && networkNoise(network, t, alphaBar, points);
  const mixture = name === "exact" ? lawMixture() : pointMixture();
  return mixture && mixtureNoise(mixture, alphaBar, points);
}
