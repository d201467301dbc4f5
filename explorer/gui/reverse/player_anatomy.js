// @ts-check
// One step of the chosen lane and picture, taken apart: x_s as the sum of its terms.

import { digits, FIGURE, wide, within } from "../parts/numbers.js";
import { $, $$, make, press } from "../parts/page.js";
import { fitCanvas } from "../parts/pixels.js";
import { paintPictures } from "./frames.js";
import { stepTerms, sumOfTerms, TERMS } from "./mixes.js";
import { drawClipping } from "./player_clipping.js";
import { placeMarks } from "./player_lanes.js";
import { frameAt, pictureGrid, redraw, state } from "./player_state.js";

const SPOKEN = { x0: "x̂₀", eps: "ε̂", z: "z", change: "the correction" };
/** @type {{[name: string]: {canvas: HTMLCanvasElement, image: ImageData}}} */
const screens = Object.fromEntries(
  [...TERMS, "sum"].map((name) => [name, { canvas: $(`#anatomy-${name}`), image: null }]),
);
/** @type {HTMLDetailsElement} */
export const anatomy = $(".anatomy");
let apart = ""; // what is drawn

/** ", class 3" of a picture that was asked to be one; "" of another. */
function classOf(picture) {
  const name = state.race.classes[picture];
  return name === undefined ? "" : `, class ${name}`;
}
export function choose(lane, picture) {
  const { lanes, race } = state;
  const chosen = (state.chosen = {
    lane: within(lane, 0, lanes.length - 1),
    picture: within(picture, 0, race.pictures - 1),
  });
  const { children } = $(".lane-choice");
  press(children, children[chosen.lane]);
  $(".stepper span").textContent =
    `image ${wide(chosen.picture + 1, race.pictures)} of ${race.pictures}${classOf(chosen.picture)}`;
  for (const button of stepper)
    button.disabled = chosen.picture === (button.dataset.picture === "1" ? race.pictures - 1 : 0);
  placeMarks();
  redraw();
}
/** A button for each lane; canvases of one picture each. */
export function layOutAnatomy() {
  const { lanes, race } = state;
  const box = $(".lane-choice");
  while (box.children.length > lanes.length) box.lastChild.remove();
  while (box.children.length < lanes.length) {
    const index = box.children.length;
    const button = make("button", { type: "button" }, box);
    button.addEventListener("click", () => choose(index, state.chosen.picture));
  }
  [...box.children].forEach((button, i) => (button.textContent = lanes[i].view.name));
  box.hidden = lanes.length === 1;
  $(".stepper").hidden = race.pictures === 1 && !race.classes.length;
  for (const button of stepper) button.hidden = race.pictures === 1;
  for (const screen of Object.values(screens))
    if (fitCanvas(screen.canvas, race.size) || !screen.image)
      screen.image = new ImageData(race.size, race.size);
  apart = "";
}
function drawTerm(name, frame, mix, label) {
  const { canvas, image } = screens[name];
  const grid = { from: state.chosen.picture, count: 1, columns: 1, ...pictureGrid() };
  paintPictures(image, frame, mix, grid);
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.setAttribute("aria-label", label);
}
export function drawAnatomy() {
  const { chosen } = state;
  const lane = state.lanes[chosen.lane];
  if (!anatomy.open || !lane.frames.length) return;
  const i = frameAt(lane);
  const key = `${chosen.lane} ${chosen.picture} ${i} ${state.range}`;
  if (key === apart) return;
  apart = key;
  const [from, to] = lane.view.steps[i];
  const terms = stepTerms(lane.view.coefficients[i]);
  for (const { name, weight, mix } of terms)
    drawTerm(name, lane.frames[i], mix, `${digits(weight)} times ${SPOKEN[name]}`);
  drawTerm("sum", lane.frames[i], sumOfTerms(terms), `x at s = ${to}${classOf(chosen.picture)}`);
  drawClipping(lane, i);
  writeStep(lane.view, from, to, terms);
  Object.assign(anatomy.dataset, { t: from, s: to });
}
/** The numbers of the step from t to s, and what it does in words. */
function writeStep({ name: title, stochastic, correction }, from, to, terms) {
  const who = title.split(",")[0];
  const last = state.race.T - 1;
  // a sampler that corrects its steps adds no noise: the correction stands in its place
  for (const part of $$("[data-term]"))
    part.hidden = part.dataset.term === "change" ? !correction : correction && !stochastic;
  for (const symbol of $$(".symbol")) symbol.textContent = correction?.symbol ?? "";
  const weights = Object.fromEntries(terms.map(({ name, weight }) => [name, weight]));
  for (const span of $$("[data-live]")) span.textContent = digits(weights[span.dataset.live] ?? 0);
  const under = 1 - weights.x0 ** 2 - weights.eps ** 2; // η²β̃: the mean is the same whatever σ is
  $(".under").textContent = Math.abs(under - weights.z ** 2) < 1e-9 ? "σ²" : "η²β̃";
  for (const sub of $$("sub.s")) sub.textContent = String(to).padEnd(String(last).length, FIGURE); // no gap after x
  $(".none").hidden = weights.z > 0;
  const verb = from - to > 1 ? "jumps" : "steps";
  const noise = weights.z > 0 ? ", adding noise" : "";
  const corrected = weights.change ? `, corrected by ${correction.words}` : "";
  $(".step").textContent =
    from === 0
      ? `${who} has arrived at t = 0: the image is finished.`
      : `${who} ${verb} from t = ${wide(from, last)} to s = ${wide(to, last)}${corrected}${noise}.`;
}
anatomy.addEventListener("toggle", () => {
  $(".player").classList.toggle("whole", !anatomy.open);
  redraw();
});
/** @type {HTMLButtonElement[]} */
const stepper = $$("[data-picture]");
for (const button of stepper)
  button.addEventListener("click", () =>
    choose(state.chosen.lane, state.chosen.picture + Number(button.dataset.picture)),
  );
