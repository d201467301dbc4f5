// @ts-check
import { fetchFile, unpackTable } from "../parts/bytes.js";
import { clock, clockTime, followClock, playback } from "../parts/clock.js";
import { addHelp } from "../parts/explain.js";
import { axisLabels, barsPath, countedMoments, normalPath } from "../parts/histogram.js";
import { decibels, digits, fixed, noiseLevel, percent, signed, wide, within } from "../parts/numbers.js";
import {
  $,
  $$,
  countUp,
  keepInAddress,
  make,
  onceAFrame,
  onVisible,
  press,
  svg,
  tellTrouble,
} from "../parts/page.js";
import { colourBytes, fitCanvas } from "../parts/pixels.js";
import { blend, countBlend, keptMore, matchingTime, strength } from "./blend_math.js";
import { pictureNoise } from "./noise.js";

const START = 0.3; // where the clock stands at first, as a share of T
const STOPS = 8; // pictures in the filmstrip, besides t = 0
const PLOT = { width: 300, height: 176, left: 30, right: 8, top: 8, bottom: 22 }; // the curves
const HISTOGRAM = { width: 300, height: 130, base: 110, top: 6, bins: 64 };
/** @type {HTMLInputElement} */
const slider = $("#forward-t");
const panes = $$(".pane").map((figure) => {
  const equation = figure.querySelector(".equation");
  equation.innerHTML =
    'x<sub>t</sub> = <span class="live"></span>·x<sub>0</sub> + <span class="live"></span>·ε';
  return {
    canvas: figure.querySelector("canvas"),
    live: [...equation.querySelectorAll(".live")],
    time: figure.querySelector(".time"),
    value: (name) => figure.querySelector(`[data-of="${name}"]`),
    image: null,
    dot: null, // on the curve
    bars: null, // of the histogram
    moments: [], // of the pixel values
  };
});
/** @type {SVGElement} */
const chart = $(".curves");
let cursor = null; // the chart's line at t
let scene = null; // {size, T, x0, eps, strength, told, schedules: [{name, alphaBar}]}
let t = 300; // of the left schedule, and of both unless they are compared at equal SNR
let equalSNR = false;
let loading = 0;
const frameTimes = []; // ms of each draw, for tests and benchmarks
const counts = new Float64Array(HISTOGRAM.bins);

/** The t of each pane. */
function paneTimes() {
  const [left, right] = scene.schedules;
  return [t, equalSNR ? matchingTime(right.alphaBar, left.alphaBar[t]) : t];
}
function draw() {
  if (!scene) return;
  const began = performance.now();
  const [left, right] = scene.schedules;
  const times = paneTimes();
  panes.forEach((pane, i) => {
    const alphaBar = scene.schedules[i].alphaBar[times[i]];
    blend(scene, alphaBar, pane.image.data);
    pane.canvas.getContext("2d", { alpha: false }).putImageData(pane.image, 0, 0);
    const signal = Math.sqrt(alphaBar);
    const noise = Math.sqrt(1 - alphaBar);
    pane.live[0].textContent = signal.toFixed(3);
    pane.live[1].textContent = noise.toFixed(3);
    pane.value("alphaBar").textContent = digits(alphaBar);
    pane.value("signal").textContent = percent(signal);
    pane.value("noise").textContent = percent(noise);
    pane.value("snr").textContent = decibels(alphaBar);
    pane.value("own").textContent = decibels(alphaBar, scene.strength.power);
    pane.value("mean").textContent = decibels(alphaBar, scene.strength.mean);
    pane.bars.setAttribute("d", barsPath(HISTOGRAM, counts, countBlend(scene, alphaBar, counts)));
    pane.moments = countedMoments(counts);
    const level = noiseLevel(times[i], scene.T, alphaBar);
    pane.canvas.setAttribute("aria-label", `x_t, ${scene.schedules[i].name} schedule, ${level}`);
    pane.time.textContent = `t = ${wide(times[i], 1000)}`;
    pane.dot.setAttribute("cx", chartX(times[i]));
    pane.dot.setAttribute("cy", chartY(alphaBar));
  });
  $(".told .now").textContent = keptMore(
    [left, right].map(({ name, alphaBar }, i) => ({ name, alphaBar: alphaBar[times[i]] })),
    equalSNR ? "At these t" : `At t = ${t}`,
  );
  const level = chartY(left.alphaBar[t]);
  const line = equalSNR
    ? { x1: chartX(0), x2: chartX(scene.T), y1: level, y2: level }
    : { x1: chartX(t), x2: chartX(t), y1: chartY(1), y2: chartY(0) };
  for (const key in line) cursor.setAttribute(key, line[key]);
  describe(times);
  $("output").textContent = `${wide(t, 1000)} / ${scene.T}`;
  slider.value = String(t);
  $$(".row").forEach((row, i) => {
    const buttons = [...row.querySelectorAll("button")];
    press(
      buttons,
      buttons.find((button) => Number(button.dataset.t) === times[i]),
    );
  });
  frameTimes.push(performance.now() - began);
  if (frameTimes.length > 300) frameTimes.shift();
}
/** What is drawn, for those who hear the page. */
function describe(times) {
  const each = (say) => scene.schedules.map((schedule, i) => `${schedule.name} ${say(schedule, i)}`);
  const shares = each(({ alphaBar }, i) => percent(Math.sqrt(alphaBar[times[i]])));
  slider.setAttribute("aria-valuetext", `${t} of ${scene.T}: signal ${shares.join(", ")}`);
  const levels = each(({ alphaBar }, i) => `${digits(alphaBar[times[i]])} at t = ${times[i]}`);
  chart.setAttribute(
    "aria-label",
    `alpha bar against t, from 1 at t = 0 down to noise: ${levels.join(", ")}`,
  );
  const spreads = each((_, i) => panes[i].moments.map((x) => fixed(x, 1)).join(" ± "));
  $(".histogram").setAttribute(
    "aria-label",
    `histogram of pixel values, mean ± standard deviation: ${spreads.join(", ")}; pure noise 0 ± 1`,
  );
}
const redraw = onceAFrame(draw);

function setT(next) {
  const T = scene?.T ?? 1000;
  t = within(Math.round(next), 0, T);
  clock.share = t / T;
  slider.value = String(t);
  redraw();
}

// ---- the curves ---------------------------------------------------------------------------
const chartX = (time) => PLOT.left + ((PLOT.width - PLOT.left - PLOT.right) * time) / scene.T;
const chartY = (alphaBar) => PLOT.top + (PLOT.height - PLOT.top - PLOT.bottom) * (1 - alphaBar);
function drawCurves() {
  const { T, schedules } = scene;
  const { width, height, left, right } = PLOT;
  chart.replaceChildren();
  for (const level of [0, 0.5, 1]) {
    const y = chartY(level);
    svg("line", { x1: left, x2: width - right, y1: y, y2: y, class: "grid" }, chart);
    svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, chart, String(level));
  }
  ["start", "middle", "end"].forEach((anchor, i) => {
    const place = { x: chartX((i / 2) * T), y: height - 6, "text-anchor": anchor };
    svg("text", place, chart, `${i ? "" : "t = "}${Math.round((i / 2) * T)}`);
  });
  cursor = svg("line", { class: "cursor" }, chart);
  schedules.forEach(({ alphaBar }, i) => {
    const point = (time) => `${chartX(time).toFixed(1)} ${chartY(alphaBar[time]).toFixed(1)}`;
    let path = `M${point(0)}`;
    const step = Math.max(1, Math.floor(T / 250));
    for (let time = step; time <= T; time += step) path += `L${point(time)}`;
    const name = i ? "cosine" : "linear";
    svg("path", { d: `${path}L${point(T)}`, class: `line ${name}` }, chart);
    panes[i].dot = svg("circle", { r: 5, class: `dot ${name}` }, chart);
  });
}
function pointAtChart(event) {
  const box = chart.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * PLOT.width;
  setT(((x - PLOT.left) / (PLOT.width - PLOT.left - PLOT.right)) * scene.T);
}
chart.addEventListener("pointerdown", (event) => {
  if (!scene) return;
  chart.setPointerCapture(event.pointerId);
  pointAtChart(event);
});
chart.addEventListener("pointermove", (event) => event.buttons && scene && pointAtChart(event));

// ---- the histogram ------------------------------------------------------------------------
function prepareHistogram() {
  /** @type {SVGElement} */
  const histogram = $(".histogram");
  histogram.replaceChildren();
  svg("path", { d: normalPath(HISTOGRAM), class: "normal" }, histogram);
  for (const { value, x } of axisLabels(HISTOGRAM))
    svg("text", { x, y: HISTOGRAM.height - 4, "text-anchor": "middle" }, histogram, signed(String(value)));
  panes.forEach((pane, i) => {
    pane.bars = svg("path", { class: `line ${i ? "cosine" : "linear"}` }, histogram);
  });
}

// ---- the filmstrip ------------------------------------------------------------------------
function drawFilm() {
  const { T, size, schedules } = scene;
  const skip = Math.max(1, Math.floor(size / 64));
  const side = Math.ceil(size / skip);
  const times = Array.from({ length: STOPS + 1 }, (_, i) => Math.round((i * T) / STOPS));
  const strip = $(".film");
  strip.replaceChildren();
  for (const { name, alphaBar } of schedules) {
    const row = make("div", { className: "row" }, strip);
    for (const time of times) {
      const button = make("button", { type: "button", ariaLabel: `${name}, t = ${time}` }, row);
      button.dataset.t = String(time);
      const canvas = make("canvas", { width: side, height: side }, button);
      const image = new ImageData(side, side);
      image.data.fill(255);
      blend(scene, alphaBar[time], image.data, skip);
      canvas.getContext("2d").putImageData(image, 0, 0);
      button.addEventListener("click", () => {
        playing.play(false);
        setT(time);
      });
    }
  }
  const labels = make("div", { className: "row times" }, strip);
  for (const time of times) make("span", { textContent: time }, labels);
}

// ---- from Python --------------------------------------------------------------------------
async function load() {
  const value = props.value;
  if (!value?.x0) return;
  const turn = ++loading;
  try {
    const x0 = await colourBytes(await (await fetchFile(value.x0)).blob());
    if (turn !== loading) return; // a newer picture is on its way
    scene = {
      ...value,
      x0,
      eps: pictureNoise(value.seed, value.size),
      schedules: value.schedules.map((s) => ({ ...s, alphaBar: unpackTable(s.alphaBar) })),
    };
    scene.strength = strength(scene.x0);
    t = clockTime(scene.T, START);
  } catch {
    return tellTrouble("The image did not arrive. Please choose it again.");
  }
  tellTrouble("");
  slider.max = scene.T;
  for (const pane of panes) {
    fitCanvas(pane.canvas, scene.size);
    pane.canvas.classList.toggle("small", scene.size <= 64);
    pane.image = new ImageData(scene.size, scene.size);
    pane.image.data.fill(255);
  }
  $(".told .over").textContent = scene.told;
  drawCurves();
  prepareHistogram();
  drawFilm();
  draw();
  countUp("loads");
}

// ---- the hand -----------------------------------------------------------------------------
let exact = 0; // t while it plays
const playing = playback({
  box: $(".clock"),
  button: $(".play"),
  begin() {
    if (!scene) return false;
    exact = t >= scene.T ? 0 : t;
    return true;
  },
  advance(ms) {
    setT((exact += (ms / 8000) * scene.T)); // 0…T in 8 seconds
    return exact < scene.T;
  },
});
$(".play").addEventListener("click", playing.toggle);
slider.addEventListener("input", () => {
  playing.play(false);
  setT(+slider.value);
});
function compareAt(what) {
  const button = $(`[data-compare="${CSS.escape(what)}"]`);
  if (!button) return `compare: there is no “${what}”; choose t or snr.`;
  const before = equalSNR;
  equalSNR = what === "snr";
  press($$("[data-compare]"), button);
  if (before !== equalSNR) redraw();
  return null;
}
for (const button of $$("[data-compare]"))
  button.addEventListener("click", () => compareAt(button.dataset.compare));
slider.addEventListener("keydown", (event) => {
  const step = { PageUp: 50, PageDown: -50 }[event.key];
  if (event.key === " ") playing.toggle();
  else if (step) {
    playing.play(false);
    setT(t + step);
  } else return; // arrows, Home and End are the slider's own
  event.preventDefault();
});
element.explorer = {
  setT,
  frameTimes: () => frameTimes.slice(),
  get t() {
    return t;
  },
  /** What a script is filled in with: the t of each pane. */
  get shown() {
    if (!scene) return {};
    const [left, right] = paneTimes();
    return { left, right };
  },
};
(element.closest(".block") ?? element).explorer = element.explorer;
/** What the "?" of the curves says. */
function curvesInWords() {
  if (!scene) return null;
  const kept = paneTimes().map((time, i) => {
    const { name, alphaBar } = scene.schedules[i];
    return `${name} keeps ᾱ_t = ${digits(alphaBar[time])} at t = ${time}`;
  });
  return `**Axes.** Across: the time t, from 0 to ${scene.T}. Up: ᾱ_t, the image's share of the variance, from 0 to 1.

**Look at** the two dots: they are the panes on the left. The lower one has less of the image.

**What follows.** ${kept.join(", ")}; the rest of the variance is noise.`;
}
/** What the "?" of the histogram says. */
function histogramInWords() {
  if (!scene) return null;
  const squares = paneTimes().map((time, i) => {
    const { name, alphaBar } = scene.schedules[i];
    return `${name} ${digits(alphaBar[time] * scene.strength.power + 1 - alphaBar[time])}`;
  });
  return `**Axes.** Across: the values of x_t. Up: how many pixels have them. Grey is pure noise, N(0, 1).

**Look at** how near each line lies to the grey bell: on it, x_t cannot be told from noise pixel by pixel.

**What follows.** The mean square of the values is ${squares.join(", ")}; the image's own is ${digits(scene.strength.power)}, that of pure noise 1.`;
}
addHelp($(".curves"), "the share of the image against t", curvesInWords);
addHelp($(".histogram"), "the values of the pixels", histogramInWords);
watch("value", load);
onVisible(() => clock.share !== null && scene && setT(clockTime(scene.T, START)));
followClock({
  get t() {
    return t;
  },
  get T() {
    return scene?.T;
  },
  setT,
  share: START,
});
keepInAddress("forward.compare", {
  read: () => (equalSNR ? "snr" : null),
  write: (text) => compareAt((text ?? "t").toLowerCase()),
});
load();
