const table = $(".table"),
  slider = $(".clock input");
const chosen = { row: null, column: null };
let strip = null,
  image = null,
  loaded = null,
  cells = [],
  layout = "",
  at = null;

const make = (name, className, parent, text) => {
  const node = Object.assign(document.createElement(name), { className });
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
};
const letter = () => (strip.kind === "w" ? "w" : "s");
const shown = (value) => String(value).replace("-", MINUS);

/** The grid is only made anew when its rows or columns are others: nothing blinks. */
function build() {
  const next = JSON.stringify([strip.kind, strip.strengths, strip.classes]);
  if (next === layout) return;
  layout = next;
  table.replaceChildren();
  table.style.setProperty("--columns", strip.classes.length);
  const long = strip.classes.some((name) => name.length > 2);
  make("span", "", table);
  const heads = strip.classes.map((name) => make("span", `head${long ? " long" : ""}`, table, name));
  make("span", "", table);
  cells = strip.strengths.map((strength, row) => {
    const name = make("span", "name", table);
    make("i", "", name, letter());
    name.append(` = ${shown(strength)}`);
    const line = strip.classes.map((asked, column) => {
      const button = make("button", "cell", table);
      button.type = "button";
      button.setAttribute("aria-label", `asked for ${asked}, ${letter()} = ${strength}`);
      const canvas = make("canvas", "", button);
      canvas.id = `guidance-${row}-${column}`;
      button.addEventListener("click", () => choose(row, column));
      button.addEventListener("keydown", (event) => walk(event, row, column));
      return { button, canvas };
    });
    return { name, line, count: make("span", "count", table), heads };
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
  const { size, strengths, classes } = loaded,
    top = at * strengths.length * size;
  cells.forEach(({ line }, row) =>
    line.forEach(({ canvas }, column) => {
      if ((!strengths[row] && strengths[row] !== 0) || column >= classes.length) return;
      if (canvas.width !== size || canvas.height !== size) canvas.width = canvas.height = size;
      canvas.getContext("2d").drawImage(image, column * size, top + row * size, size, size, 0, 0, size, size);
    }),
  );
}

/** Symbols over their numbers over what they are. */
function term(sign, value, word, plain = false) {
  const node = make("span", "term", $(".formula"));
  const symbol = make("span", `sign${plain ? " plain" : ""}`, node);
  sign.split(/(_\{[^}]*\})/).forEach((part) => {
    if (part.startsWith("_{")) make("sub", "", symbol, part.slice(2, -1));
    else symbol.append(part);
  });
  make("span", "value", node, value ?? "");
  make("span", "word", node, word ?? "");
}
function formula() {
  $(".formula").replaceChildren();
  if (!loaded) return;
  const moment = Math.min(at, loaded.numbers.length - 1),
    t = loaded.times[moment];
  const asked = loaded.classes[chosen.column],
    strength = loaded.strengths[chosen.row];
  const found = loaded.numbers[moment]?.[chosen.row]?.[chosen.column] ?? [];
  const value = Object.fromEntries(loaded.names.map((name, i) => [name, digits(found[i] ?? NaN)]));
  term("ε̂", value.all, "guided");
  term("=", "=", "", true);
  term("ε̂_{∅}", value.free, "no class told");
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
    term("p(c | x_{t})", value.p, "how sure it is");
  }
  const done = at > moment ? "The pictures are done; before, at" : "At";
  $(".note").textContent =
    `${done} t = ${t}, asked for ${asked}: root mean squares over the picture's pixels (they are sizes of vectors, which need not add up). Choose another picture to see its numbers.`;
  element.dataset.t = t;
}
function moveTo(index) {
  at = Math.max(0, Math.min(loaded.times.length - 1, index));
  slider.value = loaded.times.length - 1 - at; // noise is on the right, as everywhere
  $(".clock output").textContent =
    `${String(loaded.times[at]).padStart(String(loaded.T).length, "\u2007")} / ${loaded.T}`;
  slider.setAttribute("aria-valuetext", `t = ${loaded.times[at]}`);
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
    make("span", "", count, " right");
    count.title = "read as what was asked for by the bundled classifier";
  });
  slider.disabled = value.running || value.times.length < 2;
  if (!value.sheet) return;
  const next = new Image();
  next.src = fileUrl(value.sheet);
  await next.decode();
  if (props.value !== value) return;
  const before = loaded;
  image = next;
  loaded = value;
  slider.max = value.times.length - 1;
  moveTo(value.running || before?.running || at === null ? value.times.length - 1 : at);
  element.dataset.moments = value.times.length;
}
slider.addEventListener("input", () => moveTo(loaded.times.length - 1 - slider.value));
watch("value", load);
load();
