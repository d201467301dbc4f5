// ---- the clock ----------------------------------------------------------------------------
let pending = 0,
  playing = 0,
  loading = 0,
  identity = null,
  watching = false;
function draw() {
  pending = 0;
  if (!sent || !element.isConnected) return;
  const began = performance.now();
  if (!drawing) prepareFields();
  writeHere();
  panels.forEach((_, i) => {
    drawPanel(i);
    writeFormula(i);
  });
  const now = rounded();
  slider.value = now;
  slider.setAttribute("aria-valuetext", `t = ${now}`);
  $("output").textContent = `${String(now).padStart(3, "\u2007")} / ${view.T}`;
  for (const { canvas, name } of panels) {
    canvas.dataset.t = now;
    canvas.setAttribute("aria-label", `${view.data}, ${name.textContent}, t = ${now}`);
  }
  frameTimes.push(performance.now() - began);
  if (frameTimes.length > 300) frameTimes.shift();
}
function redraw() {
  if (!pending) pending = requestAnimationFrame(draw);
}
function setT(next, exact = false) {
  if (!view) return;
  t = Math.max(0, Math.min(view.T, exact ? next : Math.round(next)));
  clock.share = t / view.T;
  redraw();
}
function play(on) {
  $(".buttons").classList.toggle("playing", on);
  $(".play").setAttribute("aria-label", on ? "pause" : "play");
  cancelAnimationFrame(playing);
  if (playing && !on) setT(t); // on a whole step again
  playing = 0;
  if (!on || !sent) return;
  const sign = way === "forward" ? 1 : -1,
    end = way === "forward" ? view.T : 0;
  if (t === end) setT(view.T - end);
  let last = performance.now(),
    exact = t;
  const tick = (now) => {
    if (!element.isConnected) return;
    exact += (sign * (now - last) * view.T) / 7000; // all of it in 7 s
    last = now;
    setT(exact, true);
    if (sign * (exact - end) >= 0) return play(false);
    playing = requestAnimationFrame(tick);
  };
  playing = requestAnimationFrame(tick);
}
function act(what) {
  if (!sent) return;
  watching = false;
  if (what === "play") return play(!playing);
  play(false);
  setT(t + (what === "later" ? 1 : -1));
}
for (const button of $$("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));
slider.addEventListener("input", () => {
  watching = false;
  play(false);
  setT(+slider.value);
});
plane.addEventListener("keydown", (event) => {
  const { tagName } = event.target;
  if (event.altKey || event.ctrlKey || event.metaKey || drawing) return;
  if (event.key === " " && tagName === "BUTTON") return; // its own click
  const steps = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowDown: -1,
    ArrowUp: 1,
    PageUp: 10,
    PageDown: -10,
    Home: -1e9,
    End: 1e9,
  };
  if (event.key === " ") act("play");
  else if (event.key in steps) {
    watching = false;
    play(false);
    setT(t + steps[event.key]);
  } else return;
  event.preventDefault();
});

// ---- what is shown ------------------------------------------------------------------------
function choose(nextWay, nextWhose) {
  if (nextWay !== way) play(false);
  [way, whose] = [nextWay, nextWhose];
  for (const button of $$("[data-way]"))
    button.setAttribute("aria-pressed", String(button.dataset.way === way));
  for (const button of $$("[data-whose]")) {
    const name = button.dataset.whose;
    button.setAttribute("aria-pressed", String(name === whose));
    button.disabled = !view.beliefs[name];
    button.hidden = name === "exact" && !view.law;
    button.title = view.beliefs[name] ? "" : name === "trained" ? "train it first" : "on its way";
  }
  panels.forEach(
    ({ swatch }, i) =>
      (swatch.style.stroke = way === "forward" ? "currentColor" : `var(--series-${i ? "ddim" : "ddpm"})`),
  );
  plane.dataset.way = way;
  fields.key = "";
  writeNearest();
  redraw();
}
for (const button of $$("[data-way]"))
  button.addEventListener("click", () => view && choose(button.dataset.way, whose));
for (const button of $$("[data-whose]"))
  button.addEventListener("click", () => view && choose("reverse", button.dataset.whose));
for (const button of $$("[data-layer]"))
  button.addEventListener("click", () => {
    const on = (layers[button.dataset.layer] = !layers[button.dataset.layer]);
    button.setAttribute("aria-pressed", String(on));
    redraw();
  });

// ---- pointing and drawing -----------------------------------------------------------------
const GAP = 0.09; // between two points of a stroke
function placeOf(event, canvas) {
  const box = canvas.getBoundingClientRect(),
    inside = (v) => Math.max(-props.range, Math.min(props.range, v));
  const x = REACH * ((2 * (event.clientX - box.left)) / box.width - 1),
    y = REACH * (1 - (2 * (event.clientY - box.top)) / box.height);
  return [inside(x), inside(y)];
}
const drawn = () => strokes.flat();
let owned = false; // whether points were drawn and used
let asked = null,
  before = null; // the data that is chosen; the last that is not one's own
function extend(place) {
  const stroke = strokes[strokes.length - 1],
    last = stroke[stroke.length - 1];
  const far = last ? Math.hypot(place[0] - last[0], place[1] - last[1]) : Infinity;
  if (last && far < GAP) return;
  const count = last ? Math.floor(far / GAP) : 1; // a fast hand leaves no holes
  for (let i = 1; i <= count && drawn().length < props.most_own; i++)
    stroke.push(last ? [0, 1].map((d) => last[d] + ((place[d] - last[d]) * i) / count) : place);
}
panels.forEach(({ canvas }, panel) => {
  const here = (event) => {
    const [x, y] = placeOf(event, canvas);
    if (!drawing) pointer = { x, y };
    redraw();
    return [x, y];
  };
  canvas.addEventListener("pointerdown", (event) => {
    const place = here(event);
    if (!drawing || panel) return;
    canvas.setPointerCapture(event.pointerId);
    strokes.push([]);
    extend(place);
    countDrawn();
  });
  canvas.addEventListener("pointermove", (event) => {
    const place = here(event);
    if (!drawing || panel || !event.buttons || !strokes.length) return;
    extend(place);
    countDrawn();
  });
  canvas.addEventListener("pointerleave", () => {
    pointer = null;
    redraw();
  });
});
function countDrawn() {
  const count = drawn().length;
  $(".count").textContent = `${count} of at most ${props.most_own} points`;
  $("[data-pad='use']").disabled = count < 2;
  for (const name of ["undo", "clear"]) $(`[data-pad='${name}']`).disabled = !count;
  redraw();
}
function openPad(open) {
  drawing = open;
  play(false);
  pointer = null;
  $(".pad").hidden = !open;
  plane.classList.toggle("drawing", open);
  countDrawn();
}
/** The pad opens by itself only for somebody who has no points yet. */
function chosen(data) {
  asked = data;
  if (data !== props.own) before = data;
  if (data !== props.own || !owned) openPad(data === props.own);
}
const left = (data) => (data === props.own && !owned ? (before ?? view.data) : data);
const pad = {
  open: () => (drawing ? pad.leave() : openPad(true)),
  leave: () => {
    openPad(false);
    trigger("leave");
  },
  undo: () => {
    strokes.pop();
    countDrawn();
  },
  clear: () => {
    strokes = [];
    countDrawn();
  },
  use: () => trigger("use", { points: drawn().map((point) => point.map((v) => +v.toFixed(4))) }),
};
for (const button of $$("[data-pad]")) button.addEventListener("click", () => pad[button.dataset.pad]());

// ---- from Python --------------------------------------------------------------------------
async function load() {
  const value = props.value,
    turn = ++loading;
  plane.hidden = !value;
  if (!value) return void ([view, sent] = [null, null]);
  let next;
  try {
    next = await fetchAll(value);
  } catch (error) {
    $(".trouble").textContent = `The points could not be loaded (${error.message}).`;
    $(".trouble").hidden = false;
    return;
  }
  if (turn !== loading) return; // newer ones are on their way
  const fresh = identity !== value.id,
    first = identity === null,
    begun = value.learning && !view?.learning;
  [view, sent, identity] = [value, next, value.id];
  $(".trouble").hidden = true;
  $(".title").textContent = value.title;
  $(".ends b").textContent = slider.max = value.T;
  owned ||= value.data === props.own;
  if (fresh && !first && (owned || asked !== props.own)) openPad(false); // else somebody draws
  const { beliefs } = value,
    best = ["trained", "ideal", "exact"].find((name) => beliefs[name]);
  let nextWay = way,
    nextWhose = beliefs[whose] ? whose : (best ?? whose);
  if (fresh) [nextWay, nextWhose] = [best ? way : "forward", best ?? "ideal"];
  if (begun) watching = true;
  if (watching && beliefs.trained) {
    // what is being learnt: the end of the ways
    [nextWay, nextWhose] = ["reverse", "trained"];
    if (!playing) setT(0);
  }
  if (!value.learning) watching = false;
  if (first) setT(clock.share === null ? 0.2 * value.T : clock.share * value.T);
  drawLoss();
  choose(nextWay, nextWhose);
  forget();
  draw();
  element.dataset.loads = String(+(element.dataset.loads ?? 0) + 1);
}
const resized = new ResizeObserver(() => {
  if (!element.isConnected) return resized.disconnect();
  for (const panel of panels) {
    const { canvas } = panel,
      shown = canvas.clientWidth,
      unit = Math.min(2, window.devicePixelRatio || 1);
    if (!shown) continue;
    panel.unit = unit;
    const side = Math.round(shown * unit);
    if (canvas.width !== side) canvas.width = canvas.height = side;
  }
  fields.key = "";
  redraw();
});
for (const { canvas } of panels) resized.observe(canvas);
const explorer = {
  setT,
  chosen,
  left,
  frameTimes: () => frameTimes.slice(),
  get t() {
    return t;
  },
  get view() {
    return view;
  },
  get playing() {
    return Boolean(playing);
  },
  get pointer() {
    return pointer;
  },
  positions: (panel, time) => Array.from(positions(laneOf(panel), time)),
  noise: (points, time) => Array.from(noiseAt(Float32Array.from(points), time)),
  densities: (time) => Array.from(densities(shadedMixture(), alphaBarAt(time))),
};
element.explorer = explorer;
(element.closest(".block") ?? element).explorer = explorer;
watch("value", load);
onTheme(() => {
  readColours();
  redraw();
});
onVisible(() => clock.share !== null && view && !watching && !playing && setT(clock.share * view.T));
readColours();
load();
