// @ts-check
// Under a step that is taken apart: which x̂_0 its ε̂ is from, and what clipping changed.

import { digits } from "../parts/numbers.js";
import { $, make } from "../parts/page.js";
import { fitCanvas } from "../parts/pixels.js";
import { clippingOf, noiseChange, paintChange } from "./clipping.js";
import { state } from "./player_state.js";

/** Whether a lane clips x̂_0; races of before say so by their width alone. */
const clips = (view) => view.clipped ?? (view.corrected || !view.wide);

/** Says by the choice of ε̂ which x̂_0 it is from. */
export function nameNoise() {
  const does = state.lanes.map(({ view }) => clips(view));
  const zero = make("sub", { textContent: "0" });
  const end = does.includes(false) ? (does.includes(true) ? ", clipped or not" : ", not clipped") : "";
  $(".noise-of").replaceChildren(end ? "from x̂" : "from the clipped x̂", zero, end);
}
/** What clipping changed in the chosen picture of a frame, as a picture and in words. */
export function drawClipping({ view, frames }, i) {
  const { race, chosen } = state;
  const frame = frames[i];
  const coefficients = view.coefficients[i];
  const count = race.size ** 2 * race.channels;
  const first = chosen.picture * count;
  const found = clippingOf(frame, coefficients, first, count);
  /** @type {HTMLCanvasElement} */
  const canvas = $("#anatomy-clipped");
  fitCanvas(canvas, race.size);
  const image = new ImageData(race.size, race.size);
  paintChange(image.data, noiseChange(frame, coefficients, first, count), race.channels, found.largest);
  canvas.getContext("2d").putImageData(image, 0, 0);
  const seen = Boolean(view.times[i] && found.clipped);
  canvas.style.visibility = seen ? "" : "hidden"; // its room stays
  canvas.setAttribute("aria-label", `change of ε̂ by clipping, at most ${digits(found.largest)}`);
  $(".clipped .scale").textContent = seen ? `±${digits(found.largest)}` : "";
  $(".clipped .changed").textContent = describe(view, view.times[i], found, count);
}
function describe(view, t, { clipped, reach, largest, rms }, count) {
  if (t === 0) return "At t = 0 nothing is predicted, and nothing is clipped.";
  if (!clips(view))
    return `This lane does not clip x̂₀ (largest |x̂₀| ${digits(reach)}): its ε̂ is the raw one.`;
  if (!view.clipped)
    return "This race was saved without the values removed by clipping; run it again to see them.";
  if (!clipped)
    return `Clipping changed nothing at this step: largest |x̂₀| ${digits(reach)}. ε̂ from the clipped x̂₀ is the raw one.`;
  return (
    `Clipping changed ${clipped} of ${count} values of x̂₀ (largest |x̂₀| before: ${digits(reach)}). ` +
    `Raw ε̂ − ε̂ from the clipped x̂₀: at most ${digits(largest)}, root mean square ${digits(rms)}.`
  );
}
