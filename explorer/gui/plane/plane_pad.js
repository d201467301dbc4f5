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
/** Where a key moves the place that is read: to the right, and up. */
const ARROWS_OF_KEYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
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
  const leave = () => {
    state.pointer = null;
    redraw();
  };
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("blur", leave);
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible")) moveTo([0, 0]);
  });
  const moveTo = (place) => {
    const [x, y] = place.map((v) => within(+v.toFixed(4), -constants.range, constants.range));
    state.pointer = { x, y, byKey: true };
    redraw();
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { x, y } = state.pointer ?? { x: 0, y: 0 };
    const far = event.shiftKey ? 0.5 : 0.1;
    const [right, up] = ARROWS_OF_KEYS[event.key] ?? [0, 0];
    if (right || up) moveTo([x + far * right, y + far * up]);
    else if (event.key === "Enter" && state.drawing && !panel) {
      state.strokes.push([]);
      extend([x, y]);
    } else if (event.key === "Escape" && state.pointer) leave();
    else return; // the player's own
    event.preventDefault();
    event.stopPropagation();
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
  $('[data-pad="open"]').setAttribute("aria-expanded", String(open));
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
