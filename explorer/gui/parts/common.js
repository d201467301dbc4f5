// What every widget's script begins with. `element`, `props`, `watch` and `trigger` are Gradio's.
const $ = (selector) => element.querySelector(selector);
const $$ = (selector) => [...element.querySelectorAll(selector)];

/** One clock for all tabs: the last cursor, as a share of T. */
const clock = (window.explorerClock ??= { share: null });

/** Files published by Python, wherever the app is mounted. */
const fileUrl = (path) =>
  `${window.gradio_config?.root ?? ""}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
async function fetchBytes(path) {
  const answer = await fetch(fileUrl(path));
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.arrayBuffer();
}

/** A table of float64 that Python sent as base64. */
const unpack = (text) => new Float64Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

const MINUS = "\u2212";
const signed = (text) => text.replace("-", MINUS);
/** 3 significant digits, never jumping between notations within a scale. */
function digits(x) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? MINUS + "∞" : "–";
  const size = Math.abs(x);
  if (size >= 0.001 && size < 1000) return signed(x.toPrecision(3));
  const [mantissa, exponent] = x.toExponential(2).split("e");
  return signed(`${mantissa}e${+exponent}`);
}
const percent = (x) => `${(100 * x).toFixed(1)} %`;
function decibels(alphaBar) {
  if (alphaBar >= 1) return "+∞ dB";
  const db = 10 * Math.log10(alphaBar / (1 - alphaBar));
  return `${db < 0 ? MINUS : "+"}${Math.abs(db).toFixed(1)} dB`;
}

/** Calls `draw` when the page turns dark or light, and when the widget becomes visible. */
const isDark = () => document.body.classList.contains("dark");
function onTheme(draw) {
  const observer = new MutationObserver(() => (element.isConnected ? draw() : observer.disconnect()));
  observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
}
function onVisible(show) {
  let visible = false;
  const observer = new IntersectionObserver((entries) => {
    if (!element.isConnected) return observer.disconnect();
    const now = entries.some((entry) => entry.isIntersecting);
    if (now && !visible) show();
    visible = now;
  });
  observer.observe(element);
}
function svg(name, attributes, parent, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  parent?.appendChild(node);
  return node;
}
