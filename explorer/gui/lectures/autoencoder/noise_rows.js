// @ts-check
import { unpackBytes } from "../../parts/bytes.js";
import { within } from "../../parts/numbers.js";
import { $, $$, decoded, keepNumber, make } from "../../parts/page.js";
import { fitCanvas } from "../../parts/pixels.js";

const GAP = 2;
/** @type {HTMLInputElement} */
const slider = $(".clock input");
/** @type {HTMLCanvasElement[]} */
const [clean, noised, denoised] = $$("canvas");
slider.id = "autoencoder-noise";
Object.entries({ clean, noised, denoised }).forEach(([name, canvas]) => (canvas.id = `autoencoder-${name}`));
$(".clock label").setAttribute("for", slider.id);
let known = null; // { value, x, eps, sheet } of what is drawn

/** Grey pictures beside each other, gaps transparent; grey(k, i) is pixel i of picture k. */
function draw(canvas, { n, side }, grey) {
  const width = n * (side + GAP) - GAP;
  fitCanvas(canvas, width, side);
  const image = new ImageData(width, side);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < side * side; i++) {
      const at = 4 * (((i / side) | 0) * width + k * (side + GAP) + (i % side));
      image.data.fill(grey(k, i), at, at + 3);
      image.data[at + 3] = 255;
    }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
function show() {
  if (!known) return;
  const { value, x, eps, sheet } = known;
  const at = Math.min(+slider.value, value.factors.length - 1);
  const factor = value.factors[at];
  const pixels = value.side ** 2;
  const width = value.n * value.side;
  draw(clean, value, (k, i) => x[k * pixels + i]);
  draw(noised, value, (k, i) =>
    Math.round(within(x[k * pixels + i] + (255 * factor * eps[k * pixels + i]) / value.grain, 0, 255)),
  );
  draw(
    denoised,
    value,
    (k, i) =>
      sheet[4 * ((at * value.side + ((i / value.side) | 0)) * width + k * value.side + (i % value.side))],
  );
  const [before, after] = [value.noisy[at], value.denoised[at]];
  $("output").textContent = factor.toFixed(1);
  slider.setAttribute("aria-valuetext", factor.toFixed(1));
  clean.setAttribute("aria-label", `${value.n} clean digits`);
  noised.setAttribute(
    "aria-label",
    `the digits at noise factor ${factor.toFixed(1)}, MSE ${before.toFixed(4)}`,
  );
  denoised.setAttribute("aria-label", `the same denoised, MSE ${after.toFixed(4)}`);
  $(".formula").textContent = `x + ${factor.toFixed(1)} · ε, shown clamped`;
  $(".noisy").textContent = `MSE ${before.toFixed(4)}`;
  $(".denoised").textContent = `MSE ${after.toFixed(4)}`;
  const trained =
    factor === value.trained_at
      ? `The noise factor it was trained at. `
      : `Trained at ${value.trained_at} only. `;
  const better =
    after < before
      ? `Denoising brings the image ${(before / after).toFixed(1)} times closer to the clean digit`
      : "Denoising moves the image away from the clean digit";
  $(".verdict").textContent =
    `${trained}${better}: mean squared error from ${before.toFixed(4)} to ${after.toFixed(4)}, over ${value.measured} digits it has never seen.`;
  element.dataset.factor = String(factor);
}
async function load() {
  const value = props.value;
  if (!value) return;
  const picture = await decoded(value.sheet);
  if (props.value !== value) return;
  const canvas = make("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const sheet = context.getImageData(0, 0, canvas.width, canvas.height).data;
  slider.max = String(value.factors.length - 1);
  if (linked !== null) slider.value = String(linked);
  linked = null;
  known = { value, x: unpackBytes(value.clean), eps: new Int8Array(unpackBytes(value.eps).buffer), sheet };
  show();
}
slider.addEventListener("input", show);
const start = slider.value;
let linked = null; // what a link asks for, until the factors are here
keepNumber(
  "lectures.autoencoder.noise",
  () => linked ?? (slider.value === start ? null : Number(slider.value)),
  (number) => {
    linked = known ? null : number;
    slider.value = number === null ? start : String(number);
    show();
  },
);
watch("value", load);
load();
