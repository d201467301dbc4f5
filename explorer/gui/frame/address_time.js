// @ts-check
// The key t: the time of the stage that is seen.

import { clock, stageSeen } from "../parts/clock.js";

let complain = null;
/** Who is told when a time does not fit. */
export const onTime = (tell) => (complain = tell);

let comingT = () => 0;
/** What says how many steps the open tab has been set to: its stage may not show them yet. */
export const onSteps = (steps) => (comingT = steps);

/** t of the stage that is seen, once somebody or a link has moved it. */
export function readTime() {
  if (clock.asked !== null) return String(clock.asked);
  const stage = clock.share === null ? null : stageSeen();
  return stage ? String(Math.round(stage.t)) : null;
}
/** Takes all stages to a time, or with null back to where they begin. */
export function writeTime(text) {
  const t = Number(text);
  if (text !== null && !(/^\d+$/.test(text.trim()) && t <= 1e6))
    return `t: “${text}” is no time; give a whole number.`;
  const stage = stageSeen();
  if (text === null) {
    if (clock.share === null && clock.asked === null) return null;
    clock.asked = null;
    stage?.setT(stage.share * stage.T);
    clock.share = null;
    return null;
  }
  clock.asked = t;
  stage?.setT(Math.min(t, stage.T));
  setTimeout(checkTime, 1500); // T may be on its way
  return null;
}
function checkTime() {
  const T = stageSeen()?.T;
  if (clock.asked === null || !T || clock.asked <= T) return;
  if (clock.asked <= comingT()) return void setTimeout(checkTime, 1500); // a slow server's
  complain?.(`t = ${clock.asked} is not allowed here (0 to ${T}); t = ${T} stands instead.`);
  clock.asked = T;
}
/** A hand takes over: from now on the stages' own share of T counts. */
export const clearTime = () => (clock.asked = null);
