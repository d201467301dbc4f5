// @ts-check
// The lanes: a section of the page each, with its pictures and what they cost.

import { FIGURE, noiseLevel, wide } from "../parts/numbers.js";
import { $, make, svg } from "../parts/page.js";
import { fitCanvas } from "../parts/pixels.js";
import { GAP, paintPictures } from "./frames.js";
import { shownMix } from "./mixes.js";
import { frameAt, pictureGrid, state, wideTime } from "./player_state.js";

// solid, dashed, dotted, dash-dot, long dashes; the same, 6.5 pixels long
const NAMES = ["solid", "dash", "dot", "dashdot", "longdash"];
const DASHES = ["", "6 4", "2 3", "8 3 2 3", "10 3"];
const TICKS = ["", "2.5 1.5", "1 1.75", "3.5 1 1 1", "4.5 2"];

/** How what is shown is spoken of. */
const SHOWN = { x: "state", x0: "belief x̂₀", eps: "predicted noise ε̂" };

/** `choose(lane, picture)` is called when somebody clicks at one. */
function makeLane(index, choose) {
  const section = make("section", { className: "lane" }, $(".lanes"));
  const header = make("header", { title: "take this lane's step apart" }, section);
  const swatch = svg("svg", { class: "swatch", viewBox: "0 0 26 6", "aria-hidden": "true" }, header);
  const line = svg("path", { d: "M0 3h26" }, swatch);
  const name = make("strong", {}, header);
  const cost = make("span", { className: "cost" }, header);
  const costs = [0, 1, 2].map((i) => {
    if (i) make("span", { className: "dot", textContent: " · " }, cost);
    return make("span", {}, cost);
  });
  const screen = make("div", { className: "screen" }, section);
  const canvas = make("canvas", { width: 8, height: 8, role: "img" }, screen);
  const labels = make("div", { className: "labels" }, screen);
  const mark = make("div", { className: "mark" }, screen);
  const context = canvas.getContext("2d");
  const lane = { section, line, name, costs, screen, canvas, labels, mark, context };
  Object.assign(lane, { view: null, frames: [], sheets: new Map(), drawn: "", columns: 1 });
  header.addEventListener("click", () => choose(index, state.chosen.picture));
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const pitch = state.race.size + GAP;
    const column = Math.floor((((event.clientX - box.left) / box.width) * canvas.width) / pitch);
    const row = Math.floor((((event.clientY - box.top) / box.height) * canvas.height) / pitch);
    choose(index, row * lane.columns + Math.min(column, lane.columns - 1));
  });
  return lane;
}
/** As many sections as lanes; names, colours, dashes, ids. */
export function nameLanes(choose) {
  const { race, lanes } = state;
  while (lanes.length < race.lanes.length) lanes.push(makeLane(lanes.length, choose));
  while (lanes.length > race.lanes.length) lanes.pop().section.remove();
  $(".lanes").dataset.count = String(lanes.length);
  const seen = {};
  lanes.forEach((lane, i) => {
    const view = (lane.view = race.lanes[i]);
    const before = (seen[view.kind] = (seen[view.kind] ?? -1) + 1); // lanes of the same sampler
    lane.dash = (before + Math.max(0, NAMES.indexOf(view.dash))) % NAMES.length;
    lane.colour = `color-mix(in srgb, var(--series-${view.kind}), var(--body-text-color) ${[0, 35, 55, 75][before]}%)`;
    lane.line.style.stroke = lane.colour;
    lane.line.setAttribute("stroke-dasharray", DASHES[lane.dash]);
    lane.name.textContent = view.name;
    lane.canvas.id = before ? `reverse-lane-${i}` : `reverse-${view.kind}`;
  });
}
/** Nothing of the last race stays in memory. */
export function emptyLanes() {
  for (const lane of state.lanes) [lane.frames, lane.sheets] = [[], new Map()];
}
/** Canvases of the size that the frames will have, so that nothing moves when they come. */
export function layOutLanes() {
  const { size, pictures } = state.race;
  const pitch = size + GAP;
  for (const lane of state.lanes) {
    lane.columns = Math.min(pictures, state.across);
    lane.drawn = "";
    const width = lane.columns * pitch - GAP;
    const height = Math.ceil(pictures / lane.columns) * pitch - GAP;
    if (!fitCanvas(lane.canvas, width, height)) continue;
    lane.screen.style.setProperty("--ratio", width / height);
    lane.image = new ImageData(width, height);
    lane.context.fillStyle = "rgba(128, 128, 128, 0.13)"; // room for what is to come
    for (let k = 0; k < pictures; k++)
      lane.context.fillRect((k % lane.columns) * pitch, Math.floor(k / lane.columns) * pitch, size, size);
  }
  nameClasses();
  placeMarks();
}
/** The class that each picture was asked to be: under a single row, in the corners of several. */
function nameClasses() {
  const { classes, lanes, pictures, size } = { ...state.race, lanes: state.lanes };
  $(".lanes").classList.toggle("named", classes.length > 0);
  for (const { labels, columns, canvas } of lanes) {
    const rows = Math.ceil(pictures / columns);
    const pitch = size + GAP;
    labels.classList.toggle("within", rows > 1);
    labels.replaceChildren();
    classes.forEach((textContent, k) => {
      const label = make("span", { textContent, title: `class ${textContent}` }, labels);
      label.style.left = `${(100 * (k % columns) * pitch) / canvas.width}%`;
      label.style.top = `${(100 * (Math.floor(k / columns) * pitch + size)) / canvas.height}%`;
      label.style.maxWidth = `${(100 * size) / canvas.width}%`;
    });
  }
}
/** A frame around the chosen picture of each lane. */
export function placeMarks() {
  const { chosen, race } = state;
  const pitch = race.size + GAP;
  state.lanes.forEach((lane, i) => {
    const { style } = lane.mark;
    const { width, height } = lane.canvas;
    style.left = `${(100 * (chosen.picture % lane.columns) * pitch) / width}%`;
    style.top = `${(100 * Math.floor(chosen.picture / lane.columns) * pitch) / height}%`;
    style.width = `${(100 * race.size) / width}%`;
    style.height = `${(100 * race.size) / height}%`;
    lane.section.classList.toggle("chosen", i === chosen.lane);
  });
}
export function drawLane(lane) {
  const { view, canvas } = lane;
  const { race, show } = state;
  if (!lane.frames.length) {
    delete canvas.dataset.t;
    canvas.setAttribute("aria-label", `${view.name}, nothing yet`);
    return writeCost(lane, race.T, 0, 0);
  }
  const i = frameAt(lane);
  const key = `${i} ${show} ${state.range}`;
  if (key === lane.drawn) return;
  lane.drawn = key;
  const grid = { count: race.pictures, columns: lane.columns, ...pictureGrid() };
  paintPictures(lane.image, lane.frames[i], shownMix(show, view.coefficients[i]), grid);
  lane.context.putImageData(lane.image, 0, 0);
  canvas.dataset.t = view.times[i];
  const [signal] = view.coefficients[i];
  const pictures = race.pictures === 1 ? "an image" : `${race.pictures} images`;
  const level = noiseLevel(view.times[i], race.T, signal ** 2);
  canvas.setAttribute("aria-label", `${view.name}: ${SHOWN[show]} of ${pictures}, ${level}`);
  writeCost(lane, view.times[i], view.evaluated[i], view.seconds[i]);
}
function writeCost({ view, costs }, time, evaluated, seconds) {
  costs[0].textContent = `t = ${wideTime(time)}`;
  costs[1].textContent = `${wide(evaluated, view.evaluations)} of ${view.evaluations} ${view.evaluations === 1 ? "evaluation" : "evaluations"}`;
  costs[2].textContent = `${seconds.toFixed(2).padStart(5, FIGURE)} s`;
}
/** Each lane's times under the slider. */
export function drawTicks() {
  const { lanes, race } = state;
  /** @type {SVGElement} */
  const ticks = $(".ticks");
  const height = 9 * lanes.length;
  ticks.setAttribute("viewBox", `0 0 ${race.T} ${height}`);
  ticks.style.height = `${height}px`;
  ticks.replaceChildren();
  lanes.forEach((lane, i) => {
    const d = lane.view.times.map((time) => `M${time} ${i * 9 + 1}v6.5`).join("");
    const look = { "vector-effect": "non-scaling-stroke", "stroke-dasharray": TICKS[lane.dash] };
    svg("path", { d, "stroke-width": 1.5, ...look }, ticks).style.stroke = lane.colour;
  });
}
/** The next time at which any lane has a frame; towards = −1 is towards the picture. */
export function nextTime(towards) {
  const { lanes, race, t } = state;
  let best = towards < 0 ? 0 : race.T;
  for (const lane of lanes)
    for (const time of lane.view.times)
      if (towards < 0 ? time < t && time > best : time > t && time < best) best = time;
  return best;
}
