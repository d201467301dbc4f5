// @ts-check
import { fileUrl } from "../../parts/bytes.js";
import { addHelp } from "../../parts/explain.js";
import { digits, MINUS, signed, wide, within } from "../../parts/numbers.js";
import { $, decoded, keepNumber, make } from "../../parts/page.js";
import { fitCanvas } from "../../parts/pixels.js";

const table = $(".table");
/** @type {HTMLInputElement} */
const slider = $(".clock input");
const chosen = { row: null, column: null };
let strip = null; // what Python sent
let loaded = null; // what of it is shown
let image = null; // its sheet
let cells = []; // rows of the grid
let layout = ""; // what the grid was made for
let at = null; // which moment is shown

const letter = () => (strip.kind === "w" ? "w" : "s");
const shown = (value) => signed(String(value));

/** The grid is only made anew when its rows or columns are others: nothing blinks. */
function build() {
  const next = JSON.stringify([strip.kind, strip.strengths, strip.classes]);
  if (next === layout) return;
  layout = next;
  table.replaceChildren();
  table.style.setProperty("--columns", strip.classes.length);
  const long = strip.classes.some((name) => name.length > 2);
  make("span", {}, table);
  const className = `head${long ? " long" : ""}`;
  const heads = strip.classes.map((textContent) => make("span", { className, textContent }, table));
  make("span", {}, table);
  cells = strip.strengths.map((strength, row) => {
    const name = make("span", { className: "name" }, table);
    make("i", { textContent: letter() }, name);
    name.append(` = ${shown(strength)}`);
    const line = strip.classes.map((asked, column) => {
      const ariaLabel = `asked for ${asked}, ${letter()} = ${strength}`;
      const button = make("button", { className: "cell", type: "button", ariaLabel }, table);
      const canvas = make("canvas", { id: `guidance-${row}-${column}` }, button);
      button.addEventListener("click", () => choose(row, column));
      button.addEventListener("keydown", (event) => walk(event, row, column));
      return { button, canvas };
    });
    return { name, line, count: make("span", { className: "count" }, table), heads };
  });
  chosen.row = Math.max(
    0,
    strip.strengths.findLastIndex((v) => v <= 5),
  );
  chosen.column = Math.min(chosen.column ?? 3, strip.classes.length - 1);
  select();
}
function choose(row, column) {
  Object.assign(chosen, { row, column });
  select();
  formula();
}
function select() {
  cells.forEach(({ name, line, heads }, row) => {
    name.classList.toggle("chosen", row === chosen.row);
    heads.forEach((head, column) => head.classList.toggle("chosen", column === chosen.column));
    line.forEach(({ button }, column) => {
      const mine = row === chosen.row && column === chosen.column;
      button.setAttribute("aria-pressed", String(mine));
      button.tabIndex = mine ? 0 : -1;
    });
  });
}
function walk(event, row, column) {
  const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[
    event.key
  ] ?? [0, 0];
  const target = (down || right) && cells[row + down]?.line[column + right];
  if (!target) return;
  event.preventDefault();
  choose(row + down, column + right);
  target.button.focus();
}

function draw() {
  if (!image) return;
  const { size, strengths, classes } = loaded;
  const top = at * strengths.length * size;
  cells.forEach(({ line }, row) =>
    line.forEach(({ canvas }, column) => {
      if ((!strengths[row] && strengths[row] !== 0) || column >= classes.length) return;
      fitCanvas(canvas, size);
      canvas.getContext("2d").drawImage(image, column * size, top + row * size, size, size, 0, 0, size, size);
    }),
  );
}

/** Symbols over their numbers over what they are. */
function term(sign, value, word, plain = false) {
  const node = make("span", { className: "term" }, $(".formula"));
  const symbol = make("span", { className: `sign${plain ? " plain" : ""}` }, node);
  sign.split(/(_\{[^}]*\})/).forEach((part) => {
    if (part.startsWith("_{")) make("sub", { textContent: part.slice(2, -1) }, symbol);
    else symbol.append(part);
  });
  make("span", { className: "value", textContent: value ?? "" }, node);
  make("span", { className: "word", textContent: word ?? "" }, node);
}
function formula() {
  $(".formula").replaceChildren();
  if (!loaded) return;
  const moment = Math.min(at, loaded.numbers.length - 1);
  const t = loaded.times[moment];
  const asked = loaded.classes[chosen.column];
  const strength = loaded.strengths[chosen.row];
  const found = loaded.numbers[moment]?.[chosen.row]?.[chosen.column] ?? [];
  const value = Object.fromEntries(loaded.names.map((name, i) => [name, digits(found[i] ?? NaN)]));
  term("ε̂", value.all, "guided");
  term("=", "=", "", true);
  term("ε̂_{∅}", value.free, "no class given");
  if (loaded.kind === "w") {
    term("+", "+", "", true);
    term("w", shown(strength), "strength");
    term("·", "·", "", true);
    term("(ε̂_{c} − ε̂_{∅})", value.part, "what the class adds");
  } else {
    term("−", MINUS, "", true);
    term("s", shown(strength), "strength");
    term("·", "·", "", true);
    term("√(1−ᾱ_{t}) ∇ log p(c | x_{t})", value.part, "the classifier's push");
    term("p(c | x_{t})", value.p, "how certain it is");
  }
  const done = at > moment ? "The images are done; before, at" : "At";
  $(".note").textContent =
    `${done} t = ${t}, asked for ${asked}: root mean squares over the image's pixels (they are vector lengths, which need not add up). Choose another image to see its numbers.`;
  element.dataset.t = t;
}
function moveTo(index) {
  at = within(index, 0, loaded.times.length - 1);
  slider.value = String(loaded.times.length - 1 - at); // noise is on the right, as everywhere
  $(".clock output").textContent = `${wide(loaded.times[at], loaded.T)} / ${loaded.T}`;
  slider.setAttribute("aria-valuetext", `t = ${loaded.times[at]} of ${loaded.T}`);
  draw();
  formula();
}

/** What is shown changes only once the sheet is decoded. */
async function load() {
  const value = props.value;
  if (!value) return;
  strip = value;
  $(".strip").hidden = false;
  $(".strip").dataset.running = value.running;
  build();
  cells.forEach(({ count }, row) => {
    count.replaceChildren();
    if (!value.read) return;
    count.append(`${value.read[row]}/${value.classes.length}`);
    make("span", { textContent: " right" }, count);
    count.title = "recognised as the requested class by the bundled classifier";
  });
  slider.disabled = value.running || value.times.length < 2;
  if (!value.sheet) return;
  const next = await decoded(fileUrl(value.sheet));
  if (props.value !== value) return;
  const before = loaded;
  image = next;
  loaded = value;
  slider.max = String(value.times.length - 1);
  moveTo(value.running || before?.running || at === null ? value.times.length - 1 : at);
  if (linked !== null) moveTo(nearest(linked));
  linked = null;
  element.dataset.moments = String(value.times.length);
}
slider.addEventListener("input", () => moveTo(loaded.times.length - 1 - Number(slider.value)));
let linked = null; // the t of a link, until the pictures are here
const newest = () => loaded.times.length - 1;
const nearest = (t) =>
  loaded.times.reduce(
    (best, each, i) => (Math.abs(each - t) < Math.abs(loaded.times[best] - t) ? i : best),
    0,
  );
keepNumber(
  "reverse.guidance.t",
  () => linked ?? (loaded && at < newest() ? loaded.times[at] : null),
  (t) => {
    linked = loaded ? null : t;
    if (loaded) moveTo(t === null ? newest() : nearest(t));
  },
);
addHelp(table, "the strip of guided images", () => {
  if (!loaded) return null;
  const counts = strip.read?.map((right, i) => `${right} at ${letter()} = ${shown(strip.strengths[i])}`);
  const read = counts
    ? `Of ${strip.classes.length} images the classifier recognises as requested: ${counts.join(", ")}.`
    : `At t = ${loaded.times[at]} nothing is counted yet.`;
  return `**Axes.** Across: the class that was asked for. Down: the strength ${letter()}. Every column starts from one noise.

**Look at** one column from top to bottom: only the strength differs. More guidance makes the class clearer and the images more alike.

**What follows.** ${read}`;
});
watch("value", load);
load();
