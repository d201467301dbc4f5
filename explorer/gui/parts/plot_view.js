// @ts-check
import { fileUrl, unpackTable } from "./bytes.js";
import { clock } from "./clock.js";
import { digits, wide, within } from "./numbers.js";
import { $, countUp, isDark, make, onceAFrame, onTheme, onVisible } from "./page.js";
import { logTicks, tickLabel } from "./ticks.js";

/** A node that Plotly gives methods of its own. @type {any} */
const graph = $(".graph");
const isPlotted = () => graph.classList.contains("js-plotly-plot");
/** @type {HTMLInputElement} */
const slider = $(".clock input");
let figure = null;
let t = null;
let sliding = false;
let ticks = {}; // of the logarithmic axis, as they were set last
if (constants.slider_id) slider.id = constants.slider_id;

/** Plotly's script is fetched from the app once a plot is seen. */
function plotly() {
  return (window.explorerPlotly ??= new Promise((resolve, reject) => {
    if (window.Plotly) return resolve(window.Plotly);
    const onload = () => resolve(window.Plotly);
    make("script", { src: fileUrl(constants.plotly_js), onload, onerror: reject }, document.head);
  }));
}

/** Python chooses colours for a light page and sends those for a dark one along. */
function themed({ data: traces, layout: plain }) {
  const style = getComputedStyle(element);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = {
    gridcolor: color("--border-color-primary"),
    zerolinecolor: color("--border-color-primary"),
    linecolor: color("--border-color-primary"),
  };
  const layout = {
    ...plain,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 13, color: color("--body-text-color") },
    xaxis: { ...plain.xaxis, ...axis },
    yaxis: { ...plain.yaxis, ...axis, ...(labelled() ? ticks : {}) },
    hoverlabel: {
      bgcolor: color("--background-fill-primary"),
      bordercolor: color("--border-color-primary"),
      font: { color: color("--body-text-color") },
    },
    autosize: true,
    modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)" }, // beside the legend, not over it
  };
  delete layout.template;
  if (element.clientWidth < 560) layout.margin = { ...layout.margin, l: 44, r: 8 };
  const data = traces.map((trace) => {
    const shade = isDark() ? trace.meta?.dark : null;
    const shown = { ...trace };
    for (const part of ["line", "marker"])
      // a heat map has neither
      if (trace[part] && shade) shown[part] = { ...trace[part], color: shade };
    if (trace.colorbar) {
      shown.colorbar = { ...trace.colorbar, tickcolor: axis.linecolor, outlinecolor: axis.linecolor };
      if (labelled()) Object.assign(shown.colorbar, ticksOf([trace.zmin, trace.zmax], Math.log10));
    }
    return shown;
  });
  return { data, layout };
}

async function draw() {
  if (!figure || !element.isConnected) return;
  const Plotly = await plotly();
  const { data, layout } = themed(figure);
  layout.shapes = cursorShape();
  if (layout.height) Object.assign(graph.style, { height: `${layout.height}px`, minHeight: 0 }); // Plotly forgets it when it resizes
  if (!isPlotted()) {
    graph.replaceChildren();
    await Plotly.newPlot(graph, data, layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    });
    graph.on("plotly_relayout", label); // zoomed
    graph.on("plotly_hover", (event) => figure.layout.meta?.cursor && !sliding && setT(event.points[0].x));
  } else {
    await Plotly.react(graph, data, layout);
  }
  await label();
  countUp("draws");
  readout();
}

// ---- labels of logarithms: at least three, however far one zooms -----------------------------
const labelled = () => Boolean(figure.layout.meta?.logs);
/** @param {number[]} range exponents of ten; @param {(value: number) => number} place */
function ticksOf([a, b], place = (value) => value) {
  const values = logTicks(10 ** Math.min(a, b), 10 ** Math.max(a, b));
  return { tickmode: "array", tickvals: values.map(place), ticktext: values.map(tickLabel) };
}
async function label() {
  const shown = graph._fullLayout?.yaxis;
  if (!labelled() || shown?.type !== "log") return;
  const wanted = ticksOf(shown.range);
  if (String(wanted.tickvals) === String(shown.tickvals)) return;
  ticks = wanted;
  const named = Object.entries(ticks).map(([name, value]) => [`yaxis.${name}`, value]);
  await window.Plotly.relayout(graph, Object.fromEntries(named));
}

// ---- the cursor ---------------------------------------------------------------------------
const cursor = () => figure?.layout.meta?.cursor;
function cursorShape() {
  if (!cursor() || t === null) return [];
  const color = getComputedStyle(element).getPropertyValue("--body-text-color").trim();
  return [{ type: "line", x0: t, x1: t, y0: 0, y1: 1, yref: "paper", line: { color, width: 1 } }];
}
const moveCursor = onceAFrame(() => {
  if (window.Plotly && isPlotted()) window.Plotly.relayout(graph, { shapes: cursorShape() });
  readout();
});
function setT(next) {
  const { T } = cursor();
  t = within(Math.round(next), 0, T);
  clock.share = t / T;
  moveCursor();
}
/** "β_t" with its index as one. */
function subscripted(node, name) {
  name.split("_t").forEach((part, i) => {
    if (i) make("sub", { textContent: "t" }, node);
    node.append(part);
  });
}
/** The values at t; "–" where a quantity is not defined, as β at t = 0. */
function readout() {
  const about = cursor();
  $(".clock").hidden = $(".readout").hidden = !about;
  if (!about) return;
  slider.max = about.T;
  slider.value = String(t);
  $("output").textContent = `${wide(t, about.T)} / ${about.T}`;
  /** @type {HTMLTableElement} */
  const table = $(".readout");
  table.replaceChildren();
  const head = table.createTHead().insertRow();
  make("th", {}, head);
  for (const name of about.columns) subscripted(make("th", {}, head), name);
  const body = table.createTBody();
  for (const series of about.series) {
    const row = body.insertRow();
    const name = make("td", {}, row);
    make("span", { className: "swatch" }, name).style.background = isDark() ? series.dark : series.light;
    name.append(series.name);
    for (const values of series.values) {
      const value = typeof values === "number" ? values : values[t];
      const textContent = value === values && Number.isInteger(value) ? value : digits(value);
      make("td", { textContent }, row);
    }
  }
}
slider.addEventListener("input", () => setT(+slider.value));
slider.addEventListener("pointerdown", () => (sliding = true));
slider.addEventListener("pointerup", () => (sliding = false));
slider.addEventListener("keydown", (event) => {
  const step = { PageUp: 50, PageDown: -50 }[event.key];
  if (!step) return;
  setT(t + step);
  event.preventDefault();
});

function load() {
  if (!props.value?.figure) return;
  figure = props.value.figure;
  if (cursor()) {
    const { T, series } = cursor();
    for (const each of series)
      each.values = each.values.map((text) => (typeof text === "string" ? unpackTable(text) : text));
    t = Math.round((clock.share ?? 0.3) * T);
  }
  draw();
}
element.explorer = {
  get t() {
    return t;
  },
  graph,
};
watch("value", load);
onTheme(draw);
onVisible(() => {
  if (cursor() && clock.share !== null) setT(clock.share * cursor().T);
  if (window.Plotly && isPlotted()) window.Plotly.Plots.resize(graph);
});
load();
