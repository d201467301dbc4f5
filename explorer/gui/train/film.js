const [stepSlider, tSlider] = [$("#film-step"), $("#film-t")];
const matrix = $("#film-matrix"),
  mark = $(".mark");
const SMALLEST = 20; // CSS pixels of a cell; where there is less room, fewer times are shown
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
let growth = NOTHING,
  ready = []; // ready: the snapshots whose sheets are there
let at = 0,
  row = NOTHING.times.length - 1,
  picture = 0,
  show = "x"; // the cursor: snapshot, row of its sheet; what is shown
let taken = false; // whether somebody looks elsewhere than at the newest snapshot's pictures
let pending = 0,
  playing = 0,
  columns = [];

const lastRow = () => growth.times.length - 1; // t = 0
const wide = (number, most) => String(number).padStart(String(most).length, "\u2007");
const steps = (count) => (count === 1 ? "step" : "steps");
const mostSteps = () => ready.at(-1)?.step ?? 0;

// ---- the pictures at the cursor ------------------------------------------------------------
function copy(context, { sheet }, k, from, x, y) {
  const { size, pictures } = growth;
  const side = show === "x" ? 0 : pictures * size;
  context.drawImage(sheets.get(sheet).bitmap, side + k * size, from * size, size, size, x, y, size, size);
}
function layPictures() {
  const box = $(".pictures");
  if (box.children.length !== growth.pictures) {
    box.replaceChildren();
    for (let k = 0; k < growth.pictures; k++) {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.setAttribute("aria-label", `follow picture ${k + 1}`);
      button.append(document.createElement("canvas"));
      button.addEventListener("click", () => {
        picture = k;
        drawMatrix();
        draw();
      });
      box.append(button);
    }
    picture = Math.min(picture, growth.pictures - 1);
  }
  box.style.setProperty("--across", Math.min(8, growth.pictures));
  box.style.setProperty("--narrow", Math.min(4, growth.pictures));
  for (const canvas of box.querySelectorAll("canvas"))
    if (canvas.width !== growth.size) canvas.width = canvas.height = growth.size;
}
function draw() {
  pending = 0;
  const snapshot = ready[at],
    t = growth.times[row];
  [...$(".pictures").children].forEach((button, k) => {
    button.setAttribute("aria-pressed", String(k === picture));
    const context = button.firstChild.getContext("2d");
    if (snapshot) copy(context, snapshot, k, row, 0, 0);
    else context.clearRect(0, 0, growth.size, growth.size);
  });
  $(".title").textContent = snapshot
    ? `after ${wide(snapshot.step, mostSteps())} ${steps(snapshot.step)} · t = ${t}`
    : growth.id
      ? "The first snapshot is on its way"
      : "No snapshots yet";
  tSlider.value = t;
  tSlider.disabled = !snapshot;
  tSlider.setAttribute("aria-valuetext", `t = ${t}`);
  $(".board output").textContent = wide(t, growth.T);
  stepSlider.value = at;
  stepSlider.disabled = ready.length < 2;
  $(".round").disabled = ready.length < 2;
  stepSlider.setAttribute(
    "aria-valuetext",
    snapshot ? `after ${snapshot.step} ${steps(snapshot.step)}` : "nothing yet",
  );
  $(".training output").textContent = snapshot
    ? `${wide(snapshot.step, mostSteps())} ${steps(snapshot.step)}`
    : "";
  drawMark();
  const film = $(".film");
  film.dataset.step = snapshot?.step ?? "";
  film.dataset.t = t;
}

// ---- the matrix: snapshots downwards, t from 0 at the left to T at the right ----------------
const rows = () => Math.max(growth.expected, ready.length, 1);
/** Rows of a sheet, one for each column; both ends are always among them. */
function chooseColumns() {
  const width = $(".matrix").clientWidth || 600,
    last = lastRow();
  const count = Math.max(2, Math.min(last + 1, Math.floor(width / SMALLEST)));
  const stride = Array.from({ length: last }, (_, i) => i + 1).find(
    (s) => last % s === 0 && last / s < count,
  );
  const chosen =
    stride && last / stride >= count / 2
      ? Array.from({ length: last / stride + 1 }, (_, i) => last - i * stride)
      : Array.from({ length: count }, (_, i) => last - Math.round((i * last) / (count - 1)));
  const changed = chosen.join() !== columns.join();
  columns = chosen;
  return changed;
}
/** In pixels of the pictures' own size. */
function measures() {
  const gap = growth.size > 20 ? 2 : 1,
    pitch = growth.size + gap;
  return { pitch, width: columns.length * pitch - gap, height: rows() * pitch - gap };
}
function drawMatrix() {
  const { size } = growth,
    { pitch, width, height } = measures();
  if (matrix.width !== width || matrix.height !== height) Object.assign(matrix, { width, height });
  matrix.classList.toggle("shrunk", width > matrix.clientWidth * devicePixelRatio);
  matrix.setAttribute(
    "aria-label",
    `picture ${picture + 1}: training downwards, t from 0 at the left to ${growth.T}`,
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
  const counts = $(".steps"),
    times = $(".times");
  $(".board").style.setProperty("--columns", columns.length);
  $(".board").style.setProperty("--digits", Math.max(5, String(mostSteps()).length));
  counts.replaceChildren();
  for (let i = 0; i < rows(); i++)
    counts.append(Object.assign(document.createElement("span"), { textContent: ready[i]?.step ?? "" }));
  times.replaceChildren();
  const { pitch, width } = measures(),
    last = columns.length - 1;
  const parts = [4, 5, 2].find((n) => last % n === 0) ?? 1; // labels at equal distances
  for (let j = 0; j <= last; j += last / parts) {
    const label = Object.assign(document.createElement("span"), { textContent: growth.times[columns[j]] });
    label.style.left = `${(100 * (j * pitch + growth.size / 2)) / width}%`;
    times.append(label);
  }
}
function drawMark() {
  mark.hidden = !ready[at];
  const near = columns.reduce(
    (best, from, j) => (Math.abs(from - row) < Math.abs(columns[best] - row) ? j : best),
    0,
  );
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
  tSlider.max = growth.T;
  stepSlider.max = Math.max(0, ready.length - 1);
  draw();
}

// ---- from Python --------------------------------------------------------------------------
async function fetchSheet(path) {
  const answer = await fetch(fileUrl(path));
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
}
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
  const trouble = $(".trouble"),
    before = ready[at]?.step;
  trouble.textContent = "Some snapshots did not arrive; they are asked for again with the next one.";
  trouble.hidden = arrivals.every(({ status }) => status === "fulfilled");
  const fresh = growth.id !== props.value.id;
  growth = props.value; // the newest, which may have come meanwhile
  ready = growth.snapshots.filter(({ sheet }) => sheets.get(sheet)?.bitmap);
  if (fresh) {
    taken = false;
    play(false);
  }
  if (!taken) [at, row] = [Math.max(0, ready.length - 1), lastRow()];
  else {
    // the same snapshot, wherever it stands now, or the nearest before it
    const reached = ready.filter(({ step }) => step <= before).length;
    at = Math.max(0, reached - 1);
  }
  $(".caption").textContent = growth.caption;
  layOut();
  const used = new Set(growth.snapshots.map(({ sheet }) => sheet));
  for (const [path, { bitmap }] of sheets)
    if (bitmap && !used.has(path)) {
      bitmap.close();
      sheets.delete(path);
    }
  element.dataset.snapshots = String(ready.length);
}

// ---- the hand -----------------------------------------------------------------------------
function set(nextAt, nextRow) {
  at = Math.max(0, Math.min(ready.length - 1, nextAt));
  row = Math.max(0, Math.min(lastRow(), nextRow));
  taken = at < ready.length - 1 || row < lastRow();
  if (!pending) pending = requestAnimationFrame(draw);
}
function take(nextAt, nextRow) {
  play(false);
  set(nextAt, nextRow);
}
const nearest = (t) =>
  growth.times.reduce(
    (best, time, i) => (Math.abs(time - t) < Math.abs(growth.times[best] - t) ? i : best),
    0,
  );
function play(on) {
  $(".training").classList.toggle("playing", on);
  $(".round").setAttribute("aria-label", on ? "pause" : "play the training");
  clearInterval(playing);
  playing = 0;
  if (!on || ready.length < 2) return;
  if (at >= ready.length - 1) set(0, row);
  playing = setInterval(() => {
    if (!element.isConnected) return clearInterval(playing);
    set(at + 1, row);
    if (at >= ready.length - 1) play(false);
  }, 600);
}
function point(event) {
  const box = matrix.getBoundingClientRect();
  const j = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
  const i = Math.floor(((event.clientY - box.top) / box.height) * rows());
  if (ready.length) take(i, columns[Math.max(0, Math.min(columns.length - 1, j))]);
}
matrix.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  matrix.setPointerCapture(event.pointerId);
  point(event);
});
matrix.addEventListener("pointermove", (event) => event.buttons & 1 && point(event));
$(".round").addEventListener("click", () => play(!playing));
stepSlider.addEventListener("input", () => take(+stepSlider.value, row));
tSlider.addEventListener("input", () => take(at, nearest(+tSlider.value)));
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
  if (event.key !== " " || event.target.tagName === "BUTTON") return; // a button's own click
  play(!playing);
  event.preventDefault();
});
for (const button of $$("[data-show]"))
  button.addEventListener("click", () => {
    show = button.dataset.show;
    for (const other of $$("[data-show]")) other.setAttribute("aria-checked", String(other === button));
    drawMatrix();
    draw();
  });
const resized = new ResizeObserver(() => {
  if (!element.isConnected) return resized.disconnect();
  if (!matrix.clientWidth) return;
  if (chooseColumns()) layOut();
  else matrix.classList.toggle("shrunk", matrix.width > matrix.clientWidth * devicePixelRatio);
});
resized.observe($(".matrix"));
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
    return Boolean(playing);
  },
  get growth() {
    return growth;
  },
};
watch("value", load);
layOut();
load();
