// @ts-check
import { addHelp } from "../../parts/explain.js";
import { percent } from "../../parts/numbers.js";
import { $, make, onResize, svg } from "../../parts/page.js";

const PAD = 10;
/** @type {SVGElement} */
const drawing = $(".drawing");
let t = null; // the cursor of the waves above
let width = 0; // of the drawing

const thousands = (n) => n.toLocaleString("en-US");
function short(n) {
  if (n >= 1e6) return `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)} M`;
  return n >= 1e4 ? `${(n / 1e3).toFixed(0)} k` : thousands(n);
}
const called = (name) => name.replace(/^(down|up)\.(\d+)$/, (_, way, level) => `${way}, level ${level}`);
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** What is written in a part's box. */
function lines(part, narrow) {
  const cost = [
    `${narrow ? short(part.parameters) : thousands(part.parameters)} weights`,
    `${percent(part.share)} of the compute`,
  ];
  const costs = narrow ? cost : [cost.join(" · ")];
  if (part.resolution === null || part.resolution === undefined) return [called(part.name), ...costs];
  const attention = part.attention ? (narrow ? ", attention" : " with self-attention") : "";
  const place = [`${part.resolution} × ${part.resolution}`, plural(part.channels, "channel")];
  return [
    narrow ? place[0] + ` · ${part.channels} ch.` : place.join(" · "),
    plural(part.blocks, "block") + attention,
    ...costs,
  ];
}
const heightOf = (text, tiles) => 2 * PAD + 18 * text.length + 12 + tiles;

/** A box with its words, its share of the compute as a bar, and its channels. */
function box(part, x, y, w, narrow, uris, note = "") {
  const text = lines(part, narrow);
  const inner = w - 2 * PAD;
  const perRow = narrow ? 4 : 8;
  const side = uris ? Math.min(48, Math.floor((inner - 4 * (perRow - 1)) / perRow)) : 0;
  const rows = uris ? Math.ceil(8 / perRow) : 0;
  const h = heightOf(text, rows * (side + 4));
  const group = svg("g", { "data-part": part.name }, drawing);
  svg("rect", { class: "box", x: x + 0.5, y: y + 0.5, width: w - 1, height: h - 1, rx: 6 }, group);
  text.forEach((line, i) =>
    svg("text", { class: i ? "quiet" : "strong", x: x + PAD, y: y + PAD + 13 + 18 * i }, group, line),
  );
  if (note)
    svg("text", { class: "quiet", x: x + w - PAD, y: y + PAD + 13, "text-anchor": "end" }, group, note);
  const bar = { x: x + PAD, y: y + PAD + 18 * text.length + 4, height: 4, rx: 2 };
  svg("rect", { class: "track", ...bar, width: inner }, group);
  svg("rect", { class: "share", ...bar, width: Math.max(1, inner * part.share) }, group);
  (uris ?? []).forEach((href, i) =>
    svg(
      "image",
      {
        href,
        x: x + PAD + (i % perRow) * (side + 4),
        y: bar.y + 10 + Math.floor(i / perRow) * (side + 4),
        width: side,
        height: side,
        preserveAspectRatio: "none",
      },
      group,
    ),
  );
  return h;
}
function arrow(points, kind = "") {
  svg("path", { class: `flow ${kind}`, d: `M${points.map((p) => p.join(" ")).join("L")}` }, drawing);
  const [[ax, ay], [x, y]] = points.slice(-2);
  const angle = (Math.atan2(y - ay, x - ax) * 180) / Math.PI;
  svg(
    "path",
    { class: "tip", d: "M0 0L-8 -4L-8 4Z", transform: `translate(${x} ${y}) rotate(${angle})` },
    drawing,
  );
}
function drawUNet(value) {
  const narrow = width < 640;
  const gap = narrow ? 18 : 110;
  const step = 24;
  const part = Object.fromEntries(value.parts.map((each) => [each.name, each]));
  const w = Math.floor((width - gap) / 2);
  const right = width - w;
  const uris = (name) => value.channels[name];
  let y = box(part.time, 0, 0, width, narrow, null, narrow ? "" : "its output goes to every block") + step;
  const ends = box(part.stem, 0, y, w, narrow);
  box(part.head, right, y, w, narrow);
  let above = y + ends;
  const [left, far] = [w / 2, right + w / 2];
  for (let i = 0; part[`down.${i}`]; i++) {
    y = above + step;
    const h = box(part[`down.${i}`], 0, y, w, narrow, uris(`down.${i}`), narrow ? "" : "down");
    box(part[`up.${i}`], right, y, w, narrow, uris(`up.${i}`), narrow ? "" : "up");
    arrow([
      [left, above],
      [left, y],
    ]);
    arrow([
      [far, y],
      [far, above],
    ]);
    arrow(
      [
        [w, y + h / 2],
        [right, y + h / 2],
      ],
      "skip",
    );
    if (!narrow)
      svg(
        "text",
        { class: "quiet", x: width / 2, y: y + h / 2 - 8, "text-anchor": "middle" },
        drawing,
        "skip",
      );
    above = y + h;
  }
  y = above + step;
  const x = Math.floor((width - w) / 2);
  const h = box(part.middle, x, y, w, narrow, uris("middle"), narrow ? "" : "middle");
  const bend = y + h / 2;
  arrow([
    [left / 2, above],
    [left / 2, bend],
    [x, bend],
  ]);
  arrow([
    [x + w, bend],
    [(far + width) / 2, bend],
    [(far + width) / 2, above],
  ]);
  return y + h;
}
function drawPlain(value) {
  let y = 0;
  for (const part of value.parts) y += box(part, 0, y, width, width < 640, value.channels[part.name]) + 8;
  return y;
}
function draw() {
  const value = props.value;
  if (!value) return;
  $(".unet").hidden = false;
  width = Math.floor(drawing.getBoundingClientRect().width);
  if (width < 100) return;
  drawing.replaceChildren();
  const height = Math.ceil((value.unet ? drawUNet : drawPlain)(value)) + 1;
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.style.height = `${height}px`;
  drawing.setAttribute(
    "aria-label",
    `The network: ${value.parts.map((part) => lines(part, false).join(", ")).join("; ")}`,
  );
  $(".title").textContent =
    `${value.title}: ${thousands(value.parameters)} weights, ${short(value.multiply_adds)} multiply-adds for one image.`;
  element.dataset.parts = value.parts.length;
  modulation();
}

// ---- adaptive group norm at the cursor ----------------------------------------------------
/** Between the two nearest of the known times. */
function at(times, values) {
  const next = Math.max(
    1,
    times.findIndex((each) => each >= t),
  );
  const share = (t - times[next - 1]) / (times[next] - times[next - 1]);
  return values[next - 1] + share * (values[next] - values[next - 1]);
}
function modulation() {
  const value = props.value;
  const names = value.parts.map((part) => part.name).filter((name) => value.modulation[name]);
  /** @type {HTMLTableElement} */
  const table = $(".modulation");
  $(".norm").hidden = table.hidden = !names.length || t === null || t > value.T;
  if (table.hidden) return;
  const means = names.map((name) => value.modulation[name].map((values) => at(value.times, values)));
  const mean = (k) => means.reduce((sum, each) => sum + each[k], 0) / means.length;
  $(".norm").textContent =
    `Adaptive group norm is how a block receives t. From the embedding each block makes a scale and a shift for every channel: h becomes (1 + scale) · norm(h) + shift. At t = ${t} the scale is ${mean(0).toFixed(2)} and the shift ${mean(1).toFixed(2)} in absolute value, averaged over channels and levels.`;
  table.replaceChildren();
  const row = (tag, ...texts) => {
    const node = table.insertRow();
    for (const textContent of texts) make(tag, { textContent }, node);
  };
  row("th", `at t = ${t}`, "mean |scale|", "mean |shift|");
  names.forEach((name, i) => row("td", called(name), means[i][0].toFixed(3), means[i][1].toFixed(3)));
}
window.addEventListener("explorer-inside-t", function hear({ detail }) {
  if (!element.isConnected) return window.removeEventListener("explorer-inside-t", hear);
  t = detail.t;
  if (props.value) modulation();
});
addHelp(drawing, "the drawing of the network", () => {
  const value = props.value;
  if (!value?.parts.length) return null;
  const [heaviest, dearest] = ["parameters", "share"].map((name) =>
    value.parts.reduce((best, part) => (part[name] > best[name] ? part : best)),
  );
  const way = value.unet
    ? "Down on the left, up on the right; arrows across are skip connections."
    : "From top to bottom.";
  return `**Axes.** A box for each level. ${way} A bar is the level's share of the multiplications of one evaluation.

**Look at** where the weights are and where the compute is spent: they are not the same level.

**What follows.** Most weights: ${called(heaviest.name)}, ${short(heaviest.parameters)} of ${short(value.parameters)}. Most compute: ${called(dearest.name)}, ${percent(dearest.share)}.`;
});
onResize([element], () => Math.floor(drawing.getBoundingClientRect().width) !== width && draw());
watch("value", draw);
draw();
