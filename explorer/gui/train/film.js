// @ts-check
import { fetchFile } from "../parts/bytes.js";
import { playback } from "../parts/clock.js";
import { wide, within } from "../parts/numbers.js";
import {
  $,
  $$,
  keepChoice,
  keepNumber,
  make,
  onceAFrame,
  onResize,
  press,
  tellTrouble,
} from "../parts/page.js";
import { fitCanvas } from "../parts/pixels.js";
import { chooseRows, nearestIndex } from "./film_math.js";

/** @type {HTMLInputElement} */
const stepSlider = $("#film-step");
/** @type {HTMLInputElement} */
const tSlider = $("#film-t");
/** @type {HTMLCanvasElement} */
const matrix = $("#film-matrix");
/** @type {HTMLButtonElement} */
const round = $(".round"); // plays
const mark = $(".mark");
const SMALLEST = 20; // CSS pixels of a cell; where there is less room, fewer times are shown
const PAUSE = 600; // ms between two snapshots while it plays
const NOTHING = {
  T: 1000,
  size: 16,
  pictures: 8,
  times: Array.from({ length: 21 }, (_, i) => 1000 - 50 * i),
  snapshots: [],
  caption: "",
  expected: 8,
  id: null,
};
const sheets = new Map(); // path -> {bitmap} or, on its way, {}
let growth = NOTHING;
let ready = []; // the snapshots whose sheets are there
let at = 0; // the cursor: snapshot,
let row = NOTHING.times.length - 1; // row of its sheet
let picture = 0;
let show = "x"; // what is shown
let taken = false; // whether somebody looks elsewhere than at the newest snapshot's pictures
let columns = []; // rows of a sheet, one for each column of the matrix

const lastRow = () => growth.times.length - 1; // t = 0
const steps = (count) => (count === 1 ? "step" : "steps");
/** "before the first step", "after the first step", "after 400 steps", as wide as with the most. */
const afterSteps = (count, most = count) =>
  count < 2 ? `${count ? "after" : "before"} the first step` : `after ${wide(count, most)} steps`;
const mostSteps = () => ready.at(-1)?.step ?? 0;

// ---- the pictures at the cursor ------------------------------------------------------------
function copy(context, { sheet }, k, from, x, y) {
  const { size, pictures } = growth;
  const side = show === "x" ? 0 : pictures * size;
  context.drawImage(sheets.get(sheet).bitmap, side + k * size, from * size, size, size, x, y, size, size);
}
function followPicture(k) {
  picture = within(k, 0, growth.pictures - 1);
  drawMatrix();
  draw();
}
function layPictures() {
  const box = $(".pictures");
  if (box.children.length !== growth.pictures) {
    box.replaceChildren();
    for (let k = 0; k < growth.pictures; k++) {
      const button = make("button", { type: "button", ariaLabel: `follow image ${k + 1}` }, box);
      make("canvas", {}, button);
      button.addEventListener("click", () => followPicture(k));
    }
    picture = Math.min(picture, growth.pictures - 1);
  }
  box.style.setProperty("--across", String(Math.min(8, growth.pictures)));
  box.style.setProperty("--narrow", String(Math.min(4, growth.pictures)));
  for (const canvas of box.querySelectorAll("canvas")) fitCanvas(canvas, growth.size);
}
function draw() {
  const snapshot = ready[at];
  const t = growth.times[row];
  [...$(".pictures").children].forEach((button, k) => {
    button.setAttribute("aria-pressed", String(k === picture));
    const context = button.querySelector("canvas").getContext("2d");
    if (snapshot) copy(context, snapshot, k, row, 0, 0);
    else context.clearRect(0, 0, growth.size, growth.size);
  });
  $(".title").textContent = snapshot
    ? `${afterSteps(snapshot.step, mostSteps())} · t = ${t}`
    : growth.id
      ? "The first snapshot is on its way"
      : "No snapshots yet";
  tSlider.value = String(t);
  tSlider.disabled = !snapshot;
  tSlider.setAttribute("aria-valuetext", `t = ${t}`);
  $(".now output").textContent = wide(t, growth.T);
  stepSlider.value = String(at);
  stepSlider.disabled = ready.length < 2;
  round.disabled = ready.length < 2;
  stepSlider.setAttribute("aria-valuetext", snapshot ? afterSteps(snapshot.step) : "nothing yet");
  $(".training output").textContent = snapshot
    ? `${wide(snapshot.step, mostSteps())} ${steps(snapshot.step)}`
    : "";
  drawMark();
  const film = $(".film");
  film.dataset.step = snapshot?.step ?? "";
  film.dataset.t = String(t);
}

// ---- the matrix: snapshots downwards, t from 0 at the left to T at the right ----------------
const rows = () => Math.max(growth.expected, ready.length, 1);
/** Whether other columns are shown now. */
function chooseColumns() {
  const width = $(".matrix").clientWidth || 600;
  const chosen = chooseRows(lastRow(), Math.floor(width / SMALLEST));
  const changed = chosen.join() !== columns.join();
  columns = chosen;
  return changed;
}
/** A canvas with more pixels than the screen has for it is smoothed. */
const shrink = () => matrix.classList.toggle("shrunk", matrix.width > matrix.clientWidth * devicePixelRatio);
/** In pixels of the pictures' own size. */
function measures() {
  const gap = growth.size > 20 ? 2 : 1;
  const pitch = growth.size + gap;
  return { pitch, width: columns.length * pitch - gap, height: rows() * pitch - gap };
}
function drawMatrix() {
  const { size } = growth;
  const { pitch, width, height } = measures();
  fitCanvas(matrix, width, height);
  shrink();
  matrix.setAttribute(
    "aria-label",
    `image ${picture + 1} of ${growth.pictures} as ${show === "x" ? "state" : "belief"}: ` +
      `${ready.length} snapshots of the training downwards, up to ${mostSteps()} ${steps(mostSteps())}; ` +
      `t from 0 at the left to ${growth.T}`,
  );
  const context = matrix.getContext("2d");
  context.clearRect(0, 0, width, height);
  context.fillStyle = "rgba(128, 128, 128, 0.13)"; // room for what is still to come
  for (let i = 0; i < rows(); i++)
    columns.forEach((from, j) => {
      if (ready[i]) copy(context, ready[i], picture, from, j * pitch, i * pitch);
      else context.fillRect(j * pitch, i * pitch, size, size);
    });
}
function drawLabels() {
  const counts = $(".steps");
  const times = $(".times");
  $(".film").style.setProperty("--columns", String(columns.length));
  $(".film").style.setProperty("--digits", String(Math.max(5, String(mostSteps()).length)));
  counts.replaceChildren();
  for (let i = 0; i < rows(); i++) make("span", { textContent: ready[i]?.step ?? "" }, counts);
  times.replaceChildren();
  const { pitch, width } = measures();
  const last = columns.length - 1;
  const parts = [4, 5, 2].find((n) => last % n === 0) ?? 1; // labels at equal distances
  for (let j = 0; j <= last; j += last / parts) {
    const label = make("span", { textContent: growth.times[columns[j]] }, times);
    label.style.left = `${(100 * (j * pitch + growth.size / 2)) / width}%`;
  }
}
function drawMark() {
  mark.hidden = !ready[at];
  const near = nearestIndex(columns, row);
  const { pitch, width, height } = measures();
  mark.style.left = `${(100 * near * pitch) / width}%`;
  mark.style.top = `${(100 * at * pitch) / height}%`;
  mark.style.width = `${(100 * growth.size) / width}%`;
  mark.style.height = `${(100 * growth.size) / height}%`;
  [...$(".steps").children].forEach((label, i) => label.classList.toggle("here", i === at));
}
function layOut() {
  layPictures();
  chooseColumns();
  drawMatrix();
  drawLabels();
  tSlider.max = String(growth.T);
  stepSlider.max = String(Math.max(0, ready.length - 1));
  draw();
}

// ---- from Python --------------------------------------------------------------------------
const fetchSheet = async (path) =>
  createImageBitmap(await (await fetchFile(path)).blob(), { colorSpaceConversion: "none" });
/** Every sheet once; what fails is asked for again with the next news. */
function wanted(path) {
  if (!sheets.has(path)) {
    const sheet = {};
    sheet.arrival = fetchSheet(path).then(
      (bitmap) => (sheet.bitmap = bitmap),
      (error) => {
        sheets.delete(path);
        throw error;
      },
    );
    sheets.set(path, sheet);
  }
  return sheets.get(path).arrival;
}
async function load() {
  if (!props.value?.times) return;
  const arrivals = await Promise.allSettled(props.value.snapshots.map(({ sheet }) => wanted(sheet)));
  const before = ready[at]?.step;
  const complete = arrivals.every(({ status }) => status === "fulfilled");
  tellTrouble(complete ? "" : "Some snapshots did not load; the app requests them again with the next one.");
  const fresh = growth.id !== props.value.id;
  growth = props.value; // the newest, which may have come meanwhile
  ready = growth.snapshots.filter(({ sheet }) => sheets.get(sheet)?.bitmap);
  if (fresh) {
    taken = false;
    playing.play(false);
  }
  if (!taken) [at, row] = [Math.max(0, ready.length - 1), lastRow()];
  else {
    // the same snapshot, wherever it stands now, or the nearest before it
    const reached = ready.filter(({ step }) => step <= before).length;
    at = Math.max(0, reached - 1);
  }
  $(".caption").textContent = growth.caption;
  layOut();
  if (linked.step !== null || linked.t !== null) reach();
  const used = new Set(growth.snapshots.map(({ sheet }) => sheet));
  for (const [path, { bitmap }] of sheets)
    if (bitmap && !used.has(path)) {
      bitmap.close();
      sheets.delete(path);
    }
  element.dataset.snapshots = String(ready.length);
}

// ---- the hand -----------------------------------------------------------------------------
const redraw = onceAFrame(draw);
function set(nextAt, nextRow) {
  at = within(nextAt, 0, ready.length - 1);
  row = within(nextRow, 0, lastRow());
  taken = at < ready.length - 1 || row < lastRow();
  redraw();
}
function take(nextAt, nextRow) {
  Object.assign(linked, { step: null, t: null });
  playing.play(false);
  set(nextAt, nextRow);
}
const linked = { step: null, t: null }; // the snapshot and the time of a link, until a hand moves them
/** Goes where a link says, to the newest snapshot and to t = 0 where it says nothing. */
function reach() {
  if (!ready.length) return;
  const { step, t } = linked;
  const known = ready.map((snapshot) => snapshot.step);
  const reached = step === null ? ready.length : known.filter((each) => each <= step).length;
  set(Math.max(0, reached - 1), t === null ? lastRow() : nearestIndex(growth.times, t));
}
function showPictures(what) {
  show = what;
  press($$("[data-show]"), $(`[data-show="${what}"]`), "aria-checked");
  drawMatrix();
  draw();
}
const keepLinked = (name, now) =>
  keepNumber(`train.film.${name}`, now, (number) => {
    linked[name] = number;
    reach();
  });
keepLinked("step", () => (at < ready.length - 1 ? ready[at].step : linked.step));
keepLinked("t", () => (row < lastRow() ? growth.times[row] : linked.t));
keepChoice("train.film.show", ["x", "x0"], () => show, showPictures);
keepNumber(
  "train.film.picture",
  () => (picture ? picture + 1 : null),
  (number) => followPicture(Math.max(1, number ?? 1) - 1),
);
let waited = 0; // ms since the last snapshot while it plays
const playing = playback({
  box: $(".training"),
  button: round,
  label: "play the training",
  begin() {
    if (ready.length < 2) return false;
    if (at >= ready.length - 1) set(0, row);
    waited = 0;
    return true;
  },
  advance(ms) {
    waited += ms;
    if (waited < PAUSE) return true;
    waited %= PAUSE;
    set(at + 1, row);
    return at < ready.length - 1;
  },
});
function point(event) {
  const box = matrix.getBoundingClientRect();
  const j = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
  const i = Math.floor(((event.clientY - box.top) / box.height) * rows());
  if (ready.length) take(i, columns[within(j, 0, columns.length - 1)]);
}
matrix.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  matrix.setPointerCapture(event.pointerId);
  point(event);
});
matrix.addEventListener("pointermove", (event) => event.buttons & 1 && point(event));
round.addEventListener("click", playing.toggle);
stepSlider.addEventListener("input", () => take(+stepSlider.value, row));
tSlider.addEventListener("input", () => take(at, nearestIndex(growth.times, +tSlider.value)));
tSlider.addEventListener("keydown", (event) => {
  // t goes from one time that there is to the next
  const towardsNoise = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[
    event.key
  ];
  if (!towardsNoise) return;
  take(at, row - towardsNoise);
  event.preventDefault();
});
$(".film").addEventListener("keydown", (event) => {
  const { tagName } = /** @type {Element} */ (event.target);
  if (event.key !== " " || tagName === "BUTTON") return; // a button's own click
  playing.toggle();
  event.preventDefault();
});
for (const button of $$("[data-show]"))
  button.addEventListener("click", () => showPictures(button.dataset.show));
onResize([$(".matrix")], () => {
  if (!matrix.clientWidth) return;
  if (chooseColumns()) layOut();
  else shrink();
});
element.explorer = {
  set,
  get step() {
    return ready[at]?.step ?? null;
  },
  get t() {
    return growth.times[row];
  },
  get index() {
    return at;
  },
  get picture() {
    return picture;
  },
  get show() {
    return show;
  },
  get columns() {
    return columns.map((from) => growth.times[from]);
  },
  get following() {
    return !taken;
  },
  get playing() {
    return playing.on;
  },
  get growth() {
    return growth;
  },
};
watch("value", load);
layOut();
load();
