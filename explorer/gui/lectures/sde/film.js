const slider = $("#sde-t");
const walkCanvas = $("#sde-walk"),
  blendCanvas = $("#sde-blend");
const histogram = $(".facts svg");
let film = null; // {shape, frames, eps, scale, alphaBar, euler, exact, steps}
let k = 0,
  pending = 0,
  loading = 0,
  playing = 0;
let walk = null,
  blend = null; // pixel values of both at frame k

/** Pixels at frame k: the SDE's as sent, and √ᾱ x_0 + √(1−ᾱ) ε. */
function evaluate() {
  const { frames, eps, scale, alphaBar } = film,
    n = eps.length;
  const signal = Math.sqrt(alphaBar[k]) * scale,
    noise = Math.sqrt(1 - alphaBar[k]) * scale;
  for (let i = 0, from = k * n; i < n; i++, from++) {
    walk[i] = frames[from] * scale;
    blend[i] = signal * frames[i] + noise * eps[i];
  }
}
function paint(canvas, values) {
  const colours = film.shape[3],
    data = film.image.data;
  for (let i = 0, to = 0; i < values.length; i += colours, to += 4)
    for (let c = 0; c < 3; c++)
      data[to + c] = Math.max(
        0,
        Math.min(255, Math.floor((values[i + (colours > 1 ? c : 0)] + 1) * 127.5 + 0.5)),
      );
  canvas.getContext("2d", { alpha: false }).putImageData(film.image, 0, 0);
}
function moments(values) {
  let sum = 0,
    squares = 0;
  for (const v of values) {
    sum += v;
    squares += v * v;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(Math.max(0, squares / values.length - mean * mean))];
}
/** Mean and std of (x − √ᾱ x_0)/√(1−ᾱ), which should be N(0, 1); nothing at t = 0. */
function noiseOf(values) {
  const { frames, scale, alphaBar } = film;
  if (alphaBar[k] >= 1) return [NaN, NaN];
  const signal = Math.sqrt(alphaBar[k]) * scale,
    sigma = Math.sqrt(1 - alphaBar[k]);
  return moments(Float64Array.from(values, (v, i) => (v - signal * frames[i]) / sigma));
}

const fixed = (x) => (Number.isFinite(x) ? signed(x.toFixed(3)) : "–");
function row(table, head, ...texts) {
  const line = table.insertRow();
  for (const text of [head, ...texts]) line.insertCell().textContent = text;
}
function draw() {
  pending = 0;
  if (!film) return;
  evaluate();
  paint(walkCanvas, walk);
  paint(blendCanvas, blend);
  const { alphaBar, euler, exact, steps } = film,
    last = alphaBar.length - 1;
  const [m, s] = moments(walk),
    [mq, sq] = moments(blend);
  const [n, ns] = noiseOf(walk),
    [nq, nsq] = noiseOf(blend);
  const numbers = $(".numbers tbody");
  numbers.replaceChildren();
  row(numbers, "pixel mean", fixed(m), fixed(mq), fixed(Math.sqrt(alphaBar[k]) * film.mean));
  row(
    numbers,
    "pixel std",
    fixed(s),
    fixed(sq),
    fixed(Math.sqrt(alphaBar[k] * film.std ** 2 + 1 - alphaBar[k])),
  );
  row(numbers, "noise mean", fixed(n), fixed(nq), k ? "0" : "–");
  row(numbers, "noise std", fixed(ns), fixed(nsq), k ? "1" : "–");
  const table = $(".steps tbody"),
    at = (values, i) => values[2 * k + i].toFixed(6).replace("-", MINUS);
  table.replaceChildren();
  row(table, "Euler–Maruyama: 1 − ½β dt, √(β dt)", at(euler, 0), at(euler, 1));
  row(
    table,
    steps === 1000 ? "forward step: √(1 − βₜ), √βₜ" : "forward process, same dt",
    at(exact, 0),
    at(exact, 1),
  );
  bars(walk, film.walkBars);
  bars(blend, film.blendBars);
  slider.value = k;
  $("output").textContent =
    `${(k / last).toFixed(2)} · step ${String((k / last) * steps).padStart(String(steps).length, "\u2007")}`;
  element.dataset.k = k;
}
function setK(next) {
  k = Math.max(0, Math.min(film.alphaBar.length - 1, Math.round(next)));
  if (!pending) pending = requestAnimationFrame(draw);
}

// ---- the histogram ------------------------------------------------------------------------
const BINS = 48,
  LOW = -4,
  HIGH = 4,
  W = 300,
  BASE = 98,
  TOP = 4,
  PEAK = 0.8;
const X = (value) => ((value - LOW) / (HIGH - LOW)) * W;
const Y = (density) => BASE - Math.min(1, density / PEAK) * (BASE - TOP);
function prepareHistogram() {
  histogram.replaceChildren();
  let path = `M0 ${BASE}`;
  for (let x = LOW; x <= HIGH; x += 0.1)
    path += `L${X(x).toFixed(1)} ${Y(Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)).toFixed(1)}`;
  svg("path", { d: `${path}L${W} ${BASE}Z`, class: "normal" }, histogram);
  for (const x of [-3, -1, 1, 3])
    svg("text", { x: X(x), y: 112, "text-anchor": "middle" }, histogram, signed(String(x)));
  film.walkBars = svg("path", { class: "line walk" }, histogram);
  film.blendBars = svg("path", { class: "line blend" }, histogram);
}
function bars(values, node) {
  const counts = new Float64Array(BINS);
  for (const value of values) {
    const bin = Math.floor(((value - LOW) / (HIGH - LOW)) * BINS);
    if (bin >= 0 && bin < BINS) counts[bin]++;
  }
  let path = "";
  for (let bin = 0; bin < BINS; bin++) {
    const y = Y((counts[bin] / values.length) * (BINS / (HIGH - LOW))).toFixed(1);
    path += `${bin ? "L" : "M"}${((bin / BINS) * W).toFixed(1)} ${y}H${(((bin + 1) / BINS) * W).toFixed(1)}`;
  }
  node.setAttribute("d", path);
}

// ---- from Python --------------------------------------------------------------------------
async function load() {
  const value = props.value;
  if (!value?.frames) return;
  const turn = ++loading;
  try {
    const [frames, eps] = await Promise.all([fetchBytes(value.frames), fetchBytes(value.eps)]);
    if (turn !== loading) return; // a newer picture is on its way
    const share = film ? k / (film.alphaBar.length - 1) : 0.3;
    const tables = {
      alphaBar: unpack(value.alpha_bar),
      euler: unpack(value.euler),
      exact: unpack(value.exact),
    };
    film = { ...value, ...tables, frames: new Int16Array(frames), eps: new Int16Array(eps) };
    k = Math.round(share * (film.alphaBar.length - 1));
  } catch (error) {
    $(".trouble").textContent = "The picture did not arrive. Please choose it again.";
    $(".trouble").hidden = false;
    return;
  }
  $(".trouble").hidden = true;
  const [count, height, width] = film.shape;
  walk = new Float64Array(film.eps.length);
  blend = new Float64Array(film.eps.length);
  [film.mean, film.std] = moments(Float64Array.from(film.eps, (_, i) => film.frames[i] * film.scale));
  for (const canvas of [walkCanvas, blendCanvas]) {
    canvas.width = width;
    canvas.height = height;
  }
  film.image = new ImageData(width, height);
  film.image.data.fill(255);
  slider.max = count - 1;
  $(".title").textContent = film.title;
  tint();
  prepareHistogram();
  draw();
  element.dataset.loads = String(+(element.dataset.loads ?? 0) + 1);
}

function tint() {
  const colour = props.value?.colour;
  if (colour) $(".sde-film").style.setProperty("--walk", isDark() ? colour.dark : colour.light);
}

// ---- the hand -----------------------------------------------------------------------------
function play(on) {
  $(".clock").classList.toggle("playing", on);
  $(".play").setAttribute("aria-label", on ? "pause" : "play");
  cancelAnimationFrame(playing);
  playing = 0;
  if (!on || !film) return;
  const last = film.alphaBar.length - 1;
  if (k >= last) k = 0;
  let before = performance.now(),
    share = k / last;
  const tick = (now) => {
    if (!element.isConnected) return;
    share += (now - before) / 8000; // 0…1 in 8 seconds
    before = now;
    const next = Math.floor(share * (film.alphaBar.length - 1));
    if (next !== k) setK(next);
    if (share >= 1) return play(false);
    playing = requestAnimationFrame(tick);
  };
  playing = requestAnimationFrame(tick);
}
$(".play").addEventListener("click", () => play(!playing));
slider.addEventListener("input", () => {
  play(false);
  if (film) setK(+slider.value);
});
slider.addEventListener("keydown", (event) => {
  if (event.key !== " ") return; // arrows, Home and End are the slider's own
  play(!playing);
  event.preventDefault();
});
element.explorer = {
  get k() {
    return k;
  },
};
watch("value", load);
onTheme(tint);
load();
