// @ts-check
// Pointing at the panels, and drawing points of one's own on the left one.

import { within } from "../parts/numbers.js";
import { $, $$ } from "../parts/page.js";
import { REACH } from "./plane_field.js";
import { redraw, state } from "./plane_state.js";
import { extendStroke } from "./plane_strokes.js";

let owned = false; // whether points were drawn and used
let asked = null; // the data that is chosen
let before = null; // the last that is not one's own
let pause = () => {}; // stops what plays: plane.js says how

const drawn = () => state.strokes.flat();
function placeOf(event, canvas) {
  const box = canvas.getBoundingClientRect();
  const x = REACH * ((2 * (event.clientX - box.left)) / box.width - 1);
  const y = REACH * (1 - (2 * (event.clientY - box.top)) / box.height);
  return [x, y].map((v) => within(v, -constants.range, constants.range));
}
$$(".panel canvas").forEach((canvas, panel) => {
  const pointAt = (event) => {
    const [x, y] = placeOf(event, canvas);
    if (!state.drawing) state.pointer = { x, y };
    redraw();
    return [x, y];
  };
  const extend = (place) => {
    extendStroke(state.strokes.at(-1), place, constants.most_own - drawn().length);
    countDrawn();
  };
  canvas.addEventListener("pointerdown", (event) => {
    const place = pointAt(event);
    if (!state.drawing || panel) return;
    canvas.setPointerCapture(event.pointerId);
    state.strokes.push([]);
    extend(place);
  });
  canvas.addEventListener("pointermove", (event) => {
    const place = pointAt(event);
    if (state.drawing && !panel && event.buttons && state.strokes.length) extend(place);
  });
  canvas.addEventListener("pointerleave", () => {
    state.pointer = null;
    redraw();
  });
});
const PAD = {
  open: () => (state.drawing ? PAD.leave() : openPad(true)),
  leave() {
    openPad(false);
    trigger("leave");
  },
  undo() {
    state.strokes.pop();
    countDrawn();
  },
  clear() {
    state.strokes = [];
    countDrawn();
  },
  use: () => trigger("use", { points: drawn().map((point) => point.map((v) => +v.toFixed(4))) }),
};
/** @type {HTMLButtonElement[]} */
const padButtons = $$("[data-pad]");
for (const button of padButtons) button.addEventListener("click", () => PAD[button.dataset.pad]());
function countDrawn() {
  const count = drawn().length;
  $(".count").textContent = `${count} of at most ${constants.most_own} points`;
  const least = { use: 2, undo: 1, clear: 1 };
  for (const button of padButtons) button.disabled = count < (least[button.dataset.pad] ?? 0);
  redraw();
}
function openPad(open) {
  state.drawing = open;
  state.pointer = null;
  pause();
  $(".pad").hidden = !open;
  $(".plane").classList.toggle("drawing", open);
  countDrawn();
}
export function setPause(stop) {
  pause = stop;
}
/** The pad opens by itself only for somebody who has no points yet. */
export function chosen(data) {
  asked = data;
  if (data !== constants.own) before = data;
  if (data !== constants.own || !owned) openPad(data === constants.own);
}
/** What is chosen once the pad is left: points of one's own only if there are any. */
export const left = (data) => (data === constants.own && !owned ? (before ?? state.view.data) : data);
/** Points of other data close the pad, unless somebody is about to draw the first ones. */
export function notePoints(data, fresh) {
  owned ||= data === constants.own;
  if (fresh && (owned || asked !== constants.own)) openPad(false);
}
