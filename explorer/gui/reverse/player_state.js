// @ts-check
// What the player's files share.

import { wide } from "../parts/numbers.js";
import { onceAFrame } from "../parts/page.js";
import { reachedIndex } from "../parts/times.js";

export const state = {
  race: null, // what Python sent
  lanes: [], // sections of the page, as many as the race has
  t: 0,
  show: "x",
  range: 1,
  chosen: { lane: 0, picture: 0 }, // lane of the step
  across: 8, // pictures beside each other, at most
  draw: () => {}, // how everything is drawn: player.js says it
};
export const redraw = onceAFrame(() => state.draw());

/** The frame that a lane shows now. */
export const frameAt = (lane) => reachedIndex(lane.view.times, state.t, lane.frames.length);
/** How the pictures of this race lie in a frame. */
export const pictureGrid = () => {
  const { size, channels } = state.race;
  return { size, channels, range: state.range };
};
/** A time as wide as T. */
export const wideTime = (time) => wide(time, state.race.T);
