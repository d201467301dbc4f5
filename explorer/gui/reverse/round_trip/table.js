// @ts-check
import { unpackBytes } from "../../parts/bytes.js";
import { wide } from "../../parts/numbers.js";
import { $, $$, make } from "../../parts/page.js";
import { drawPicture } from "../../parts/pixels.js";
import { TICKS, place } from "./scale.js";

/** @type {HTMLElement[]} */
const heads = $$(".head");
const COLUMNS = heads.map(({ dataset }) => dataset.column);
const WAYS = heads.filter(({ dataset }) => "way" in dataset); // the samplers' columns
const MEANT = {
  original: "as the model receives it",
  noisy: "with noise",
  shot: "at one shot",
  ...Object.fromEntries(
    WAYS.map((head) => [head.dataset.column, `brought back by ${head.querySelector("strong").textContent}`]),
  ),
};
const rows = []; // of the page: { name, cells }

function makeRow(index) {
  const name = make("p", { className: "name" }, $(".table"));
  const cells = COLUMNS.map((column) => {
    const figure = make("figure", { className: `cell ${column}` }, $(".table"));
    const screen = make("div", { className: "screen" }, figure);
    const canvas = make("canvas", { id: `trip-${column}-${index}`, role: "img" }, screen);
    const caption = make("figcaption", {}, figure);
    make("span", { className: "word", textContent: "changed" }, caption);
    make("span", { className: "bar" }, caption);
    const number = make("span", { className: "number" }, caption);
    return { column, screen, canvas, caption, number, drawn: null };
  });
  return { name, cells };
}
/** Only what is new is drawn. */
function draw(cell, text, look) {
  const drawn = text === undefined ? null : `${look.size} ${text}`;
  if (cell.drawn === drawn) return;
  cell.drawn = drawn;
  cell.screen.classList.toggle("filled", drawn !== null);
  if (drawn !== null) drawPicture(cell.canvas, unpackBytes(text), look);
}
function heading(column, parts) {
  const node = $(`.head[data-column="${column}"] span`);
  node.replaceChildren(...parts);
}
/** A line of dots for each kind of picture, over one axis. */
function compare(company) {
  $(".company").hidden = !company;
  const scale = $(".scale");
  scale.replaceChildren();
  if (!company) return;
  for (const { name, values } of company.rows) {
    make("span", { className: "kind", textContent: name }, scale);
    const line = make("div", { className: "dots" }, scale);
    line.setAttribute("role", "img");
    line.setAttribute("aria-label", `${name}: ${values.map((value) => value.toFixed(2)).join(", ")}`);
    line.title = values.map((value) => value.toFixed(2)).join("  ");
    for (const value of values) make("i", {}, line).style.left = `${100 * place(value)}%`;
  }
  const axis = make("div", { className: "axis" }, scale);
  for (const tick of TICKS) {
    const mark = make("span", { textContent: `${tick}` }, axis);
    mark.style.left = `${100 * place(tick)}%`;
  }
  if (company.bound === null) return;
  const usual = make("div", { className: "usual" }, scale);
  usual.title = `images of this kind predict up to ${company.bound.toFixed(2)}`;
  usual.style.setProperty("--end", `${place(company.bound)}`);
}
function load() {
  const trip = props.value;
  if (!trip) return;
  $(".trip").hidden = false;
  $(".trip").dataset.t = trip.t;
  $(".trip").dataset.running = trip.running;
  heading("noisy", ["x", make("sub", { textContent: trip.t })]);
  for (const { column } of WAYS.map(({ dataset }) => dataset)) {
    const { evaluations, done, t } = trip.ways[column];
    const going = done > 0 && done < evaluations;
    const count = wide(done, evaluations);
    heading(
      column,
      going
        ? [`${count} of ${evaluations}, t\u00a0= ${t}`]
        : [`${evaluations} evaluation${evaluations > 1 ? "s" : ""}`],
    );
  }
  while (rows.length < trip.names.length) rows.push(makeRow(rows.length));
  rows.forEach(({ name, cells }, i) => {
    name.textContent = `${i ? "For comparison" : "Yours"}: ${trip.names[i] ?? ""}`;
    for (const cell of cells) {
      const { column, canvas, caption, number } = cell;
      draw(cell, trip.cells[column]?.[i], trip);
      canvas.setAttribute("aria-label", `${trip.names[i]}, ${MEANT[column]}`);
      const change = column === "original" || column === "noisy" ? undefined : trip.changes[column]?.[i];
      caption.classList.toggle("known", typeof change === "number");
      caption.style.setProperty("--share", Math.min(1, change ?? 0));
      number.textContent = typeof change === "number" ? change.toFixed(2) : "";
      number.title =
        "root mean square of the change ÷ the image's own contrast: 1 is no nearer than a flat image";
    }
  });
  compare(trip.company);
  $(".verdict").textContent = trip.verdict;
}
watch("value", load);
load();
