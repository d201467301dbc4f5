const make = (name, className, parent) => {
  const node = Object.assign(document.createElement(name), { className });
  parent.append(node);
  return node;
};
const blocks = []; // of the page: { title, heads, screens, captions, shape }

function build({ headings, rows, captions }) {
  const section = make("section", "block", $(".tiles"));
  const title = make("p", "title", section),
    grid = make("div", "grid", section);
  const n = headings.length;
  grid.style.gridTemplateColumns = `repeat(${n}, minmax(0, 1fr))`;
  const heads = headings.map(() => {
    const head = make("div", "head", grid);
    return [make("strong", "", head), make("span", "", head)];
  });
  const screens = Array.from({ length: rows * n }, () => {
    const canvas = make("canvas", "", make("div", "screen", grid));
    canvas.hidden = true;
    canvas.setAttribute("role", "img");
    return { canvas, drawn: null };
  });
  const below = captions.map(() => make("div", "caption", grid));
  return { section, title, heads, screens, below, shape: [n, rows, captions.length].join() };
}
/** Only what is new is drawn, so that nothing blinks. */
function draw(screen, text, { size, channels }) {
  const drawn = text === undefined ? null : `${size} ${text}`;
  if (screen.drawn === drawn) return;
  screen.drawn = drawn;
  screen.canvas.hidden = drawn === null;
  if (drawn === null) return;
  if (screen.canvas.width !== size || screen.canvas.height !== size)
    screen.canvas.width = screen.canvas.height = size;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const image = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[channels === 1 ? i : 3 * i + c];
    image.data[4 * i + 3] = 255;
  }
  screen.canvas.getContext("2d").putImageData(image, 0, 0);
}
function load() {
  const value = props.value;
  if (!value) return;
  value.forEach((block, i) => {
    const shape = [block.headings.length, block.rows, block.captions.length].join();
    if (blocks[i]?.shape !== shape) {
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
        const screen = screens[row * n + k],
          column = block.columns[k];
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
