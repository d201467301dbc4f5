// @ts-check
import { fileUrl, unpackTable } from "./bytes.js";
import { clock, clockTime, followClock } from "./clock.js";
import { addHelp } from "./explain.js";
import { digits, wide, within } from "./numbers.js";
import { $, countUp, isDark, isPresenting, make, onceAFrame, onTheme, onVisible } from "./page.js";
import { nameToolbar, readByKeys } from "./plot_keys.js";
import { describeFigure } from "./plot_words.js";
import { logTicks, tickLabel } from "./ticks.js";

const START = 0.3; // where the cursor stands at first, as a share of T
/** A node that Plotly gives methods of its own. @type {any} */
const graph = $(".graph");
const isPlotted = () => graph.classList.contains("js-plotly-plot");
/** @type {HTMLInputElement} */
const slider = $(".clock input");
let figure = null;
let t = null;
let sliding = false;
const READABLE = 20; // CSS pixels of type, from the last row of a hall
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
  if (isPresenting()) [traces, plain] = [enlarged(traces), enlarged(plain)];
  const style = getComputedStyle(element);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = {
    gridcolor: color("--border-color-primary"),
    zerolinecolor: color("--border-color-primary"),
    linecolor: color("--border-color-primary"),
  };
  const inside = isPresenting() ? { automargin: true } : {}; // large labels take more room
  const layout = {
    ...plain,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: {
      family: style.fontFamily,
      size: isPresenting() ? READABLE : 13,
      color: color("--body-text-color"),
    },
    xaxis: { ...plain.xaxis, ...axis, ...inside },
    yaxis: { ...plain.yaxis, ...axis, ...inside, ...(labelled() ? ticks : {}) },
    hoverlabel: {
      bgcolor: color("--background-fill-primary"),
      bordercolor: color("--border-color-primary"),
      font: { color: color("--body-text-color") },
    },
    autosize: true,
    height: heightOf(plain.height),
    modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)" }, // beside the legend, not over it
  };
  const named = traces.filter(({ name, showlegend }) => name && showlegend !== false).length;
  if (constants.beside && named > 2 && element.clientWidth < 640)
    // its rows would leave no room for the curves
    layout.legend = { ...plain.legend, orientation: "v", x: 1, xanchor: "right", y: 1, yanchor: "top" };
  if (constants.beside && element.clientWidth < 280) layout.showlegend = false; // a touch names each curve
  delete layout.template;
  if (element.clientWidth < 560)
    layout.margin = { ...layout.margin, l: 44, r: Math.min(20, layout.margin?.r ?? 20) };
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

/** A plot in the middle of a first screen takes what its neighbours leave, the others what they need. */
function heightOf(own) {
  const room = innerHeight - constants.beside;
  const most = 0.8 * element.clientWidth; // no higher than that
  if (isPresenting()) return Math.max(300, Math.min(constants.beside ? room - 80 : 0.62 * innerHeight, most));
  return constants.beside ? Math.max(180, Math.min(room, 1.5 * own, most)) : own;
}
/** Traces or layout with no type smaller than a hall can read. */
function enlarged(part) {
  if (part === null || typeof part !== "object") return part;
  if (Array.isArray(part)) return typeof part[0] === "object" ? part.map(enlarged) : part;
  const entries = Object.entries(part).map(([name, value]) => {
    if (!name.endsWith("font")) return [name, enlarged(value)];
    return [name, { ...value, size: Math.max(value.size ?? 0, READABLE) }];
  });
  return Object.fromEntries(entries);
}
/** Plotly forgets it when it resizes. */
const keepHeight = ({ height }) =>
  height && Object.assign(graph.style, { height: `${height}px`, minHeight: 0 });
async function draw() {
  if (!figure || !element.isConnected) return;
  if (!window.Plotly) {
    keepHeight(themed(figure).layout); // what needs no Plotly is there at once
    readout();
  }
  const Plotly = await plotly();
  const { data, layout } = themed(figure);
  layout.shapes = cursorShape();
  keepHeight(layout);
  if (!isPlotted()) {
    graph.replaceChildren();
    await Plotly.newPlot(graph, data, layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    });
    readByKeys(graph, () => figure);
    graph.on("plotly_relayout", label); // zoomed
    graph.on("plotly_hover", (event) => figure.layout.meta?.cursor && !sliding && setT(event.points[0].x));
  } else {
    await Plotly.react(graph, data, layout);
  }
  await label();
  describe();
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

/** The picture that Plotly draws has a name that says what is seen. */
function describe() {
  const [picture, ...above] = graph.querySelectorAll(".main-svg");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", describeFigure(figure));
  for (const layer of above) layer.setAttribute("aria-hidden", "true");
  nameToolbar(graph);
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
  slider.setAttribute("aria-valuetext", `t = ${t} of ${about.T}`);
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

const help = addHelp($(".graph"), constants.name, () => props.value?.explained);
function load() {
  help.write();
  if (!props.value?.figure) return;
  figure = props.value.figure;
  if (cursor()) {
    const { T, series } = cursor();
    for (const each of series)
      each.values = each.values.map((text) => (typeof text === "string" ? unpackTable(text) : text));
    t = clockTime(T, START);
  }
  draw();
}
element.explorer = {
  get t() {
    return t;
  },
  graph,
  /** What a script is filled in with. */
  get shown() {
    return t === null ? {} : { t };
  },
};
(element.closest(".block") ?? element).explorer = element.explorer;
followClock({
  get t() {
    return t;
  },
  get T() {
    return cursor()?.T;
  },
  setT,
  share: START,
});
watch("value", load);
onTheme(draw);
addEventListener("resize", function fit() {
  if (!element.isConnected) return removeEventListener("resize", fit);
  if (isPlotted() && graph.clientHeight && heightOf(figure.layout.height) !== graph.layout.height) draw();
});
onVisible(() => {
  if (cursor() && clock.share !== null) setT(clockTime(cursor().T, START));
  if (window.Plotly && isPlotted()) window.Plotly.Plots.resize(graph);
});
load();
