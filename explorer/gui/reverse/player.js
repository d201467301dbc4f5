const slider = $("#reverse-t"),
  player = $(".player");
const GAP = 2; // pixels of the pictures' own size between two of them
const RANGES = { 1: [4096, 32], 3: [12288, 96] }; // ±1 or ±3 to 0…255, from 4080ths: (q + first) / second
let race = null,
  lanes = [],
  identity = null; // lanes: sections of the page, as many as the race has
let t = 0,
  show = "x",
  range = 1,
  pending = 0,
  playing = 0,
  following = false;
let chosen = { lane: 0, picture: 0 }; // whose step is taken apart
let across = 8; // pictures beside each other, at most

const FIGURE = "\u2007"; // a space as wide as a digit
const wide = (number, most = race.T) => String(number).padStart(String(most).length, FIGURE);

// ---- frames -------------------------------------------------------------------------------
/** A sheet's bytes -> its frames, without a copy where the numbers' addresses allow it. */
function cut(buffer, count, { stochastic, wide }) {
  const values = race.pictures * race.size * race.size * race.channels;
  const Words = wide ? Int32Array : Int16Array,
    width = Words.BYTES_PER_ELEMENT;
  const length = values * (2 * width + (stochastic ? 1 : 0));
  if (buffer.byteLength !== count * length) throw new Error(`${buffer.byteLength} bytes for ${count} frames`);
  const words = (at) =>
    at % width ? new Words(buffer.slice(at, at + width * values)) : new Words(buffer, at, values);
  return Array.from({ length: count }, (_, i) => ({
    x: words(i * length),
    x0: words(i * length + width * values),
    z: stochastic ? new Int8Array(buffer, i * length + 2 * width * values, values) : null,
  }));
}
/** The lane's frame at t: the last one reached, with time running from T to 0. */
function frameAt(lane) {
  const { times } = lane.view;
  let low = 0,
    high = lane.frames.length - 1; // times decrease; find the last with times[i] >= t
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] >= t) low = middle;
    else high = middle - 1;
  }
  return low;
}
/** ε̂ = (x_t − √ᾱ_t·x̂_0)/√(1 − ᾱ_t), as weights of x_t, x̂_0 and z; nothing at t = 0. */
const predicted = ([signal, noise], weight = 1) =>
  noise > 0 ? [weight / noise, (-weight * signal) / noise, 0] : [0, 0, 0];
const shown = (coefficients) =>
  show === "x" ? [1, 0, 0] : show === "x0" ? [0, 1, 0] : predicted(coefficients);
/** Pictures `from`… of a frame as pixels. All that is ever shown is a mix of x_t, x̂_0 and z. */
function paint(image, frame, [a, b, c], from, count, columns) {
  const { size, channels } = race,
    { x, x0 } = frame;
  const z = c && frame.z ? frame.z : null,
    cz = c * 127.5; // z comes in 32nds
  const [offset, step] = RANGES[range];
  const { data, width } = image;
  for (let k = 0; k < count; k++) {
    let j = (from + k) * size * size * channels;
    const left = (k % columns) * (size + GAP),
      top = Math.floor(k / columns) * (size + GAP);
    for (let row = 0; row < size; row++) {
      let at = 4 * ((top + row) * width + left);
      for (let column = 0; column < size; column++, at += 4) {
        for (let channel = 0; channel < channels; channel++, j++) {
          const value = a * (x[j] + 0.5) + b * (x0[j] + 0.5) + (z ? cz * z[j] : 0);
          data[at + channel] = Math.floor((value + offset) / step); // what lies outside 0…255 is cut
        }
        if (channels === 1) data[at + 1] = data[at + 2] = data[at];
        data[at + 3] = 255;
      }
    }
  }
}

// ---- lanes --------------------------------------------------------------------------------
const DASHES = ["", "6 4", "2 3", "8 3 2 3"]; // solid, dashed, dotted, dash-dot
const TICKS = ["", "2.5 1.5", "1 1.75", "3.5 1 1 1"]; // the same, 6.5 pixels long
function makeLane(index) {
  const make = (name, className, parent) => {
    const node = Object.assign(document.createElement(name), { className });
    parent.append(node);
    return node;
  };
  const section = make("section", "lane", $(".lanes"));
  const header = make("header", "", section);
  header.title = "take this lane's step apart";
  const swatch = svg("svg", { class: "swatch", viewBox: "0 0 26 6", "aria-hidden": "true" }, header);
  const line = svg("path", { d: "M0 3h26" }, swatch);
  const name = make("strong", "", header),
    cost = make("span", "cost", header);
  const costs = [0, 1, 2].map((i) => {
    if (i) make("span", "dot", cost).textContent = " · ";
    return make("span", "", cost);
  });
  const screen = make("div", "screen", section),
    canvas = make("canvas", "", screen);
  const mark = make("div", "mark", screen);
  Object.assign(canvas, { width: 8, height: 8 });
  canvas.setAttribute("role", "img");
  const lane = {
    section,
    line,
    name,
    costs,
    screen,
    canvas,
    mark,
    context: canvas.getContext("2d"),
    frames: [],
    sheets: new Map(),
    view: null,
    drawn: "",
  };
  header.addEventListener("click", () => choose(index, chosen.picture));
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect(),
      pitch = race.size + GAP;
    const column = Math.floor((((event.clientX - box.left) / box.width) * canvas.width) / pitch);
    const row = Math.floor((((event.clientY - box.top) / box.height) * canvas.height) / pitch);
    choose(index, row * lane.columns + Math.min(column, lane.columns - 1));
  });
  return lane;
}
/** As many sections as lanes; names, colours, dashes, ids. */
function nameLanes() {
  while (lanes.length < race.lanes.length) lanes.push(makeLane(lanes.length));
  while (lanes.length > race.lanes.length) lanes.pop().section.remove();
  $(".lanes").dataset.count = lanes.length;
  const seen = { ddpm: 0, ddim: 0 };
  lanes.forEach((lane, i) => {
    const view = (lane.view = race.lanes[i]),
      before = seen[view.kind]++;
    lane.dash = (before + (view.kind === "ddim")) % 4; // by default DDPM is solid, DDIM dashed
    lane.colour = `color-mix(in srgb, var(--series-${view.kind}), var(--body-text-color) ${[0, 35, 55, 75][before]}%)`;
    lane.line.style.stroke = lane.colour;
    lane.line.setAttribute("stroke-dasharray", DASHES[lane.dash]);
    lane.name.textContent = view.name;
    lane.canvas.id = before ? `reverse-lane-${i}` : `reverse-${view.kind}`;
  });
}
/** Canvases of the size that the frames will have, so that nothing moves when they come. */
function layOut() {
  for (const lane of lanes) {
    const { canvas } = lane,
      { size, pictures } = race;
    lane.columns = Math.min(pictures, across);
    const width = lane.columns * (size + GAP) - GAP;
    const height = Math.ceil(pictures / lane.columns) * (size + GAP) - GAP;
    lane.drawn = "";
    if (canvas.width === width && canvas.height === height) continue;
    Object.assign(canvas, { width, height });
    lane.screen.style.setProperty("--ratio", width / height);
    lane.image = new ImageData(width, height);
    lane.context.fillStyle = "rgba(128, 128, 128, 0.13)"; // room for what is to come
    for (let k = 0; k < pictures; k++)
      lane.context.fillRect(
        (k % lane.columns) * (size + GAP),
        Math.floor(k / lane.columns) * (size + GAP),
        size,
        size,
      );
  }
  placeMarks();
}
function placeMarks() {
  lanes.forEach((lane, i) => {
    const { style } = lane.mark,
      { width, height } = lane.canvas,
      pitch = race.size + GAP;
    style.left = `${(100 * (chosen.picture % lane.columns) * pitch) / width}%`;
    style.top = `${(100 * Math.floor(chosen.picture / lane.columns) * pitch) / height}%`;
    style.width = `${(100 * race.size) / width}%`;
    style.height = `${(100 * race.size) / height}%`;
    lane.section.classList.toggle("chosen", i === chosen.lane);
  });
}
function drawLane(lane) {
  const { view, canvas } = lane;
  if (!lane.frames.length) {
    delete canvas.dataset.t;
    canvas.setAttribute("aria-label", `${view.name}, nothing yet`);
    return writeCost(lane, race.T, 0, 0);
  }
  const i = frameAt(lane),
    key = `${i} ${show} ${range}`;
  if (key === lane.drawn) return;
  lane.drawn = key;
  paint(lane.image, lane.frames[i], shown(view.coefficients[i]), 0, race.pictures, lane.columns);
  lane.context.putImageData(lane.image, 0, 0);
  canvas.dataset.t = view.times[i];
  canvas.setAttribute("aria-label", `${view.name}, t = ${view.times[i]}`);
  writeCost(lane, view.times[i], view.evaluated[i], view.seconds[i]);
}
function writeCost({ view, costs }, time, evaluated, seconds) {
  costs[0].textContent = `t = ${wide(time)}`;
  costs[1].textContent = `${wide(evaluated, view.evaluations)} of ${view.evaluations} evaluations`;
  costs[2].textContent = `${seconds.toFixed(2).padStart(5, FIGURE)} s`;
}

// ---- the clock ----------------------------------------------------------------------------
function draw() {
  pending = 0;
  if (!race) return;
  lanes.forEach(drawLane);
  drawAnatomy();
  slider.value = t;
  slider.setAttribute("aria-valuetext", `t = ${t}`);
  $("output").textContent = `${wide(t)} / ${race.T}`;
}
function redraw() {
  if (!pending) pending = requestAnimationFrame(draw);
}
function setT(next) {
  t = Math.max(0, Math.min(race.T, Math.round(next)));
  clock.share = t / race.T;
  slider.value = t;
  redraw();
}
/** The next time at which any lane has a frame; towards = −1 is towards the picture. */
function nextTime(towards) {
  let best = towards < 0 ? 0 : race.T;
  for (const lane of lanes)
    for (const time of lane.view.times)
      if (towards < 0 ? time < t && time > best : time > t && time < best) best = time;
  return best;
}
function drawTicks() {
  const ticks = $(".ticks"),
    height = 9 * lanes.length;
  ticks.setAttribute("viewBox", `0 0 ${race.T} ${height}`);
  ticks.style.height = `${height}px`;
  ticks.replaceChildren();
  lanes.forEach((lane, i) => {
    const d = lane.view.times.map((time) => `M${time} ${i * 9 + 1}v6.5`).join("");
    const line = svg(
      "path",
      { d, "stroke-width": 1.5, "vector-effect": "non-scaling-stroke", "stroke-dasharray": TICKS[lane.dash] },
      ticks,
    );
    line.style.stroke = lane.colour;
  });
}
