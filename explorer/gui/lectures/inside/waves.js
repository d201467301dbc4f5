// @ts-check
import { addHelp } from "../../parts/explain.js";
import { fetchBytes } from "../../parts/bytes.js";
import { clock, clockTime, followClock } from "../../parts/clock.js";
import { digits, signed, wide, within } from "../../parts/numbers.js";
import { $, isDark, make, onceAFrame, onTheme, onVisible, svg } from "../../parts/page.js";
import { averageRows, shadeValues } from "./waves_math.js";

const LOW = { light: [14, 116, 144], dark: [60, 195, 220] };
const HIGH = { light: [180, 83, 9], dark: [245, 176, 65] };
const TALLEST = 240; // pixels
/** @type {HTMLInputElement} */
const slider = $(".clock input");
/** @type {HTMLCanvasElement} */
const canvas = $("canvas");
/** @type {SVGElement} */
const curve = $(".curve");
slider.id = "inside-t";
let known = null; // { value, table } of what is drawn
let t = null;
let start = 0; // where the clock stands at first, as a share of T

const shade = () => (isDark() ? "dark" : "light");
/** Blue-green is −1, amber is 1, the page's own grey is 0. */
function paint() {
  if (!known) return;
  const { rows, width } = known.value;
  const height = Math.min(rows, TALLEST);
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const colours = { low: LOW[shade()], middle: isDark() ? 30 : 246, high: HIGH[shade()] };
  shadeValues(averageRows(known.table, width, height), colours, image.data);
  canvas.getContext("2d").putImageData(image, 0, 0);
}
/** "ω_0" with what follows _ lowered and what follows ^ raised, up to a blank. */
function write(node, text) {
  const parts = text.split(/([_^][^\s,()=]+)/);
  node.replaceChildren(
    ...parts.map((part) =>
      /^[_^]/.test(part) ? make(part[0] === "_" ? "sub" : "sup", { textContent: part.slice(1) }) : part,
    ),
  );
}
function show() {
  if (!known) return;
  const { rows, width, T } = known.value;
  const row = Math.round((t / T) * (rows - 1));
  const half = width / 2;
  const values = Array.from(known.table.subarray(row * width, (row + 1) * width), (v) => v / 32767);
  slider.value = t;
  $("output").textContent = `${wide(t, T)} / ${T}`;
  $(".cursor").style.top = `${(100 * (row + 0.5)) / rows}%`;
  curve.setAttribute("viewBox", `0 0 ${width} 96`);
  curve.setAttribute("preserveAspectRatio", "none");
  curve.replaceChildren();
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue("--body-text-color").trim();
  const stroke = style.getPropertyValue("--border-color-primary").trim();
  const line = { fill: "none", "vector-effect": "non-scaling-stroke" };
  for (const y of [6, 48, 90]) svg("path", { ...line, d: `M0 ${y}H${width}`, stroke }, curve);
  values.forEach((v, k) => {
    const bar = { x: k + 0.1, y: 48 - 42 * Math.max(0, v), width: 0.8, height: 42 * Math.abs(v) };
    svg("rect", { ...bar, fill: `rgb(${(v < 0 ? LOW : HIGH)[shade()]})` }, curve);
  });
  const d = values.map((v, k) => `M${k} ${48 - 42 * v}h1`).join("");
  svg("path", { ...line, d, stroke: ink, "stroke-width": 2 }, curve);
  const number = (v) => signed(v.toFixed(3));
  slider.setAttribute("aria-valuetext", `t = ${t} of ${T}`);
  canvas.setAttribute(
    "aria-label",
    `The embedding of time: ${rows} rows from t = 0 to ${T}, ${width} columns, cosines then sines, from ` +
      `fast to slow; the cursor is at t = ${t}`,
  );
  const ends = [0, half - 1, half, width - 1].map((k) => number(values[k]));
  curve.setAttribute(
    "aria-label",
    `The row at t = ${t}: cosines from ${ends[0]} to ${ends[1]}, sines from ${ends[2]} to ${ends[3]}`,
  );
  const u = (1000 * t) / T;
  const slow = 10000 ** (-(half - 1) / half);
  write(
    $(".numbers"),
    `u = 1000 · t / T = ${+u.toFixed(2)}. The fastest wave, ω_0 = 1: cos ω_0 u = ${number(values[0])}, sin ω_0 u = ${number(values[half])}. ` +
      `The slowest, ω_${half - 1} = 10000^−${2 * half - 2}/${width} = ${digits(slow)}: cos ω_${half - 1} u = ${number(values[half - 1])}, sin ω_${half - 1} u = ${number(values[width - 1])}.`,
  );
}
const redraw = onceAFrame(show);
function setT(next, share = true) {
  if (!known) return;
  t = within(Math.round(next), 0, known.value.T);
  if (share) clock.share = t / known.value.T;
  window.dispatchEvent(new CustomEvent("explorer-inside-t", { detail: { t, T: known.value.T } }));
  redraw();
}
const letGo = () => trigger("release", { t });
slider.addEventListener("input", () => setT(+slider.value));
slider.addEventListener("change", letGo);
slider.addEventListener("keydown", (event) => {
  const step = { PageUp: 50, PageDown: -50 }[event.key];
  if (!step) return;
  setT(t + step);
  letGo();
  event.preventDefault();
});
const map = $(".map");
const pointAt = (event) => {
  const { top, height } = map.getBoundingClientRect();
  setT(((event.clientY - top) / height) * known.value.T);
};
map.addEventListener("pointerdown", (event) => {
  if (!known) return;
  map.setPointerCapture(event.pointerId);
  pointAt(event);
});
map.addEventListener("pointermove", (event) => map.hasPointerCapture(event.pointerId) && pointAt(event));
map.addEventListener("pointerup", letGo);

async function load() {
  const value = props.value;
  if (!value) return;
  const table = new Int16Array(await fetchBytes(value.table));
  if (props.value !== value) return;
  const { T, width } = value;
  const half = width / 2;
  const share = known ? t / known.value.T : value.t / T;
  if (!known) start = share;
  known = { value, table };
  slider.max = T;
  $(".last").textContent = `t = ${T}`;
  const label = (node, name, k) => node.replaceChildren(`${name} ω`, make("sub", { textContent: k }), "u");
  label($(".middle"), "sin", 0);
  label($(".end"), "sin", half - 1);
  $(".note").textContent = value.note;
  paint();
  setT(clock.asked === null ? share * T : clockTime(T, start), false);
}
element.explorer = {
  get t() {
    return t;
  },
};
addHelp($(".field"), "the embedding of time", () => {
  if (!known) return null;
  const { T, width } = known.value;
  return `**Axes.** Across: the ${width} numbers that the network gets. Down: the time t, from 0 to ${T}. Light is 1, dark −1.

**Look at** the row at the cursor, drawn below: fast waves tell neighbouring steps apart, slow ones early from late.

**What follows.** At t = ${t} the angles are ω_k u with u = ${Math.round((1000 * t) / T)}; the fastest wave turns once in ${Math.round((2 * Math.PI * T) / 1000) || "less than 1"} steps.`;
});
followClock({
  get t() {
    return t;
  },
  get T() {
    return known?.value.T;
  },
  setT(next) {
    setT(next);
    letGo();
  },
  get share() {
    return start;
  },
});
watch("value", load);
onTheme(() => {
  paint();
  show();
});
onVisible(() => known && clock.share !== null && setT(clockTime(known.value.T, start)));
load();
