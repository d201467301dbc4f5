// @ts-check
import { fetchBytes, unpackTable } from "../../parts/bytes.js";
import { playback } from "../../parts/clock.js";
import { addHelp } from "../../parts/explain.js";
import { axisLabels, barsPath, countValue, normalPath } from "../../parts/histogram.js";
import { fixed, noiseLevel, signed, wide, within } from "../../parts/numbers.js";
import { $, countUp, isDark, keepNumber, onceAFrame, onTheme, svg, tellTrouble } from "../../parts/page.js";
import { fitCanvas } from "../../parts/pixels.js";
import { evaluate, moments, noiseMoments, toPixels } from "./film_math.js";

const HISTOGRAM = { width: 300, height: 116, base: 98, top: 4, bins: 48 };
/** @type {HTMLInputElement} */
const slider = $("#sde-t");
/** @type {HTMLCanvasElement} */
const walkCanvas = $("#sde-walk");
/** @type {HTMLCanvasElement} */
const blendCanvas = $("#sde-blend");
const START = 0.3; // where it stands at first, as a share of the way
let film = null; // {shape, frames, eps, scale, times, alphaBar, euler, exact, steps}
let k = 0;
let linked = null; // the frame of a link, until a hand moves it: another film may be on its way
let loading = 0;
let walk = null; // pixel values of both at frame k
let blend = null;
let seen = null; // mean and standard deviation of both

function paint(canvas, values) {
  toPixels(values, film.shape[3], film.image.data);
  canvas.getContext("2d", { alpha: false }).putImageData(film.image, 0, 0);
}
const decimals = (x) => (Number.isFinite(x) ? signed(x.toFixed(3)) : "–");
function row(table, head, ...texts) {
  const line = table.insertRow();
  for (const text of [head, ...texts]) line.insertCell().textContent = text;
}
function draw() {
  if (!film) return;
  evaluate(film, k, walk, blend);
  paint(walkCanvas, walk);
  paint(blendCanvas, blend);
  const { times, alphaBar, euler, exact, steps } = film;
  const [m, s] = moments(walk);
  const [mq, sq] = moments(blend);
  seen = { m, s, mq, sq };
  const [n, ns] = noiseMoments(film, k, walk);
  const [nq, nsq] = noiseMoments(film, k, blend);
  const numbers = $(".numbers tbody");
  numbers.replaceChildren();
  row(numbers, "pixel mean", decimals(m), decimals(mq), decimals(Math.sqrt(alphaBar[k]) * film.mean));
  row(
    numbers,
    "pixel std",
    decimals(s),
    decimals(sq),
    decimals(Math.sqrt(alphaBar[k] * film.std ** 2 + 1 - alphaBar[k])),
  );
  row(numbers, "noise mean", decimals(n), decimals(nq), k ? "0" : "–");
  row(numbers, "noise std", decimals(ns), decimals(nsq), k ? "1" : "–");
  const table = $(".steps tbody");
  const at = (values, i) => signed(values[2 * k + i].toFixed(6));
  table.replaceChildren();
  row(table, "Euler–Maruyama: 1 − ½β dt, √(β dt)", at(euler, 0), at(euler, 1));
  row(
    table,
    steps === 1000 ? "forward step: √(1 − βₜ), √βₜ" : "forward process, same dt",
    at(exact, 0),
    at(exact, 1),
  );
  drawBars(walk, film.walkBars);
  drawBars(blend, film.blendBars);
  slider.value = String(k);
  $("output").textContent =
    `${times[k].toFixed(2)} · step ${wide(Math.ceil(times[k] * steps - 1e-6), steps)}`;
  const level = noiseLevel(+times[k].toFixed(2), 1, alphaBar[k]);
  walkCanvas.setAttribute("aria-label", `the image following the SDE, ${level}`);
  blendCanvas.setAttribute("aria-label", `a draw from q(x_t | x_0), ${level}`);
  slider.setAttribute("aria-valuetext", level);
  $(".facts svg").setAttribute(
    "aria-label",
    `histograms of pixel values, mean ± standard deviation: SDE ${fixed(m, 2)} ± ${fixed(s, 2)}, q ${fixed(mq, 2)} ± ${fixed(sq, 2)}; pure noise 0 ± 1`,
  );
  element.dataset.k = String(k);
}
const redraw = onceAFrame(draw);
function setK(next) {
  k = within(Math.round(next), 0, film.alphaBar.length - 1);
  redraw();
}

// ---- the histogram ------------------------------------------------------------------------
function prepareHistogram() {
  /** @type {SVGElement} */
  const histogram = $(".facts svg");
  histogram.replaceChildren();
  svg("path", { d: normalPath(HISTOGRAM), class: "normal" }, histogram);
  for (const { value, x } of axisLabels(HISTOGRAM))
    svg("text", { x, y: HISTOGRAM.height - 4, "text-anchor": "middle" }, histogram, signed(String(value)));
  film.walkBars = svg("path", { class: "line walk" }, histogram);
  film.blendBars = svg("path", { class: "line blend" }, histogram);
}
function drawBars(values, node) {
  const counts = new Float64Array(HISTOGRAM.bins);
  for (const value of values) countValue(counts, value);
  node.setAttribute("d", barsPath(HISTOGRAM, counts, values.length));
}

// ---- from Python --------------------------------------------------------------------------
async function load() {
  const value = props.value;
  if (!value?.frames) return;
  const turn = ++loading;
  try {
    const [frames, eps] = await Promise.all([fetchBytes(value.frames), fetchBytes(value.eps)]);
    if (turn !== loading) return; // a newer picture is on its way
    const share = film ? k / (film.alphaBar.length - 1) : START;
    const tables = {
      times: unpackTable(value.times),
      alphaBar: unpackTable(value.alpha_bar),
      euler: unpackTable(value.euler),
      exact: unpackTable(value.exact),
    };
    film = { ...value, ...tables, frames: new Int16Array(frames), eps: new Int16Array(eps) };
    k = Math.min(linked ?? Math.round(share * (film.alphaBar.length - 1)), film.alphaBar.length - 1);
  } catch {
    return tellTrouble("The image did not arrive. Please choose it again.");
  }
  tellTrouble("");
  const [count, height, width] = film.shape;
  walk = new Float64Array(film.eps.length);
  blend = new Float64Array(film.eps.length);
  [film.mean, film.std] = moments(Float64Array.from(film.eps, (_, i) => film.frames[i] * film.scale));
  for (const canvas of [walkCanvas, blendCanvas]) fitCanvas(canvas, width, height);
  film.image = new ImageData(width, height);
  film.image.data.fill(255);
  slider.max = String(count - 1);
  $(".title").textContent = film.title;
  tint();
  prepareHistogram();
  draw();
  countUp("loads");
}

function tint() {
  const colour = props.value?.colour;
  if (colour) $(".sde-film").style.setProperty("--walk", isDark() ? colour.dark : colour.light);
}

// ---- the hand -----------------------------------------------------------------------------
let share = 0; // of the way, while it plays
const playing = playback({
  box: $(".clock"),
  button: $(".play"),
  begin() {
    if (!film) return false;
    linked = null;
    const last = film.alphaBar.length - 1;
    if (k >= last) k = 0;
    share = k / last;
    return true;
  },
  advance(ms) {
    share += ms / 8000; // 0…1 in 8 seconds
    const next = Math.floor(share * (film.alphaBar.length - 1));
    if (next !== k) setK(next);
    return share < 1;
  },
});
$(".play").addEventListener("click", playing.toggle);
slider.addEventListener("input", () => {
  playing.play(false);
  linked = null;
  if (film) setK(+slider.value);
});
slider.addEventListener("keydown", (event) => {
  if (event.key !== " ") return; // arrows, Home and End are the slider's own
  playing.toggle();
  event.preventDefault();
});
element.explorer = {
  get k() {
    return k;
  },
};
const firstK = () => Math.round(START * (film.alphaBar.length - 1));
keepNumber(
  "lectures.sde-film.frame",
  () => linked ?? (film && k !== firstK() ? k : null),
  (number) => {
    linked = number;
    if (film) setK(number ?? firstK());
  },
);
addHelp($(".facts svg"), "the histograms of both images", () => {
  if (!film || !seen) return null;
  const { m, s, mq, sq } = seen;
  return `**Axes.** Across: the value of a pixel. Up: how many pixels have it. Shaded: N(0, 1), pure noise.

**Look at** the two lines: the image that took every step of the SDE, and one drawn from q(x_t | x_0) at once. They are other images of one distribution.

**What follows.** At t = ${film.times[k].toFixed(2)} the means are ${fixed(m, 2)} and ${fixed(mq, 2)}, the standard deviations ${fixed(s, 2)} and ${fixed(sq, 2)}.`;
});
watch("value", load);
onTheme(tint);
load();
