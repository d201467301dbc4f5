const STOPS = 8; // pictures in the filmstrip, besides t = 0
const slider = $("#forward-t");
const panes = $$(".pane").map((figure) => ({
  figure,
  canvas: figure.querySelector("canvas"),
  equation: figure.querySelector(".equation"),
  value: (name) => figure.querySelector(`[data-of="${name}"]`),
}));
const chart = $(".curves");
const histogram = $(".histogram");
let scene = null; // {size, T, x0, eps, schedules: [{name, alphaBar}]}
let t = 300; // of the left schedule, and of both unless they are compared at equal SNR
let equalSNR = false;
let pending = 0;
let loading = 0;
let frameTimes = []; // ms of each draw, for tests and benchmarks

/** x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε as pixels; every `skip`-th pixel of every `skip`-th row. */
function blend(alphaBar, pixels, skip) {
  const { size, x0, eps, epsScale } = scene;
  const signal = Math.sqrt(alphaBar);
  const noise = Math.sqrt(1 - alphaBar) * epsScale * 127.5;
  const offset = 127.5 * (1 - signal); // 127.5 (signal (2u/255 − 1) + 1) = signal u + offset
  let to = 0;
  for (let y = 0; y < size; y += skip) {
    for (let x = 0; x < size; x += skip, to += 4) {
      const from = 3 * (y * size + x);
      pixels[to] = signal * x0[from] + noise * eps[from] + offset;
      pixels[to + 1] = signal * x0[from + 1] + noise * eps[from + 1] + offset;
      pixels[to + 2] = signal * x0[from + 2] + noise * eps[from + 2] + offset;
    }
  }
}

/** The first time at which the right schedule has no more signal than the left one at t. */
function matching(time) {
  const [left, right] = scene.schedules,
    { alphaBar } = right;
  let low = 0,
    high = scene.T;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (alphaBar[middle] > left.alphaBar[time]) low = middle + 1;
    else high = middle;
  }
  return low && alphaBar[low - 1] - left.alphaBar[time] < left.alphaBar[time] - alphaBar[low] ? low - 1 : low;
}

const wide = (time) => String(time).padStart(4, "\u2007");

function draw() {
  pending = 0;
  if (!scene) return;
  const began = performance.now();
  const times = [t, equalSNR ? matching(t) : t];
  panes.forEach((pane, i) => {
    const alphaBar = scene.schedules[i].alphaBar[times[i]];
    blend(alphaBar, pane.image.data, 1);
    pane.canvas.getContext("2d", { alpha: false }).putImageData(pane.image, 0, 0);
    const signal = Math.sqrt(alphaBar),
      noise = Math.sqrt(1 - alphaBar);
    pane.live[0].textContent = signal.toFixed(3);
    pane.live[1].textContent = noise.toFixed(3);
    pane.value("alphaBar").textContent = digits(alphaBar);
    pane.value("signal").textContent = percent(signal);
    pane.value("noise").textContent = percent(noise);
    pane.value("snr").textContent = decibels(alphaBar);
    drawHistogram(pane, i, signal, noise);
    pane.figure.querySelector(".time").textContent = `t = ${wide(times[i])}`;
    const x = chart.X(times[i]),
      y = chart.Y(alphaBar);
    pane.dot.setAttribute("cx", x);
    pane.dot.setAttribute("cy", y);
  });
  const level = chart.Y(scene.schedules[0].alphaBar[t]);
  const line = equalSNR
    ? { x1: chart.X(0), x2: chart.X(scene.T), y1: level, y2: level }
    : { x1: chart.X(t), x2: chart.X(t), y1: chart.Y(1), y2: chart.Y(0) };
  for (const key in line) chart.cursor.setAttribute(key, line[key]);
  $("output").textContent = `${wide(t)} / ${scene.T}`;
  slider.value = t;
  $$(".row").forEach((row, i) => {
    for (const button of row.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(+button.dataset.t === times[i]));
  });
  frameTimes.push(performance.now() - began);
  if (frameTimes.length > 300) frameTimes.shift();
}

function setT(next) {
  t = Math.max(0, Math.min(scene?.T ?? 1000, Math.round(next)));
  clock.share = t / (scene?.T ?? 1000);
  slider.value = t;
  if (!pending) pending = requestAnimationFrame(draw);
}

// ---- the curves ---------------------------------------------------------------------------
function drawCurves() {
  const W = 300,
    H = 176,
    left = 30,
    right = 8,
    top = 8,
    bottom = 22;
  const { T, schedules } = scene;
  chart.replaceChildren();
  chart.X = (time) => left + ((W - left - right) * time) / T;
  chart.Y = (value) => top + (H - top - bottom) * (1 - value);
  for (const level of [0, 0.5, 1]) {
    svg("line", { x1: left, x2: W - right, y1: chart.Y(level), y2: chart.Y(level), class: "grid" }, chart);
    svg("text", { x: left - 6, y: chart.Y(level) + 4, "text-anchor": "end" }, chart, String(level));
  }
  for (const share of [0, 0.5, 1]) {
    const anchor = ["start", "middle", "end"][2 * share];
    svg(
      "text",
      { x: chart.X(share * T), y: H - 6, "text-anchor": anchor },
      chart,
      `${share ? "" : "t = "}${Math.round(share * T)}`,
    );
  }
  chart.cursor = svg("line", { class: "cursor" }, chart);
  schedules.forEach(({ alphaBar }, i) => {
    const step = Math.max(1, Math.floor(T / 250));
    let path = "";
    for (let time = 0; time <= T; time += step)
      path += `${path ? "L" : "M"}${chart.X(time).toFixed(1)} ${chart.Y(alphaBar[time]).toFixed(1)}`;
    path += `L${chart.X(T).toFixed(1)} ${chart.Y(alphaBar[T]).toFixed(1)}`;
    const name = i ? "cosine" : "linear";
    svg("path", { d: path, class: `line ${name}` }, chart);
    panes[i].dot = svg("circle", { r: 5, class: `dot ${name}` }, chart);
  });
}
function pointAtChart(event) {
  const box = chart.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * 300;
  setT(((x - 30) / (300 - 38)) * scene.T);
}
chart.addEventListener("pointerdown", (event) => {
  if (!scene) return;
  chart.setPointerCapture(event.pointerId);
  pointAtChart(event);
});
chart.addEventListener("pointermove", (event) => event.buttons && scene && pointAtChart(event));

// ---- the histogram ------------------------------------------------------------------------
const BINS = 64,
  LOW = -4,
  HIGH = 4,
  PLOT = { W: 300, H: 130, base: 110, top: 6, peak: 0.8 };
const binX = (value) => ((value - LOW) / (HIGH - LOW)) * PLOT.W;
const density = (value) => PLOT.base - Math.min(1, value / PLOT.peak) * (PLOT.base - PLOT.top);
const counts = new Float64Array(BINS);
function prepareHistogram() {
  histogram.replaceChildren();
  let path = `M0 ${PLOT.base}`;
  for (let x = LOW; x <= HIGH; x += 0.1)
    path += `L${binX(x).toFixed(1)} ${density(Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)).toFixed(1)}`;
  svg("path", { d: `${path}L${PLOT.W} ${PLOT.base}Z`, class: "normal" }, histogram);
  for (const x of [-3, -1, 1, 3])
    svg("text", { x: binX(x), y: PLOT.H - 4, "text-anchor": "middle" }, histogram, signed(String(x)));
  panes.forEach((pane, i) => {
    pane.bars = svg("path", { class: `line ${i ? "cosine" : "linear"}` }, histogram);
  });
}
function drawHistogram(pane, i, signal, noise) {
  const { x0, eps, epsScale } = scene;
  const step = Math.max(1, Math.floor(x0.length / 40000)) | 1; // odd: all three colours take part
  counts.fill(0);
  let n = 0;
  for (let k = 0; k < x0.length; k += step, n++) {
    const value = signal * (x0[k] / 127.5 - 1) + noise * eps[k] * epsScale;
    const bin = Math.floor(((value - LOW) / (HIGH - LOW)) * BINS);
    if (bin >= 0 && bin < BINS) counts[bin]++;
  }
  let path = "";
  for (let bin = 0; bin < BINS; bin++) {
    const y = density((counts[bin] / n) * (BINS / (HIGH - LOW))).toFixed(1);
    path += `${bin ? "L" : "M"}${((bin / BINS) * PLOT.W).toFixed(1)} ${y}H${(((bin + 1) / BINS) * PLOT.W).toFixed(1)}`;
  }
  pane.bars.setAttribute("d", path);
}

// ---- the filmstrip ------------------------------------------------------------------------
function drawFilm() {
  const { T, size, schedules } = scene;
  const skip = Math.max(1, Math.floor(size / 64)),
    side = Math.ceil(size / skip);
  const times = Array.from({ length: STOPS + 1 }, (_, i) => Math.round((i * T) / STOPS));
  const strip = $(".film");
  strip.replaceChildren();
  schedules.forEach(({ name, alphaBar }) => {
    const row = Object.assign(document.createElement("div"), { className: "row" });
    for (const time of times) {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.dataset.t = time;
      button.setAttribute("aria-label", `${name}, t = ${time}`);
      const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
      const image = new ImageData(side, side);
      image.data.fill(255);
      blend(alphaBar[time], image.data, skip);
      canvas.getContext("2d").putImageData(image, 0, 0);
      button.append(canvas);
      button.addEventListener("click", () => {
        play(false);
        setT(time);
      });
      row.append(button);
    }
    strip.append(row);
  });
  const labels = Object.assign(document.createElement("div"), { className: "row times" });
  for (const time of times)
    labels.append(Object.assign(document.createElement("span"), { textContent: time }));
  strip.append(labels);
}

// ---- from Python --------------------------------------------------------------------------
async function load() {
  const value = props.value;
  if (!value?.x0) return;
  const turn = ++loading;
  try {
    const [x0, eps] = await Promise.all([fetchBytes(value.x0), fetchBytes(value.eps)]);
    if (turn !== loading) return; // a newer picture is on its way
    const share = scene ? t / scene.T : (clock.share ?? 0.3);
    scene = {
      ...value,
      x0: new Uint8Array(x0),
      eps: new Int16Array(eps),
      schedules: value.schedules.map((s) => ({ ...s, alphaBar: unpack(s.alphaBar) })),
    };
    t = Math.round(share * scene.T);
    $(".trouble").hidden = true;
  } catch (error) {
    $(".trouble").textContent = "The picture did not arrive. Please choose it again.";
    $(".trouble").hidden = false;
    return;
  }
  slider.max = scene.T;
  for (const pane of panes) {
    pane.canvas.width = pane.canvas.height = scene.size;
    pane.canvas.classList.toggle("small", scene.size <= 64);
    pane.image = new ImageData(scene.size, scene.size);
    pane.image.data.fill(255);
  }
  drawCurves();
  prepareHistogram();
  drawFilm();
  draw();
  element.dataset.loads = String(+(element.dataset.loads ?? 0) + 1);
}

// ---- the hand -----------------------------------------------------------------------------
let playing = 0;
function play(on) {
  $(".clock").classList.toggle("playing", on);
  $(".play").setAttribute("aria-label", on ? "pause" : "play");
  cancelAnimationFrame(playing);
  playing = 0;
  if (!on || !scene) return;
  if (t >= scene.T) t = 0;
  let last = performance.now(),
    exact = t;
  const tick = (now) => {
    if (!element.isConnected) return;
    exact += ((now - last) / 8000) * scene.T; // 0…T in 8 seconds
    last = now;
    setT(exact);
    if (exact >= scene.T) return play(false);
    playing = requestAnimationFrame(tick);
  };
  playing = requestAnimationFrame(tick);
}
$(".play").addEventListener("click", () => play(!playing));
slider.addEventListener("input", () => {
  play(false);
  setT(+slider.value);
});
for (const button of $$("[data-compare]"))
  button.addEventListener("click", () => {
    equalSNR = button.dataset.compare === "snr";
    for (const each of $$("[data-compare]")) each.setAttribute("aria-pressed", String(each === button));
    setT(t);
  });
slider.addEventListener("keydown", (event) => {
  const step = { PageUp: 50, PageDown: -50 }[event.key];
  if (event.key === " ") play(!playing);
  else if (step) {
    play(false);
    setT(t + step);
  } else return; // arrows, Home and End are the slider's own
  event.preventDefault();
});
for (const { equation } of panes) {
  equation.innerHTML =
    'x<sub>t</sub> = <span class="live"></span>·x<sub>0</sub> + <span class="live"></span>·ε';
}
panes.forEach((pane) => (pane.live = [...pane.equation.querySelectorAll(".live")]));
element.explorer = {
  setT,
  frameTimes: () => frameTimes.slice(),
  get t() {
    return t;
  },
};
watch("value", load);
onVisible(() => clock.share !== null && scene && setT(clock.share * scene.T));
load();
