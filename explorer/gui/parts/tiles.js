// @ts-check
import { unpackBytes } from "./bytes.js";
import { $, make } from "./page.js";
import { drawPicture } from "./pixels.js";

const blocks = []; // of the page: { section, title, heads, screens, below, shape }
const shapeOf = ({ headings, rows, captions }) => [headings.length, rows, captions.length].join();

function build(block) {
  const section = make("section", { className: "block" }, $(".tiles"));
  const title = make("p", { className: "title" }, section);
  const grid = make("div", { className: "grid" }, section);
  const n = block.headings.length;
  grid.style.gridTemplateColumns = `repeat(${n}, minmax(0, 1fr))`;
  const heads = block.headings.map(() => {
    const head = make("div", { className: "head" }, grid);
    return [make("strong", {}, head), make("span", {}, head)];
  });
  const screens = Array.from({ length: block.rows * n }, () => {
    const screen = make("div", { className: "screen" }, grid);
    return { canvas: make("canvas", { hidden: true, role: "img" }, screen), drawn: null };
  });
  const below = block.captions.map(() => make("div", { className: "caption" }, grid));
  return { section, title, heads, screens, below, shape: shapeOf(block) };
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
    const { title, heads, screens, below } = blocks[i];
    const n = block.headings.length;
    title.textContent = block.title;
    title.hidden = !block.title;
    block.headings.forEach(([word, note], k) => {
      heads[k][0].textContent = word;
      heads[k][1].textContent = note;
    });
    for (let row = 0; row < block.rows; row++)
      for (let k = 0; k < n; k++) {
        const screen = screens[row * n + k];
        const column = block.columns[k];
        draw(screen, column?.pictures[row], column ?? {});
        screen.canvas.setAttribute("aria-label", `${block.title} ${block.headings[k].join(" ")}`);
      }
    below.forEach((node, k) => (node.textContent = block.captions[k] ?? ""));
  });
  blocks.splice(value.length).forEach(({ section }) => section.remove());
  element.dataset.tiles = value.map((block) => block.columns.length).join();
}
watch("value", load);
load();
