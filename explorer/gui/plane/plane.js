// @ts-check
import { clock, clockTime, followClock, playback } from "../parts/clock.js";
import { addHelp } from "../parts/explain.js";
import { digits, wide, within } from "../parts/numbers.js";
import { $, $$, countUp, keepChoice, onTheme, onVisible, press, tellTrouble } from "../parts/page.js";
import { drawLoss, writeCaption, writeHere, writeNearest } from "./plane_numbers.js";
import { chosen, left, notePoints, setPause } from "./plane_pad.js";
import { drawPanel, forgetFields, prepareFields, readColours } from "./plane_paint.js";
import { fetchView, keepOnly } from "./plane_sheets.js";
import { laneOf, noiseAt, positions, redraw, rounded, shadedDensities, state } from "./plane_state.js";

const START = 0.2; // where the clock stands at first, as a share of T
const plane = $(".plane");
/** @type {HTMLInputElement} */
const slider = $("#plane-t");
const frameTimes = []; // ms of each draw, for tests and benchmarks
let loading = 0;
let identity = null; // of the points that are shown
const wanted = {}; // way and denoiser that a link asks for, until a hand chooses
let watching = false; // what is being learnt, until a hand takes the cursor

// ---- the clock ----------------------------------------------------------------------------
function draw() {
  if (!state.sent || !element.isConnected) return;
  const began = performance.now();
  if (!state.drawing) prepareFields();
  writeHere();
  for (const panel of [0, 1]) {
    drawPanel(panel);
    writeCaption(panel);
  }
  const now = rounded();
  slider.value = String(now);
  slider.setAttribute("aria-valuetext", `t = ${now} of ${state.view.T}`);
  $("output").textContent = `${wide(now, state.view.T)} / ${state.view.T}`;
  frameTimes.push(performance.now() - began);
  if (frameTimes.length > 300) frameTimes.shift();
}
state.draw = draw;
function setT(next, exactly = false) {
  const { view } = state;
  if (!view) return;
  state.t = within(exactly ? next : Math.round(next), 0, view.T);
  clock.share = state.t / view.T;
  redraw();
}
let exact = 0; // t while it plays
const playing = playback({
  box: $(".buttons"),
  button: $(".play"),
  begin() {
    if (!state.sent) return false;
    const { T } = state.view;
    const end = state.way === "forward" ? T : 0;
    if (state.t === end) setT(T - end);
    exact = state.t;
    return true;
  },
  advance(ms) {
    const { T } = state.view;
    const sign = state.way === "forward" ? 1 : -1;
    setT((exact += (sign * ms * T) / 7000), true); // all of it in 7 s
    return sign > 0 ? exact < T : exact > 0;
  },
  halt: () => setT(state.t), // on a whole step again
});
setPause(() => playing.play(false));

/** A hand takes the cursor. */
function takeTo(next) {
  watching = false;
  playing.play(false);
  setT(next);
}
const ACTIONS = {
  play() {
    watching = false;
    playing.toggle();
  },
  earlier: () => takeTo(state.t - 1),
  later: () => takeTo(state.t + 1),
};
const act = (what) => state.sent && ACTIONS[what]();
for (const button of $$("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));
slider.addEventListener("input", () => takeTo(+slider.value));
const KEYS = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowUp: 1,
  PageUp: 10,
  PageDown: -10,
  Home: -1e9,
  End: 1e9,
};
plane.addEventListener("keydown", (event) => {
  const { tagName } = /** @type {Element} */ (event.target);
  if (event.altKey || event.ctrlKey || event.metaKey || state.drawing) return;
  if (event.key === " " && tagName === "BUTTON") return; // its own click
  if (event.key === " ") act("play");
  else if (event.key in KEYS) takeTo(state.t + KEYS[event.key]);
  else return;
  event.preventDefault();
});

// ---- what is shown ------------------------------------------------------------------------
function choose(way, whose) {
  const { view } = state;
  if (way !== state.way) playing.play(false);
  Object.assign(state, { way, whose });
  press($$("button[data-way]"), $(`button[data-way="${way}"]`));
  press($$("[data-whose]"), $(`[data-whose="${whose}"]`));
  for (const button of /** @type {HTMLButtonElement[]} */ ($$("[data-whose]"))) {
    const name = button.dataset.whose;
    button.disabled = !view.beliefs[name];
    button.hidden = name === "exact" && !view.law;
    button.title = view.beliefs[name] ? "" : name === "trained" ? "train it first" : "on its way";
  }
  plane.dataset.way = way;
  forgetFields();
  writeNearest();
  redraw();
}
function chooseByHand(way, whose) {
  delete wanted.way;
  delete wanted.whose;
  if (state.view) choose(way, whose);
}
for (const button of $$("[data-way]"))
  button.addEventListener("click", () => chooseByHand(button.dataset.way, state.whose));
for (const button of $$("[data-whose]"))
  button.addEventListener("click", () => chooseByHand("reverse", button.dataset.whose));
function drawLayer(name, on) {
  state.layers[name] = on;
  $(`[data-layer="${name}"]`).setAttribute("aria-pressed", String(on));
  redraw();
}
for (const button of $$("[data-layer]"))
  button.addEventListener("click", () =>
    drawLayer(button.dataset.layer, !state.layers[button.dataset.layer]),
  );

// ---- in the address -----------------------------------------------------------------------
for (const [name, on] of Object.entries(state.layers))
  keepChoice(
    `plane.${name}`,
    on ? ["yes", "no"] : ["no", "yes"],
    () => (state.layers[name] ? "yes" : "no"),
    (word) => drawLayer(name, word === "yes"),
  );
keepChoice(
  "plane.way",
  ["reverse", "forward"],
  () => state.way,
  (way) => askFor({ way }),
);
keepChoice(
  "plane.denoiser",
  ["trained", "ideal", "exact"],
  () => state.whose,
  (whose) => askFor({ whose }),
);
/** What a link asks for, now, and again when points arrive that make it possible. */
function askFor(what) {
  Object.assign(wanted, what);
  if (!state.view) return;
  const { way = state.way, whose = state.whose } = wanted;
  choose(way, state.view.beliefs[whose] ? whose : state.whose);
}
followClock({
  get t() {
    return state.t;
  },
  get T() {
    return state.view?.T;
  },
  setT: takeTo,
  share: START,
});

// ---- from Python --------------------------------------------------------------------------
async function load() {
  const value = props.value;
  const turn = ++loading;
  plane.hidden = !value;
  if (!value) {
    [state.view, state.sent] = [null, null];
    return;
  }
  let sent;
  try {
    sent = await fetchView(value);
  } catch (error) {
    return tellTrouble(`The points could not be loaded (${/** @type {Error} */ (error).message}).`);
  }
  if (turn !== loading) return; // newer ones are on their way
  const first = identity === null;
  const fresh = identity !== value.id;
  const begun = value.learning && !state.view?.learning;
  Object.assign(state, { view: value, sent });
  identity = value.id;
  tellTrouble("");
  $(".title").textContent = value.title;
  $(".ends b").textContent = slider.max = value.T;
  notePoints(value.data, fresh && !first);
  const { beliefs } = value;
  const best = ["trained", "ideal", "exact"].find((name) => beliefs[name]);
  let { way, whose } = state;
  if (!beliefs[whose]) whose = best ?? whose;
  if (fresh) [way, whose] = [best ? way : "forward", best ?? "ideal"];
  ({ way = way, whose = whose } = wanted);
  if (!beliefs[whose]) whose = best ?? "ideal";
  if (begun) watching = true;
  if (watching && beliefs.trained) {
    // what is being learnt: the end of the ways
    [way, whose] = ["reverse", "trained"];
    if (!playing.on) setT(0);
  }
  if (!value.learning) watching = false;
  if (first) state.t = clockTime(value.T, START); // as yet nobody has moved the clock
  drawLoss();
  choose(way, whose);
  keepOnly(value);
  draw();
  countUp("loads");
}
const explorer = {
  setT,
  chosen,
  left,
  frameTimes: () => frameTimes.slice(),
  get t() {
    return state.t;
  },
  get view() {
    return state.view;
  },
  get playing() {
    return playing.on;
  },
  get pointer() {
    return state.pointer;
  },
  positions: (panel, t) => Array.from(positions(laneOf(panel), t)),
  noise: (points, t) => Array.from(noiseAt(Float32Array.from(points), t)),
  densities: (t) => Array.from(shadedDensities(t)),
};
element.explorer = explorer;
(element.closest(".block") ?? element).explorer = explorer;
/** What the "?" of the two panels says. */
function panelsInWords() {
  const { view, way, whose, t } = state;
  if (!view) return null;
  const near = view.beliefs[whose]?.nearest;
  const ends = near && view.samplers.map(({ title }, i) => `${title} ${digits(near[i])}`).join(", ");
  const said =
    way === "reverse" && ends
      ? `With this denoiser a sample ends this far from the nearest training point, on average: ${ends}.`
      : `At t = ${t} the points keep ᾱ_t = ${digits(view.alpha_bar[t])} of their variance.`;
  return `**Axes.** Both are coordinates of the plane: a point is an image of two pixels. Shading is the density at this t.

**Look at** the same starting points left and right: where do they end, and how do they get there?

**What follows.** ${said}`;
}
/** What the "?" of the loss says. */
function lossInWords() {
  const losses = state.view?.losses ?? [];
  if (!losses.length) return null;
  const [step, loss] = losses.at(-1);
  return `**Axes.** Across: training steps. Up: the loss, the squared error of v.

**Look at** where it turns level: what is left cannot be learned from x_t.

**What follows.** After ${step} steps it is ${digits(loss)}; it began at ${digits(losses[0][1])}.`;
}
addHelp($(".panels"), "the two panels", panelsInWords);
addHelp($(".loss"), "the loss of the network", lossInWords);
watch("value", load);
onTheme(() => {
  readColours();
  redraw();
});
onVisible(
  () =>
    clock.share !== null && state.view && !watching && !playing.on && setT(clockTime(state.view.T, START)),
);
readColours();
load();
