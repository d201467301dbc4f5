// @ts-check
// The numbers below and beside the panels.

import { FIGURE, fixed, MINUS, noiseLevel } from "../parts/numbers.js";
import { $, $$, svg } from "../parts/page.js";
import { readNoise } from "./plane_field.js";
import { alphaBarNow, knownField, laneOf, noiseAt, rounded, shadedMixture, state } from "./plane_state.js";
import { amplitudes, stepAt } from "./plane_ways.js";

const NAMES = { trained: "trained network", ideal: "ideal denoiser", exact: "exact distribution" };
/** The dashes of a swatch 26 wide, by their names in Plotly. */
const DASHES = {
  solid: "",
  dash: "6 4",
  dot: "2 3",
  longdash: "11 4",
  dashdot: "8 3 2 3",
  longdashdot: "11 3 2 3",
};
const captions = $$(".panel").map((figure) => ({
  canvas: figure.querySelector("canvas"),
  formula: figure.querySelector(".formula"),
  name: figure.querySelector("strong"),
  line: /** @type {SVGPathElement} */ (figure.querySelector(".swatch path")),
  cost: figure.querySelector(".cost"),
}));
const drawSwatch = (line, stroke, dash) =>
  Object.assign(line.style, { stroke, strokeDasharray: DASHES[dash] });
/** What is the same already is not laid out again. */
const say = (node, text) => node.textContent !== text && (node.textContent = text);
/** Numbers of one width: a figure space where there is no minus sign. */
const even = (x, places = 2) => fixed(x, places).padStart(places + 3, FIGURE);
const live = (x) => `<span class="live">${fixed(x)}</span>`; // numbers of our own, no text from outside

/** The step into the noise that ends at t, at once or from the step before. */
function forwardFormula(t, atOnce) {
  const { alpha_bar } = state.view;
  if (atOnce) {
    const [signal, noise] = amplitudes(alpha_bar[t]);
    return `x<sub>t</sub> = ${live(signal)}·x<sub>0</sub> + ${live(noise)}·ε`;
  }
  if (!t) return "x<sub>0</sub>: the data, no step yet";
  const beta = 1 - alpha_bar[t] / alpha_bar[t - 1];
  return `x<sub>t</sub> = ${live(Math.sqrt(1 - beta))}·x<sub>t−1</sub> + ${live(Math.sqrt(beta))}·ε<sub>t</sub>`;
}
function stepFormula(sampler, symbol, t) {
  const { to, signal, direction, sigma, change } = stepAt(sampler, t);
  const noise = sampler.noisy ? ` + ${live(sigma)}·z` : "";
  const more = symbol && ` ${change < 0 ? MINUS : "+"} ${live(Math.abs(change))}·(${symbol})`;
  return `x<sub>${to}</sub> = ${live(signal)}·x̂<sub>0</sub> + ${live(direction)}·ε̂${noise}${more}`;
}
export function writeCaption(panel) {
  const { canvas, formula, name, line, cost } = captions[panel];
  const sampler = state.view.samplers[panel];
  const now = rounded();
  const lane = laneOf(panel);
  if (state.way === "forward") {
    say(name, panel ? "at once" : "step by step");
    say(cost, panel ? "one ε for each point" : "new noise in every step");
    formula.innerHTML = forwardFormula(now, panel === 1);
    drawSwatch(line, "currentColor", panel ? "dash" : "solid");
  } else {
    say(name, lane?.title ?? sampler.title);
    say(
      cost,
      lane
        ? `${lane.evaluations} ${lane.evaluations === 1 ? "evaluation" : "evaluations"}, ${lane.seconds.toFixed(2)} s`
        : "nothing yet",
    );
    formula.innerHTML = lane ? stepFormula(lane.sampler, sampler.change, now) : "&nbsp;";
    drawSwatch(line, `var(--series-${sampler.name})`, sampler.dash);
  }
  canvas.dataset.t = String(now);
  const { view } = state;
  const level = noiseLevel(now, view.T, view.alpha_bar[now]);
  const count = lane ? view[lane.n ?? "points"] : 0;
  canvas.setAttribute("aria-label", `${view.data}, ${name.textContent}: ${count} points, ${level}`);
}
/** What the shade and the arrows are, and what the field says where somebody points. */
export function writeHere() {
  const { view, t, layers, pointer } = state;
  const points = `the ${view.points} training points`;
  const whom = { trained: "the trained network", ideal: points, exact: "the data distribution" }[
    knownField()
  ];
  const law = shadedMixture().std > 0 ? "the data distribution, exact" : points;
  const parts = [];
  if (layers.density) parts.push(`Shade: p at t of ${law}; the stronger, the more likely.`);
  if (layers.score)
    parts.push(
      t > 0
        ? `Arrows: √(1−ᾱ)·∇ log p = ${MINUS}ε̂ of ${whom}; long ones shortened.`
        : "At t = 0 there is no noise to point away from.",
    );
  say($(".legend"), parts.join(" "));
  const here = $(".here");
  here.setAttribute("aria-live", pointer?.byKey ? "polite" : "off"); // a hand's way is not read out
  if (!pointer)
    return say(here, "Point at a panel, or go there with Tab and the arrow keys, to read the score.");
  const at = Float32Array.of(pointer.x, pointer.y);
  const noise = noiseAt(at, t);
  const read = noise && readNoise(at, noise, alphaBarNow(t));
  pointer.score = read && read.score;
  pointer.belief = read && read.belief;
  const both = (place) => `(${even(place[0])}, ${even(place[1])})`;
  say(here, `x = ${both(at)}` + (read ? `\n∇ log p = ${both(read.score)}\nx̂₀ = ${both(read.belief)}` : ""));
}
export function writeNearest() {
  const { view, whose } = state;
  $$(".nearest th[data-panel]").forEach((head, panel) => say(head, view.samplers[panel].title));
  /** @type {HTMLTableSectionElement} */
  const body = $(".nearest tbody");
  body.replaceChildren();
  const row = (name, values, className = "") => {
    const line = body.insertRow();
    line.className = className;
    line.insertCell().textContent = name;
    for (const value of values) line.insertCell().textContent = value === null ? "–" : value.toFixed(3);
    return line;
  };
  for (const name of Object.keys(NAMES))
    if (view.beliefs[name] || name !== "exact")
      row(NAMES[name], view.beliefs[name]?.nearest ?? [null, null], name === whose ? "now" : "");
  if (view.fresh !== null) row("new draws of the data", [view.fresh], "fresh").cells[1].colSpan = 2;
}
export function drawLoss() {
  const { losses } = state.view;
  /** @type {SVGElement} */
  const chart = $(".loss");
  chart.replaceChildren();
  $(".learning").classList.toggle("none", losses.length < 2);
  if (losses.length < 2) return void svg("text", { x: 0, y: 16 }, chart, "not trained on these points yet");
  const values = losses.map(([, loss]) => loss);
  const high = Math.max(...values);
  const low = Math.min(...values);
  const last = losses[losses.length - 1][0];
  const X = (step) => 36 + (220 * step) / last;
  const Y = (loss) => 6 + (58 * (high - loss)) / (high - low || 1);
  for (const level of [high, low]) {
    svg("line", { x1: 36, x2: 256, y1: Y(level), y2: Y(level), class: "grid" }, chart);
    svg("text", { x: 30, y: Y(level) + 4, "text-anchor": "end" }, chart, level.toFixed(2));
  }
  svg("text", { x: 256, y: 80, "text-anchor": "end" }, chart, `${last} ${last === 1 ? "step" : "steps"}`);
  const points = losses.map(([step, loss]) => `${X(step).toFixed(1)} ${Y(loss).toFixed(1)}`);
  svg("path", { d: `M${points.join("L")}`, class: "line" }, chart);
  chart.setAttribute(
    "aria-label",
    `training loss against steps: from ${values[0].toFixed(3)} to ${values.at(-1).toFixed(3)} after ${last} steps`,
  );
}
