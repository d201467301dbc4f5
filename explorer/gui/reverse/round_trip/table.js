const COLUMNS = ["original", "noisy", "shot", "ddpm", "ddim"];
const MEANT = {
  original: "as the model sees it",
  noisy: "with noise",
  shot: "at one shot",
  ddpm: "brought back by DDPM",
  ddim: "brought back by DDIM",
};
const rows = []; // of the page: { name, cells }

const make = (name, className, parent) => {
  const node = Object.assign(document.createElement(name), { className });
  parent.append(node);
  return node;
};
function makeRow(index) {
  const name = make("p", "name", $(".table"));
  const cells = COLUMNS.map((column) => {
    const figure = make("figure", `cell ${column}`, $(".table"));
    const canvas = make("canvas", "", make("div", "screen", figure));
    canvas.id = `trip-${column}-${index}`;
    canvas.setAttribute("role", "img");
    const caption = make("figcaption", "", figure);
    make("span", "word", caption).textContent = "changed";
    make("span", "bar", caption);
    const number = make("span", "number", caption);
    return { column, canvas, caption, number, drawn: null };
  });
  return { name, cells };
}
/** Bytes of one picture, row, column, channel; only what is new is drawn. */
function draw(cell, text, { size, channels }) {
  const { canvas } = cell,
    drawn = text === undefined ? null : `${size} ${text}`;
  if (cell.drawn === drawn) return;
  cell.drawn = drawn;
  canvas.parentNode.classList.toggle("filled", drawn !== null);
  if (drawn === null) return;
  if (canvas.width !== size || canvas.height !== size) canvas.width = canvas.height = size;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const image = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[channels === 1 ? i : 3 * i + c];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
function heading(column, parts) {
  const node = $(`.head[data-column="${column}"] span`);
  node.replaceChildren(...parts);
}
const index = (text) => Object.assign(document.createElement("sub"), { textContent: text });

function load() {
  const trip = props.value;
  if (!trip) return;
  $(".trip").hidden = false;
  $(".trip").dataset.t = trip.t;
  $(".trip").dataset.running = trip.running;
  heading("noisy", ["x", index(trip.t)]);
  for (const column of ["ddpm", "ddim"]) {
    const { evaluations, done, t } = trip.ways[column];
    const going = done > 0 && done < evaluations;
    const count = String(done).padStart(String(evaluations).length, "\u2007");
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
      caption.classList.toggle("known", change !== undefined);
      caption.style.setProperty("--share", Math.min(1, change ?? 0));
      number.textContent = change === undefined ? "" : change.toFixed(2);
      number.title = "root mean square of the change, on a scale from −1 to 1";
    }
  });
  $(".verdict").textContent = trip.verdict;
}
watch("value", load);
load();
