// @ts-check
import { clock, clockTime, followClock, playback } from "../parts/clock.js";
import { within } from "../parts/numbers.js";
import { $, $$, keepChoice, keepInAddress, onResize, onVisible, press, tellTrouble } from "../parts/page.js";
import { anatomy, choose, drawAnatomy, layOutAnatomy } from "./player_anatomy.js";
import { nameNoise } from "./player_clipping.js";
import { drawLane, drawTicks, emptyLanes, layOutLanes, nameLanes, nextTime } from "./player_lanes.js";
import { fetchFrames, writeNotes } from "./player_sheets.js";
import { frameAt, redraw, state, wideTime } from "./player_state.js";

const START = 0.4; // where a stored race stands at first, as a share of T
const player = $(".player");
/** @type {HTMLInputElement} */
const slider = $("#reverse-t");
let following = false; // the newest frames, until a hand takes the cursor

// ---- the clock ----------------------------------------------------------------------------
function draw() {
  const { race, lanes, t } = state;
  if (!race) return;
  lanes.forEach(drawLane);
  drawAnatomy();
  slider.value = String(t);
  slider.setAttribute("aria-valuetext", `t = ${t} of ${race.T}`);
  $("output").textContent = `${wideTime(t)} / ${race.T}`;
}
state.draw = draw;
function setT(next) {
  const { T } = state.race;
  state.t = within(Math.round(next), 0, T);
  clock.share = state.t / T;
  slider.value = String(state.t);
  redraw();
}
let exact = 0; // t while it plays
/** @type {HTMLSelectElement} */
const speed = $("select");
const playing = playback({
  box: $(".buttons"),
  button: $(".play"),
  begin() {
    if (!state.race) return false;
    if (state.t <= 0) setT(state.race.T);
    exact = state.t;
    return true;
  },
  advance(ms) {
    setT((exact -= (ms / 8000) * state.race.T * Number(speed.value))); // T…0 in 8 s at 1×
    return exact > 0;
  },
});

// ---- from Python --------------------------------------------------------------------------
const countFrames = ({ lanes }) => lanes.reduce((sum, { times }) => sum + times.length, 0);
async function load() {
  const value = props.value;
  const before = state.race;
  player.hidden = !value?.lanes?.length;
  if (player.hidden) {
    playing.play(false);
    state.race = null;
    return emptyLanes();
  }
  const fresh = before?.id !== value.id;
  const goesOn = !fresh && !before.running && (value.running || countFrames(value) > countFrames(before));
  state.race = value;
  if (fresh || goesOn) {
    playing.play(false);
    following = goesOn || value.running;
  }
  $(".title").textContent = value.title;
  $(".ends b").textContent = value.T;
  slider.max = value.T;
  nameLanes(choose);
  nameNoise();
  if (fresh) {
    emptyLanes();
    layOutLanes();
    layOutAnatomy();
    choose(state.chosen.lane, state.chosen.picture);
    state.t = value.running ? value.T : clockTime(value.T, START);
  }
  drawTicks();
  const complete = await fetchFrames();
  if (state.race?.id !== value.id) return;
  tellTrouble(complete ? "" : "Some frames did not load. Please run the race again.");
  const { lanes } = state;
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
/** A hand takes the cursor, to a time if there is one. */
function takeTo(time = null) {
  following = false;
  playing.play(false);
  if (state.race && time !== null) setT(time);
  dispatchEvent(new Event("explorer-moved")); // what was said of the cursor may not hold any more
}
const ACTIONS = {
  play() {
    following = false;
    playing.toggle();
  },
  start: () => takeTo(state.race.T),
  earlier: () => takeTo(nextTime(-1)),
  later: () => takeTo(nextTime(1)),
  end: () => takeTo(0),
  up: () => takeTo(state.t + 50),
  down: () => takeTo(state.t - 50),
};
const act = (what) => state.race && ACTIONS[what]();
for (const button of $$("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));
/** Buttons of which one is pressed; `take` hears which. */
function oneOf(attribute, take) {
  const buttons = $$(`[data-${attribute}]`);
  const choices = buttons.map((button) => button.dataset[attribute]);
  const chooseOne = (name) => {
    press(buttons, buttons[choices.indexOf(name)]);
    take(name);
    if (state.race) writeNotes();
    redraw();
  };
  for (const button of buttons) button.addEventListener("click", () => chooseOne(button.dataset[attribute]));
  keepChoice(`reverse.${attribute}`, choices, () => String(state[attribute]), chooseOne);
}
oneOf("show", (name) => (state.show = name));
oneOf("range", (name) => (state.range = +name));
const speeds = [...speed.options]
  .map(({ value }) => value)
  .sort((a, b) => Number(b === "1") - Number(a === "1"));
keepChoice(
  "reverse.speed",
  speeds,
  () => speed.value,
  (value) => (speed.value = value),
);
keepChoice(
  "reverse.apart",
  ["yes", "no"],
  () => (anatomy.open ? "yes" : "no"),
  (value) => (anatomy.open = value === "yes"),
);
/** @type {(name: "lane" | "picture") => void} */
const keepChosen = (name) =>
  keepInAddress(`reverse.${name}`, {
    read: () => (state.chosen[name] ? String(state.chosen[name] + 1) : null),
    write(text) {
      if (text !== null && !/^[1-9]\d?$/.test(text)) return `${name}: “${text}” is no number of one.`;
      const wanted = { ...state.chosen, [name]: Number(text ?? 1) - 1 };
      if (state.lanes.length) choose(wanted.lane, wanted.picture);
      else Object.assign(state.chosen, wanted);
      return null;
    },
  });
keepChosen("lane");
keepChosen("picture");
followClock({
  get t() {
    return state.t;
  },
  get T() {
    return state.race?.T;
  },
  setT: (t) => takeTo(t),
  share: START,
});
slider.addEventListener("input", () => takeTo(+slider.value));
const KEYS = {
  " ": "play",
  ArrowLeft: "earlier",
  ArrowRight: "later",
  End: "start",
  Home: "end",
  PageUp: "up",
  PageDown: "down",
};
player.addEventListener("keydown", (event) => {
  const { tagName } = /** @type {Element} */ (event.target);
  if (tagName === "SELECT" || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === " " && (tagName === "BUTTON" || tagName === "SUMMARY")) return; // their own click
  if (!(event.key in KEYS)) return;
  act(KEYS[event.key]);
  event.preventDefault();
});
const fitting = () => (player.clientWidth < 560 ? 4 : 8);
onResize([element], () => {
  if (!player.clientWidth || fitting() === state.across) return;
  state.across = fitting();
  if (!state.race) return;
  layOutLanes();
  draw();
});
if (element.clientWidth) state.across = element.clientWidth < 560 ? 4 : 8;
const explorer = {
  setT,
  get t() {
    return state.t;
  },
  get race() {
    return state.race;
  },
  get playing() {
    return playing.on;
  },
  get cursor() {
    const { lanes, chosen, race, t } = state;
    const lane = race && lanes[chosen.lane];
    return lane && { t, ...chosen, frame_t: lane.frames.length ? lane.view.times[frameAt(lane)] : null };
  },
};
element.explorer = explorer;
(element.closest(".block") ?? element).explorer = explorer;
watch("value", load);
onVisible(
  () =>
    clock.share !== null && state.race && !following && !playing.on && setT(clockTime(state.race.T, START)),
);
load();
