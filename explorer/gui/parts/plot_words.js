// @ts-check
// A Plotly figure in words: its axes, its lines, where they begin and end, how far they reach.

import { digits } from "./numbers.js";

const ARRAYS = {
  f8: Float64Array,
  f4: Float32Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
};
const SPOKEN_LINES = 8; // lines that are spoken of

/**
 * What plotly.py sends as a list or, packed, as {dtype, bdata}.
 * @param {any} sent
 * @returns {any[]}
 */
export function unpackValues(sent) {
  if (!sent?.bdata) return Array.isArray(sent) ? sent : [];
  const bytes = Uint8Array.from(atob(sent.bdata), (c) => c.charCodeAt(0));
  const kind = /** @type {keyof typeof ARRAYS} */ (sent.dtype);
  return Array.from(new ARRAYS[kind](bytes.buffer));
}
/**
 * @param {any} sent a list of lists, or packed with its shape
 * @returns {any[][]}
 */
function unpackRows(sent) {
  if (!sent?.bdata) return (sent ?? []).map(unpackValues);
  const values = unpackValues(sent);
  const width = Number(String(sent.shape).split(",")[1]);
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
}
/** @param {any} title */
const plain = (title) =>
  String(title?.text ?? title ?? "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
/** @param {any} value */
export const spoken = (value) => (typeof value === "number" ? written(value) : String(value));
/** @param {number} value */
const written = (value) => (Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : digits(value));

/**
 * A line's values that there are, each with its index; a row of a heat map is a line of its own.
 * @typedef {{name: string, curve: number, row: number | null, points: {i: number, x: any, y: number}[]}} Line
 * @param {any} figure
 * @returns {Line[]}
 */
export function linesOf({ data }) {
  /** @type {Line[]} */
  const lines = [];
  /** @type {(curve: number, name: string, xs: any[], ys: any[], row?: number | null) => void} */
  const add = (curve, name, xs, ys, row = null) => {
    const points = ys
      .map((y, i) => ({ i, x: xs[i] ?? i, y }))
      .filter(({ y }) => typeof y === "number" && Number.isFinite(y));
    if (points.length) lines.push({ name, curve, row, points });
  };
  data.forEach((/** @type {any} */ trace, /** @type {number} */ curve) => {
    if (trace.visible === false || trace.visible === "legendonly" || trace.hoverinfo === "skip") return;
    const xs = unpackValues(trace.x);
    const ys = unpackValues(trace.y);
    if (trace.z) unpackRows(trace.z).forEach((row, k) => add(curve, spoken(ys[k] ?? k), xs, row, k));
    else add(curve, plain(trace.name) || "line", xs, ys);
  });
  return lines;
}
/** @param {any} figure */
export function axesOf({ layout, data }) {
  const heat = data.find((/** @type {any} */ trace) => trace.z);
  const [x, y] = [plain(layout.xaxis?.title), plain(layout.yaxis?.title)];
  return { x, y, z: heat ? plain(heat.colorbar?.title) || "value" : "" };
}
/** @param {Line} line */
function describeLine({ name, points }) {
  const [first, last] = [points[0], points[points.length - 1]];
  const place = (/** @type {{x: any, y: number}} */ { x, y }) => `${spoken(y)} at ${spoken(x)}`;
  if (points.length === 1) return `${name}: ${place(first)}`;
  const [low, high] = points.reduce(
    ([least, most], point) => [point.y < least.y ? point : least, point.y > most.y ? point : most],
    [first, first],
  );
  const ends = [first.y, last.y];
  const beyond = [
    ends.includes(low.y) ? "" : `lowest ${place(low)}`,
    ends.includes(high.y) ? "" : `highest ${place(high)}`,
  ].filter(Boolean);
  return [`${name}: from ${place(first)} to ${place(last)}`, ...beyond].join(", ");
}
/** @param {any} figure */
export function describeFigure(figure) {
  const lines = linesOf(figure);
  const { x, y, z } = axesOf(figure);
  const of = z ? `Heat map of ${z}: ${y} against ${x}` : `Plot of ${y || "values"} against ${x || "steps"}`;
  if (!lines.length) return `${of}. Nothing is drawn yet.`;
  const more = lines.length > SPOKEN_LINES ? [`and ${lines.length - SPOKEN_LINES} more`] : [];
  return `${of}. ${[...lines.slice(0, SPOKEN_LINES).map(describeLine), ...more].join("; ")}.`;
}
