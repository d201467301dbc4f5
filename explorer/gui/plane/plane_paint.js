// @ts-check
// The panels' pictures: field, paths, points.

import { $$, make, onResize } from "../parts/page.js";
import { fitCanvas } from "../parts/pixels.js";
import { arrowLines, GRID, REACH, SHADES, shadeDensities } from "./plane_field.js";
import {
  isSmooth,
  laneOf,
  noiseAt,
  pathOf,
  positions,
  redraw,
  shadedDensities,
  state,
} from "./plane_state.js";

/** @type {HTMLCanvasElement[]} */
const canvases = $$(".panel canvas");
const panels = canvases.map((canvas) => ({ canvas, positions: null, unit: 1 }));
const arrows = make("canvas"); // of both panels
const shade = new OffscreenCanvas(SHADES, SHADES);
const shadeImage = new ImageData(SHADES, SHADES);
let fields = { key: "", arrows: null };
let colours = null;

/** The fields are computed anew with the next drawing. */
export function forgetFields() {
  fields.key = "";
}
export function readColours() {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  const probe = new OffscreenCanvas(1, 1).getContext("2d");
  probe.fillStyle = read("--body-text-color");
  probe.fillRect(0, 0, 1, 1);
  const ink = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  colours = { ink, solid: `rgb(${ink})`, of: (name) => read(`--series-${name}`) };
  forgetFields();
}
const inked = (opacity) => `rgba(${colours.ink}, ${opacity})`;
const colourOf = (panel) =>
  state.way === "forward" ? colours.solid : colours.of(state.view.samplers[panel].name);
/** From the plane to a canvas of this side. */
const scale = (side) => (x) => ((x + REACH) / (2 * REACH)) * side;

/** Density and arrows belong to t, not to a panel: computed once for both. */
export function prepareFields() {
  const { way, whose, t, layers } = state;
  const key = [way, whose, t, layers.density, layers.score].join();
  if (key === fields.key) return;
  fields = { key, arrows: layers.score ? noiseAt(GRID, t) : null };
  if (fields.arrows) drawArrows(panels[0].canvas.width);
  if (!layers.density) return;
  shadeDensities(shadedDensities(t), colours.ink, shadeImage.data);
  shade.getContext("2d").putImageData(shadeImage, 0, 0);
}
function drawArrows(side) {
  arrows.width = arrows.height = side; // which clears it
  const context = arrows.getContext("2d");
  const px = scale(side);
  context.beginPath();
  for (const [tailX, tailY, x, y, leftX, leftY, rightX, rightY] of arrowLines(fields.arrows)) {
    context.moveTo(px(tailX), px(-tailY));
    context.lineTo(px(x), px(-y));
    context.moveTo(px(leftX), px(-leftY));
    context.lineTo(px(x), px(-y));
    context.lineTo(px(rightX), px(-rightY));
  }
  context.strokeStyle = inked(0.34);
  context.lineWidth = Math.max(1, px(0.012) - px(0));
  context.stroke();
}
/** Paths up to now: jagged ones cover much, so only their last part is strong. */
function drawPaths(context, px, lane, now, strong) {
  const { t, way } = state;
  const { times, places } = pathOf(lane);
  const count = places[0].length / 2;
  const begun = times.filter((time) => (way === "forward" ? time < t : time > t)).length;
  const recent = isSmooth(lane) ? 0 : Math.max(0, begun - Math.ceil(times.length / 8));
  const parts = recent
    ? [
        [0, strong / 3],
        [recent, strong],
      ]
    : [[0, strong]];
  for (const [from, opacity] of parts) {
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
    const x = px(points[k]);
    const y = px(-points[k + 1]);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 7);
  }
}
export function drawPanel(index) {
  const { t, way, layers, sent } = state;
  const panel = panels[index];
  const { canvas, unit } = panel;
  const side = canvas.width;
  const context = canvas.getContext("2d");
  const px = scale(side);
  context.clearRect(0, 0, side, side);
  if (state.drawing) {
    context.fillStyle = colours.solid;
    dots(context, px, state.strokes.flat(2), 2.6 * unit);
    context.fill();
    if (state.pointer?.byKey && !index) drawPointer(context, px, unit);
    return;
  }
  if (layers.density) context.drawImage(shade, 0, 0, side, side);
  if (fields.arrows) context.drawImage(arrows, 0, 0, side, side);
  if (layers.training && way === "reverse") {
    dots(context, px, sent.x0, 2.8 * unit);
    context.strokeStyle = inked(0.75);
    context.lineWidth = unit;
    context.stroke();
  }
  const lane = laneOf(index);
  if (!lane) return;
  const now = (panel.positions = positions(lane, t, panel.positions));
  const colour = colourOf(index);
  if (layers.trails) {
    context.strokeStyle = colour;
    context.lineWidth = 1.1 * unit;
    context.lineJoin = "round";
    drawPaths(context, px, lane, now, way === "forward" ? 0.4 : isSmooth(lane) ? 0.85 : 0.6);
  }
  dots(context, px, now, (now.length > 1400 ? 1.5 : 2.1) * unit);
  context.fillStyle = colour;
  context.fill();
  if (state.pointer) drawBelief(context, px, unit);
}
function drawPointer(context, px, unit) {
  const { x, y } = state.pointer;
  context.strokeStyle = context.fillStyle = colours.solid;
  context.lineWidth = 1.5 * unit;
  dots(context, px, [x, y], 5 * unit);
  context.stroke();
}
/** From the pointer to what the field believes lay there: x̂_0. */
function drawBelief(context, px, unit) {
  const { x, y, belief } = state.pointer;
  drawPointer(context, px, unit);
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
onResize(canvases, () => {
  for (const panel of panels) {
    const { canvas } = panel;
    if (!canvas.clientWidth) continue;
    panel.unit = Math.min(2, window.devicePixelRatio || 1);
    fitCanvas(canvas, Math.round(canvas.clientWidth * panel.unit));
  }
  forgetFields();
  redraw();
});
