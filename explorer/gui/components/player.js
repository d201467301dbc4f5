const slider = $("#reverse-t");
const lanes = $$(".lane").map((section) => ({
  section, canvas: section.querySelector("canvas"), sheets: new Map(), frames: [], view: null,
}));
const GAP = 2; // pixels of the pictures' own size between two of them
let race = null, t = 0, show = "x", pending = 0, playing = 0, following = false, identity = null;

// ---- frames -------------------------------------------------------------------------------
/** The lane's frame at t: the last one reached, with time running from T to 0. */
function frameAt(lane, time) {
  const { times } = lane.view;
  let low = 0, high = lane.frames.length - 1; // times decrease; find the last with times[i] >= t
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] >= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
function drawLane(lane) {
  const { canvas, view } = lane;
  const context = canvas.getContext("2d");
  const n = race.pictures, size = race.size;
  if (!lane.frames.length) return;
  const i = frameAt(lane, t);
  const { bitmap, row } = lane.frames[i];
  context.clearRect(0, 0, canvas.width, canvas.height);
  const side = show === "x" ? 0 : n * size;
  for (let k = 0; k < n; k++) {
    const x = (k % lane.columns) * (size + GAP), y = Math.floor(k / lane.columns) * (size + GAP);
    context.drawImage(bitmap, side + k * size, row * size, size, size, x, y, size, size);
  }
  canvas.dataset.t = view.times[i];
  const evaluated = String(view.evaluated[i]).padStart(String(view.evaluations).length, "\u2007");
  lane.section.querySelector(".cost").textContent =
    `t = ${String(view.times[i]).padStart(String(race.T).length, "\u2007")} · ${evaluated} of ${view.evaluations} evaluations · ${view.seconds[i].toFixed(2).padStart(5, "\u2007")} s`;
}
function draw() {
  pending = 0;
  if (!race) return;
  lanes.forEach((lane) => lane.view && drawLane(lane));
  slider.value = t;
  $("output").textContent = `${String(t).padStart(String(race.T).length, "\u2007")} / ${race.T}`;
}
function setT(next) {
  t = Math.max(0, Math.min(race.T, Math.round(next)));
  clock.share = t / race.T;
  slider.value = t;
  if (!pending) pending = requestAnimationFrame(draw);
}
/** The next time at which any lane has a frame; towards = −1 is towards the picture. */
function nextTime(towards) {
  let best = towards < 0 ? 0 : race.T;
  for (const lane of lanes)
    for (const time of lane.view?.times ?? [])
      if (towards < 0 ? time < t && time > best : time > t && time < best) best = time;
  return best;
}
function drawTicks() {
  const ticks = $(".ticks");
  ticks.setAttribute("viewBox", `0 0 ${race.T} 14`);
  ticks.replaceChildren();
  lanes.forEach((lane, i) => {
    if (!lane.view) return;
    const path = lane.view.times.map((time) => `M${time} ${i * 7 + 1}v5`).join("");
    const line = svg("path", { d: path, "stroke-width": 1, "vector-effect": "non-scaling-stroke" }, ticks);
    line.style.stroke = `var(--series-${i ? "ddim" : "ddpm"})`;
  });
}

// ---- from Python --------------------------------------------------------------------------
async function fetchSheet(path, count) {
  const answer = await fetch(fileUrl(path));
  if (!answer.ok) throw new Error(`${answer.status}`);
  const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
  return { bitmap, count };
}
/** Frames count only up to the first sheet that is not there yet. */
function collect(lane) {
  lane.frames = [];
  for (const path of lane.view.sheets) {
    const sheet = lane.sheets.get(path);
    if (!sheet?.bitmap) return;
    for (let row = 0; row < sheet.count; row++) lane.frames.push({ bitmap: sheet.bitmap, row });
  }
}
async function load() {
  const value = props.value;
  if (!value?.lanes) return;
  const fresh = identity !== value.id;
  identity = value.id;
  race = value;
  $(".title").textContent = value.title;
  $(".ends b").textContent = value.T;
  slider.max = value.T;
  lanes.forEach((lane, i) => {
    lane.view = value.lanes[i] ?? null;
    lane.section.hidden = !lane.view;
    if (!lane.view) return;
    lane.section.querySelector("strong").textContent = lane.view.name;
    lane.columns = Math.min(value.pictures, 8);
    const rows = Math.ceil(value.pictures / lane.columns);
    const width = lane.columns * (value.size + GAP) - GAP, height = rows * (value.size + GAP) - GAP;
    if (fresh) {
      lane.sheets.forEach((sheet) => sheet.bitmap?.close());
      lane.sheets.clear();
      lane.frames = [];
    }
    if (lane.canvas.width !== width || lane.canvas.height !== height)
      Object.assign(lane.canvas, { width, height });
  });
  if (fresh) {
    following = value.running;
    t = value.running ? value.T : Math.round((clock.share ?? 0.4) * value.T);
    if (value.running) play(false);
  }
  drawTicks();
  const missing = [];
  lanes.forEach((lane) =>
    lane.view?.sheets.forEach((path, i) => {
      if (lane.sheets.has(path)) return;
      lane.sheets.set(path, {});
      const arrived = (sheet) => lane.sheets.set(path, sheet);
      missing.push(
        fetchSheet(path, lane.view.counts[i]).then(arrived, (error) => {
          lane.sheets.delete(path); // asked for again with the next news
          throw error;
        }),
      );
    }),
  );
  try {
    await Promise.all(missing);
    $(".trouble").hidden = true;
  } catch (error) {
    $(".trouble").textContent = "Some frames did not arrive. Please run the race again.";
    $(".trouble").hidden = false;
  }
  if (identity !== value.id) return; // another race began meanwhile
  lanes.forEach((lane) => lane.view && collect(lane));
  const reached = lanes.filter((lane) => lane.frames.length).map((lane) => lane.view.times[lane.frames.length - 1]);
  if (following && reached.length) setT(Math.max(...reached));
  if (!value.running) following = false;
  draw();
  element.dataset.frames = lanes.map((lane) => lane.frames.length).join();
}

// ---- the hand -----------------------------------------------------------------------------
function play(on) {
  $(".buttons").classList.toggle("playing", on);
  $(".play").setAttribute("aria-label", on ? "pause" : "play");
  cancelAnimationFrame(playing);
  playing = 0;
  if (!on || !race) return;
  if (t <= 0) setT(race.T);
  let last = performance.now(), exact = t;
  const tick = (now) => {
    if (!element.isConnected) return;
    exact -= ((now - last) / 8000) * race.T * +$("select").value; // T…0 in 8 s at 1×
    last = now;
    setT(exact);
    if (exact <= 0) return play(false);
    playing = requestAnimationFrame(tick);
  };
  playing = requestAnimationFrame(tick);
}
function act(what) {
  if (!race) return;
  following = false;
  if (what === "play") return play(!playing);
  play(false);
  if (what === "start") setT(race.T);
  if (what === "earlier") setT(nextTime(-1));
  if (what === "later") setT(nextTime(1));
}
for (const button of $$("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));
for (const button of $$("[data-show]"))
  button.addEventListener("click", () => {
    show = button.dataset.show;
    for (const other of $$("[data-show]")) other.setAttribute("aria-checked", String(other === button));
    draw();
  });
slider.addEventListener("input", () => { following = false; play(false); race && setT(+slider.value); });
$(".player").addEventListener("keydown", (event) => {
  if (event.target.tagName === "SELECT") return;
  const actions = { " ": "play", ArrowLeft: "earlier", ArrowRight: "later", End: "start" };
  const onButton = event.target.tagName === "BUTTON";
  if (event.key === " " && onButton) return; // the button's own click
  if (actions[event.key]) act(actions[event.key]);
  else if (event.key === "Home") { act("none"); setT(0); }
  else if (event.key === "PageUp" || event.key === "PageDown") { act("none"); setT(t + (event.key === "PageUp" ? 50 : -50)); }
  else return;
  event.preventDefault();
});
element.explorer = { setT, get t() { return t; }, get race() { return race; }, get playing() { return Boolean(playing); } };
watch("value", load);
onVisible(() => clock.share !== null && race && !following && !playing && setT(clock.share * race.T));
load();
