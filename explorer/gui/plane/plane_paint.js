// ---- the panels ---------------------------------------------------------------------------
const layers = { density: true, score: true, trails: true, training: false }; // what is drawn
const arrows = document.createElement("canvas"); // of both panels
const shade = new OffscreenCanvas(SHADES, SHADES),
  shadeImage = new ImageData(SHADES, SHADES);
let colours = {},
  pointer = null,
  strokes = [],
  fields = { key: "", arrows: null };
const frameTimes = []; // ms of each draw, for tests and benchmarks

function readColours() {
  const style = getComputedStyle(element),
    read = (name) => style.getPropertyValue(name).trim();
  const probe = new OffscreenCanvas(1, 1).getContext("2d");
  probe.fillStyle = read("--body-text-color");
  probe.fillRect(0, 0, 1, 1);
  const ink = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  colours = {
    ink,
    solid: `rgb(${ink})`,
    ddpm: read("--series-ddpm"),
    ddim: read("--series-ddim"),
    line: read("--border-color-primary"),
  };
  fields.key = "";
}
const inked = (opacity) => `rgba(${colours.ink}, ${opacity})`;
const colourOf = (panel) => (way === "forward" ? colours.solid : panel ? colours.ddim : colours.ddpm);

/** Density and arrows belong to t, not to a panel: computed once for both. */
function prepareFields() {
  const key = [way, whose, t, layers.density, layers.score].join();
  if (key === fields.key) return;
  fields = { key, arrows: layers.score ? noiseAt(GRID, t) : null };
  if (fields.arrows) drawArrows(panels[0].canvas.width);
  if (!layers.density) return;
  const values = densities(shadedMixture(), alphaBarAt(t)),
    { data } = shadeImage;
  let most = 0;
  for (const value of values) if (value > most) most = value;
  for (let j = 0, k = 0; j < SHADES; j++)
    for (let i = 0; i < SHADES; i++, k++) {
      const at = 4 * ((SHADES - 1 - j) * SHADES + i);
      [data[at], data[at + 1], data[at + 2]] = colours.ink;
      data[at + 3] = 105 * (values[k] / most) ** 0.6;
    }
  shade.getContext("2d").putImageData(shadeImage, 0, 0);
}
function drawArrows(side) {
  arrows.width = arrows.height = side; // which clears it
  const context = arrows.getContext("2d"),
    px = (x) => ((x + REACH) / (2 * REACH)) * side;
  const most = 0.9 * ((2 * REACH) / ARROWS),
    noise = fields.arrows;
  context.beginPath();
  for (let k = 0; k < GRID.length; k += 2) {
    const size = Math.hypot(noise[k], noise[k + 1]);
    if (!(size > 0.02)) continue;
    const scale = most / (size + 1),
      dx = -noise[k] * scale,
      dy = -noise[k + 1] * scale;
    const x = GRID[k] + dx / 2,
      y = GRID[k + 1] + dy / 2; // the arrow is centred where it belongs
    context.moveTo(px(x - dx), px(-(y - dy)));
    context.lineTo(px(x), px(-y));
    context.moveTo(px(x - 0.34 * dx - 0.2 * dy), px(-(y - 0.34 * dy + 0.2 * dx)));
    context.lineTo(px(x), px(-y));
    context.lineTo(px(x - 0.34 * dx + 0.2 * dy), px(-(y - 0.34 * dy - 0.2 * dx)));
  }
  context.strokeStyle = inked(0.34);
  context.lineWidth = Math.max(1, px(0.012) - px(0));
  context.stroke();
}
/** Paths up to now: jagged ones cover much, so only their last part is strong. */
function drawPaths(context, px, lane, now, strong) {
  const { times, places } = pathOf(lane),
    count = places[0].length / 2;
  const begun = times.filter((time) => (way === "forward" ? time < t : time > t)).length;
  const recent = lane.curved || lane === sent ? 0 : Math.max(0, begun - Math.ceil(times.length / 8));
  for (const [from, opacity] of recent
    ? [
        [0, strong / 3],
        [recent, strong],
      ]
    : [[0, strong]]) {
    context.globalAlpha = opacity;
    for (let k = 0; begun && k < count; k++) {
      // one by one: a single tangle takes long to fill
      context.beginPath();
      for (let i = from; i < begun; i++)
        context[i > from ? "lineTo" : "moveTo"](px(places[i][2 * k]), px(-places[i][2 * k + 1]));
      context.lineTo(px(now[2 * k]), px(-now[2 * k + 1]));
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}
function dots(context, px, points, radius) {
  context.beginPath();
  for (let k = 0; k < points.length; k += 2) {
    const x = px(points[k]),
      y = px(-points[k + 1]);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 7);
  }
}
function drawPanel(panel) {
  const { canvas, unit } = panels[panel],
    context = canvas.getContext("2d"),
    side = canvas.width;
  const px = (x) => ((x + REACH) / (2 * REACH)) * side;
  context.clearRect(0, 0, side, side);
  if (drawing) {
    context.fillStyle = colours.solid;
    dots(context, px, strokes.flat(2), 2.6 * unit);
    return context.fill();
  }
  if (layers.density) context.drawImage(shade, 0, 0, side, side);
  if (fields.arrows) context.drawImage(arrows, 0, 0, side, side);
  if (layers.training && way === "reverse") {
    dots(context, px, sent.x0, 2.8 * unit);
    context.strokeStyle = inked(0.75);
    context.lineWidth = unit;
    context.stroke();
  }
  const lane = laneOf(panel);
  if (!lane) return;
  const now = (panels[panel].positions = positions(lane, t, panels[panel].positions));
  if (layers.trails) {
    context.strokeStyle = colourOf(panel);
    context.lineWidth = 1.1 * unit;
    context.lineJoin = "round";
    drawPaths(context, px, lane, now, way === "forward" ? 0.4 : panel ? 0.85 : 0.6);
  }
  dots(context, px, now, (now.length > 1400 ? 1.5 : 2.1) * unit);
  context.fillStyle = colourOf(panel);
  context.fill();
  if (pointer) drawBelief(context, px, unit);
}
/** From the pointer to what the field believes lay there: x̂_0. */
function drawBelief(context, px, unit) {
  const { x, y, belief } = pointer;
  context.strokeStyle = context.fillStyle = colours.solid;
  context.lineWidth = 1.5 * unit;
  dots(context, px, [x, y], 5 * unit);
  context.stroke();
  if (!belief) return;
  context.setLineDash([4 * unit, 3 * unit]);
  context.beginPath();
  context.moveTo(px(x), px(-y));
  context.lineTo(px(belief[0]), px(-belief[1]));
  context.stroke();
  context.setLineDash([]);
  dots(context, px, belief, 4 * unit);
  context.fill();
}

// ---- the numbers --------------------------------------------------------------------------
const NAMES = { trained: "trained network", ideal: "ideal denoiser", exact: "exact law" };
/** What is the same already is not laid out again. */
const say = (node, text) => node.textContent !== text && (node.textContent = text);
const fixed = (x, places = 3) => signed((Math.abs(x) < 0.5 * 10 ** -places ? 0 : x).toFixed(places));
/** Numbers of one width: a figure space where there is no minus sign. */
const even = (x, places = 2) => fixed(x, places).padStart(places + 3, "\u2007");
const rounded = () => Math.round(t);
/** A sampler's step at t: from its last time at or above t to the next. */
function stepAt({ steps }) {
  const now = rounded(),
    times = steps.length ? steps : null;
  if (now <= 0) return [0, 0];
  if (!times) return [now, now - 1];
  let i = times.length - 2;
  while (i > 0 && times[i] < now) i--;
  return [times[i], times[i + 1]];
}
/** √ᾱ_s, √(1 − ᾱ_s − σ²) and σ of a step; η = 1 for DDPM, 0 for DDIM. */
function weights([from, to], eta) {
  const now = view.alpha_bar[from],
    next = view.alpha_bar[to];
  if (from === to) return [1, 0, 0];
  const variance = ((1 - next) / (1 - now)) * (1 - now / next) * eta;
  return [Math.sqrt(next), Math.sqrt(Math.max(0, 1 - next - variance)), to ? Math.sqrt(variance) : 0];
}
const live = (x) => `<span class="live">${fixed(x)}</span>`; // numbers of our own, no text from outside
function writeFormula(panel) {
  const { formula, name, cost } = panels[panel],
    now = rounded();
  const lane = laneOf(panel);
  if (way === "forward") {
    const beta = now ? 1 - view.alpha_bar[now] / view.alpha_bar[now - 1] : 0,
      [a, s] = amplitudes(now);
    say(name, panel ? "at once" : "step by step");
    say(cost, panel ? "one ε for each point" : "new noise in every step");
    formula.innerHTML = panel
      ? `x<sub>t</sub> = ${live(a)}·x<sub>0</sub> + ${live(s)}·ε`
      : now
        ? `x<sub>t</sub> = ${live(Math.sqrt(1 - beta))}·x<sub>t−1</sub> + ${live(Math.sqrt(beta))}·ε<sub>t</sub>`
        : "x<sub>0</sub>: the data, no step yet";
    return;
  }
  say(name, lane?.title ?? (panel ? "DDIM" : "DDPM"));
  say(cost, lane ? `${lane.evaluations} evaluations, ${lane.seconds.toFixed(2)} s` : "nothing yet");
  if (!lane) return void (formula.innerHTML = "&nbsp;");
  const step = stepAt(lane),
    [signal, direction, sigma] = weights(step, panel ? 0 : 1);
  formula.innerHTML =
    `x<sub>${step[1]}</sub> = ${live(signal)}·x̂<sub>0</sub> + ${live(direction)}·ε̂` +
    (panel ? "" : ` + ${live(sigma)}·z`);
}
function writeHere() {
  const name = knownField(),
    whom = {
      trained: "the trained network",
      ideal: `the ${view.points} training points`,
      exact: "the law of the data",
    }[name];
  const law = shadedMixture().std > 0 ? "the law of the data, exact" : `the ${view.points} training points`;
  const parts = [];
  if (layers.density) parts.push(`Shade: p at t of ${law}; the stronger, the likelier.`);
  if (layers.score)
    parts.push(
      t > 0
        ? `Arrows: √(1−ᾱ)·∇ log p = ${MINUS}ε̂ of ${whom}; long ones shortened.`
        : "At t = 0 there is no noise to point away from.",
    );
  say($(".legend"), parts.join(" "));
  const here = $(".here");
  if (!pointer) return say(here, "Point at a panel to read the score there.");
  const at = Float32Array.of(pointer.x, pointer.y),
    noise = noiseAt(at, t),
    [a, s] = amplitudes(t);
  pointer.belief = noise && [(at[0] - s * noise[0]) / a, (at[1] - s * noise[1]) / a];
  const score = noise && [-noise[0] / s, -noise[1] / s],
    both = ([x, y]) => `(${even(x)}, ${even(y)})`;
  here.textContent =
    `x = ${both(at)}` + (noise ? `\n∇ log p = ${both(score)}\nx̂₀ = ${both(pointer.belief)}` : "");
  pointer.score = score;
}
function writeNearest() {
  const body = $(".nearest tbody");
  body.replaceChildren();
  const row = (name, values, className = "") => {
    const line = body.insertRow();
    line.className = className;
    line.insertCell().textContent = name;
    for (const value of values) line.insertCell().textContent = value === null ? "–" : value.toFixed(3);
  };
  for (const name of Object.keys(NAMES))
    if (view.beliefs[name] || name !== "exact")
      row(NAMES[name], view.beliefs[name]?.nearest ?? [null, null], name === whose ? "now" : "");
  if (view.fresh === null) return;
  row("new draws of the data", [view.fresh], "fresh");
  body.lastChild.lastChild.colSpan = 2;
}
function drawLoss() {
  const chart = $(".loss"),
    { losses } = view;
  chart.replaceChildren();
  $(".learning").classList.toggle("none", losses.length < 2);
  if (losses.length < 2) return void svg("text", { x: 0, y: 16 }, chart, "not trained on these points yet");
  const values = losses.map(([, loss]) => loss),
    high = Math.max(...values),
    low = Math.min(...values),
    last = losses[losses.length - 1][0];
  const X = (step) => 36 + (220 * step) / last,
    Y = (loss) => 6 + (58 * (high - loss)) / (high - low || 1);
  for (const level of [high, low]) {
    svg("line", { x1: 36, x2: 256, y1: Y(level), y2: Y(level), class: "grid" }, chart);
    svg("text", { x: 30, y: Y(level) + 4, "text-anchor": "end" }, chart, level.toFixed(2));
  }
  svg("text", { x: 256, y: 80, "text-anchor": "end" }, chart, `${last} steps`);
  svg(
    "path",
    {
      d: `M${losses.map(([step, loss]) => `${X(step).toFixed(1)} ${Y(loss).toFixed(1)}`).join("L")}`,
      class: "line",
    },
    chart,
  );
}
