// ---- from Python --------------------------------------------------------------------------
async function fetchSheet(path) {
  const packed = await fetchBytes(path);
  const flow = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return { bytes: packed.byteLength, buffer: await new Response(flow).arrayBuffer() };
}
/** Frames count only up to the first sheet that is not there yet. */
function collect(lane) {
  lane.frames = [];
  for (const path of lane.view.sheets) {
    const sheet = lane.sheets.get(path);
    if (!sheet?.frames) return;
    lane.frames.push(...sheet.frames);
  }
}
function writeNotes() {
  const end = range === 1 ? 1 : 3;
  $(".mapping").textContent =
    `black ${MINUS}${end}, white ${end}; what lies outside is cut${show === "eps" ? "; at t = 0 nothing is left to predict" : ""}`;
  const frames = lanes.map((lane) => lane.frames.length).join(" + ");
  let bytes = 0;
  for (const lane of lanes) for (const sheet of lane.sheets.values()) bytes += sheet.bytes ?? 0;
  const size = bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  $(".sent").textContent =
    `sent: ${frames} frames, ${size}, 16-bit${lanes.some(({ view }) => view.wide) ? " (32 without clipping)" : ""}, lossless`;
}
const framesOf = ({ lanes }) => lanes.reduce((sum, { times }) => sum + times.length, 0);
async function load() {
  const value = props.value;
  player.hidden = !value?.lanes?.length;
  if (player.hidden) {
    play(false);
    [race, identity] = [null, null];
    for (const lane of lanes) [lane.frames, lane.sheets] = [[], new Map()];
    return;
  }
  const fresh = identity !== value.id;
  const goesOn = !fresh && !race.running && (value.running || framesOf(value) > framesOf(race));
  identity = value.id;
  race = value;
  if (fresh || goesOn) {
    play(false);
    following = goesOn || value.running; // until a hand takes the cursor
  }
  $(".title").textContent = value.title;
  $(".ends b").textContent = value.T;
  slider.max = value.T;
  nameLanes();
  if (fresh) {
    for (const lane of lanes) [lane.frames, lane.sheets] = [[], new Map()]; // the last race's memory
    layOut();
    layOutAnatomy();
    choose(chosen.lane, chosen.picture);
    t = value.running ? value.T : Math.round((clock.share ?? 0.4) * value.T);
  }
  drawTicks();
  const missing = lanes.flatMap(({ view, sheets }) =>
    view.sheets.map(async (path, i) => {
      if (sheets.has(path)) return;
      const sheet = {};
      sheets.set(path, sheet);
      try {
        const { bytes, buffer } = await fetchSheet(path);
        if (identity !== value.id) return; // another race began meanwhile
        Object.assign(sheet, { bytes, frames: cut(buffer, view.counts[i], view) });
      } catch (error) {
        sheets.delete(path); // asked for again with the next news
        throw error;
      }
    }),
  );
  const arrivals = await Promise.allSettled(missing);
  if (identity !== value.id) return;
  $(".trouble").textContent = "Some frames did not arrive. Please run the race again.";
  $(".trouble").hidden = arrivals.every(({ status }) => status === "fulfilled");
  lanes.forEach(collect);
  const reached = lanes
    .filter((lane) => lane.frames.length)
    .map((lane) => lane.view.times[lane.frames.length - 1]);
  if (following && reached.length) setT(Math.max(...reached));
  if (!value.running) following = false;
  writeNotes();
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
  let last = performance.now(),
    exact = t;
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
/** Buttons of which one is pressed; `take` hears which. */
function oneOf(attribute, take) {
  const buttons = $$(`[data-${attribute}]`);
  for (const button of buttons)
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      take(button.dataset[attribute]);
      if (race) writeNotes();
      redraw();
    });
}
oneOf("show", (name) => {
  show = name;
});
oneOf("range", (name) => {
  range = +name;
});
slider.addEventListener("input", () => {
  following = false;
  play(false);
  race && setT(+slider.value);
});
player.addEventListener("keydown", (event) => {
  const { tagName } = event.target;
  if (tagName === "SELECT" || event.altKey || event.ctrlKey || event.metaKey) return;
  const actions = { " ": "play", ArrowLeft: "earlier", ArrowRight: "later", End: "start" };
  if (event.key === " " && (tagName === "BUTTON" || tagName === "SUMMARY")) return; // their own click
  if (actions[event.key]) act(actions[event.key]);
  else if (event.key === "Home") {
    act("none");
    race && setT(0);
  } else if (event.key === "PageUp" || event.key === "PageDown") {
    act("none");
    race && setT(t + (event.key === "PageUp" ? 50 : -50));
  } else return;
  event.preventDefault();
});
const resized = new ResizeObserver(() => {
  if (!element.isConnected) return resized.disconnect();
  const most = player.clientWidth < 560 ? 4 : 8;
  if (!player.clientWidth || most === across) return;
  across = most;
  if (!race) return;
  layOut();
  draw();
});
resized.observe(element);
if (element.clientWidth) across = element.clientWidth < 560 ? 4 : 8;
const explorer = {
  setT,
  get t() {
    return t;
  },
  get race() {
    return race;
  },
  get playing() {
    return Boolean(playing);
  },
  get cursor() {
    const lane = race && lanes[chosen.lane];
    return lane && { t, ...chosen, frame_t: lane.frames.length ? lane.view.times[frameAt(lane)] : null };
  },
};
element.explorer = explorer;
(element.closest(".block") ?? element).explorer = explorer;
watch("value", load);
onVisible(() => clock.share !== null && race && !following && !playing && setT(clock.share * race.T));
load();
