const slider = $(".clock input"),
  canvas = $("canvas"),
  curve = $(".curve");
const LOW = { light: [14, 116, 144], dark: [60, 195, 220] },
  HIGH = { light: [180, 83, 9], dark: [245, 176, 65] };
slider.id = "inside-t";
let known = null,
  t = null,
  pending = 0; // { value, table } of what is drawn

const HIGH_AS = 240; // pixels; rows that lie closer are averaged, picking some would show waves that are none

const shade = () => (isDark() ? "dark" : "light");
/** Blue-green is −1, amber is 1, the page's own grey is 0. */
function paint() {
  if (!known) return;
  const {
    value: { rows, width },
    table,
  } = known;
  const height = Math.min(rows, HIGH_AS);
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height),
    middle = isDark() ? 30 : 246;
  const low = LOW[shade()],
    high = HIGH[shade()];
  for (let i = 0; i < height * width; i++) {
    const begin = Math.floor((((i / width) | 0) * rows) / height),
      end = Math.floor(((((i / width) | 0) + 1) * rows) / height);
    let v = 0;
    for (let row = begin; row < end; row++) v += table[row * width + (i % width)] / 32767 / (end - begin);
    const to = v < 0 ? low : high;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = middle + Math.abs(v) * (to[c] - middle);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
/** "ω_0" with what follows _ lowered and what follows ^ raised, up to a blank. */
function write(node, text) {
  node.replaceChildren(
    ...text
      .split(/([_^][^\s,()=]+)/)
      .map((part) =>
        /^[_^]/.test(part)
          ? Object.assign(document.createElement(part[0] === "_" ? "sub" : "sup"), {
              textContent: part.slice(1),
            })
          : part,
      ),
  );
}
function show() {
  pending = 0;
  if (!known) return;
  const {
    value: { rows, width, T },
    table,
  } = known;
  const row = Math.round((t / T) * (rows - 1)),
    half = width / 2;
  const values = Array.from(table.subarray(row * width, (row + 1) * width), (v) => v / 32767);
  slider.value = t;
  $("output").textContent = `${String(t).padStart(String(T).length, "\u2007")} / ${T}`;
  $(".cursor").style.top = `${(100 * (row + 0.5)) / rows}%`;
  curve.setAttribute("viewBox", `0 0 ${width} 96`);
  curve.setAttribute("preserveAspectRatio", "none");
  curve.replaceChildren();
  const style = getComputedStyle(element),
    ink = style.getPropertyValue("--body-text-color").trim();
  const line = { fill: "none", "vector-effect": "non-scaling-stroke" };
  for (const y of [6, 48, 90])
    svg(
      "path",
      { ...line, d: `M0 ${y}H${width}`, stroke: style.getPropertyValue("--border-color-primary").trim() },
      curve,
    );
  values.forEach((v, k) =>
    svg(
      "rect",
      {
        x: k + 0.1,
        y: 48 - 42 * Math.max(0, v),
        width: 0.8,
        height: 42 * Math.abs(v),
        fill: `rgb(${(v < 0 ? LOW : HIGH)[shade()]})`,
      },
      curve,
    ),
  );
  svg(
    "path",
    { ...line, d: values.map((v, k) => `M${k} ${48 - 42 * v}h1`).join(""), stroke: ink, "stroke-width": 2 },
    curve,
  );
  const number = (v) => signed(v.toFixed(3));
  const u = (1000 * t) / T,
    slow = 10000 ** (-(half - 1) / half);
  write(
    $(".numbers"),
    `u = 1000 · t / T = ${+u.toFixed(2)}. The fastest wave, ω_0 = 1: cos ω_0 u = ${number(values[0])}, sin ω_0 u = ${number(values[half])}. ` +
      `The slowest, ω_${half - 1} = 10000^−${2 * half - 2}/${width} = ${digits(slow)}: cos ω_${half - 1} u = ${number(values[half - 1])}, sin ω_${half - 1} u = ${number(values[width - 1])}.`,
  );
}
function setT(next, share = true) {
  if (!known) return;
  t = Math.max(0, Math.min(known.value.T, Math.round(next)));
  if (share) clock.share = t / known.value.T;
  window.dispatchEvent(new CustomEvent("explorer-inside-t", { detail: { t, T: known.value.T } }));
  if (!pending) pending = requestAnimationFrame(show);
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
const follow = (event) => {
  const { top, height } = map.getBoundingClientRect();
  setT(((event.clientY - top) / height) * known.value.T);
};
map.addEventListener("pointerdown", (event) => {
  if (!known) return;
  map.setPointerCapture(event.pointerId);
  follow(event);
});
map.addEventListener("pointermove", (event) => map.hasPointerCapture(event.pointerId) && follow(event));
map.addEventListener("pointerup", letGo);

async function load() {
  const value = props.value;
  if (!value) return;
  const table = new Int16Array(await fetchBytes(value.table));
  if (props.value !== value) return;
  const { T, width } = value,
    half = width / 2;
  const share = known ? t / known.value.T : value.t / T;
  known = { value, table };
  slider.max = T;
  $(".last").textContent = `t = ${T}`;
  const label = (node, name, k) =>
    node.replaceChildren(`${name} ω`, Object.assign(document.createElement("sub"), { textContent: k }), "u");
  label($(".middle"), "sin", 0);
  label($(".end"), "sin", half - 1);
  $(".note").textContent = value.note;
  paint();
  setT(share * T, false);
}
element.explorer = {
  get t() {
    return t;
  },
};
watch("value", load);
onTheme(() => {
  paint();
  show();
});
onVisible(() => known && clock.share !== null && setT(clock.share * known.value.T));
load();
