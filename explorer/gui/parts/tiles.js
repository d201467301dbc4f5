// @ts-check
import { unpackBytes } from "./bytes.js";
import { $, make } from "./page.js";
import { drawPicture } from "./pixels.js";

const blocks = []; // of the page: { section, title, heads, screens, below, shape }
const shapeOf = ({ headings, rows, captions, names }) =>
  [headings.length, rows, captions.length, names.length].join();

function build(block) {
  const section = make("section", { className: "block" }, $(".tiles"));
  const title = make("p", { className: "title" }, section);
  const grid = make("div", { className: "grid" }, section);
  const n = block.headings.length;
  const named = block.names.length > 0;
  grid.style.gridTemplateColumns = `${named ? "auto " : ""}repeat(${n}, minmax(0, 1fr))`;
  if (named) make("div", {}, grid);
  const heads = block.headings.map(() => {
    const head = make("div", { className: "head" }, grid);
    return [make("strong", {}, head), make("span", {}, head)];
  });
  const names = [];
  const screens = Array.from({ length: block.rows * n }, (_, i) => {
    if (named && i % n === 0) names.push(make("div", { className: "name" }, grid));
    const screen = make("div", { className: "screen" }, grid);
    return { canvas: make("canvas", { hidden: true, role: "img" }, screen), drawn: null };
  });
  if (named && block.captions.length) make("div", {}, grid);
  const below = block.captions.map(() => make("div", { className: "caption" }, grid));
  return { section, title, heads, screens, names, below, shape: shapeOf(block) };
}
/** Only what is new is drawn, so that nothing blinks. */
function draw(screen, text, look) {
  const drawn = text === undefined ? null : `${look.size} ${text}`;
  if (screen.drawn === drawn) return;
  screen.drawn = drawn;
  screen.canvas.hidden = drawn === null;
  if (drawn !== null) drawPicture(screen.canvas, unpackBytes(text), look);
}
function load() {
  const value = props.value;
  if (!value) return;
  value.forEach((block, i) => {
    if (blocks[i]?.shape !== shapeOf(block)) {
      blocks.splice(i).forEach(({ section }) => section.remove());
      blocks.push(build(block));
    }
    const { title, heads, screens, names, below } = blocks[i];
    const n = block.headings.length;
    title.textContent = block.title;
    title.hidden = !block.title;
    block.headings.forEach(([word, note], k) => {
      heads[k][0].textContent = word;
      heads[k][1].textContent = note;
    });
    names.forEach((node, row) => (node.textContent = block.names[row]));
    for (let row = 0; row < block.rows; row++)
      for (let k = 0; k < n; k++) {
        const screen = screens[row * n + k];
        const column = block.columns[k];
        draw(screen, column?.pictures[row], column ?? {});
        const label = [block.title, block.names[row], ...block.headings[k]];
        screen.canvas.setAttribute("aria-label", label.filter(Boolean).join(" "));
      }
    below.forEach((node, k) => (node.textContent = block.captions[k] ?? ""));
  });
  blocks.splice(value.length).forEach(({ section }) => section.remove());
  element.dataset.tiles = value.map((block) => block.columns.length).join();
}
watch("value", load);
load();
