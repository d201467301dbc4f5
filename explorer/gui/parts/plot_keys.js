// @ts-check
// A plot's values by the keyboard: ← → along a line, ↑ ↓ from line to line; and Plotly's own buttons.

import { within } from "./numbers.js";
import { $ } from "./page.js";
import { axesOf, linesOf, spoken } from "./plot_words.js";

const ALONG = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9, PageUp: -10, PageDown: 10 };
const ACROSS = { ArrowUp: -1, ArrowDown: 1 };

/** Plotly's buttons become a toolbar with one stop for Tab. */
function walkToolbar(event, buttons) {
  const at = buttons.indexOf(event.target);
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") event.target.click();
  else if (step) buttons[(at + step + buttons.length) % buttons.length].focus();
  else return;
  event.preventDefault();
}
export function nameToolbar(graph) {
  const bar = graph.querySelector(".modebar");
  bar?.setAttribute("role", "toolbar");
  bar?.setAttribute("aria-label", "Plot");
  [...graph.querySelectorAll(".modebar-btn")].forEach((button, i) => {
    button.setAttribute("role", "button");
    button.setAttribute("tabindex", i ? "-1" : "0");
    button.setAttribute("aria-label", button.dataset.title);
  });
}
/** `figureOf` gives what is shown now. */
export function readByKeys(graph, figureOf) {
  let line = 0;
  let point = 0;
  let began = false;
  Object.assign(graph, { tabIndex: 0, role: "application", ariaRoleDescription: "plot" });
  graph.setAttribute("aria-label", "Plot: arrow keys read its values");
  graph.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.matches?.(".modebar-btn"))
      return walkToolbar(event, [...graph.querySelectorAll(".modebar-btn")]);
    const lines = linesOf(figureOf());
    if (!lines.length || !(event.key in ALONG || event.key in ACROSS)) return;
    event.preventDefault();
    line = within(line + (began ? (ACROSS[event.key] ?? 0) : 0), 0, lines.length - 1);
    const { name, curve, row, points } = lines[line];
    point = within(point + (began ? (ALONG[event.key] ?? 0) : 0), 0, points.length - 1);
    began = true;
    const { i, x, y } = points[point];
    window.Plotly.Fx.hover(graph, [{ curveNumber: curve, pointNumber: row === null ? i : [row, i] }]);
    const axes = axesOf(figureOf());
    $(".reading").textContent =
      `${name}: ${axes.x || "x"} ${spoken(x)}, ${axes.z || axes.y || "y"} ${spoken(y)}`;
  });
  graph.addEventListener("blur", () => began && window.Plotly.Fx.unhover(graph));
}
