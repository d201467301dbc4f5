// @ts-check
// Sheets of frames, fetched as they come, and only once.

import { fetchBytes, inflate } from "../parts/bytes.js";
import { MINUS } from "../parts/numbers.js";
import { $ } from "../parts/page.js";
import { unpackFrames } from "./frames.js";
import { state } from "./player_state.js";

async function fetchSheet({ sheets, view }, path, count, race) {
  const sheet = {};
  sheets.set(path, sheet);
  try {
    const packed = await fetchBytes(path);
    const buffer = await inflate(packed);
    if (state.race?.id !== race.id) return; // another race began meanwhile
    const values = race.pictures * race.size * race.size * race.channels;
    const frames = unpackFrames(buffer, count, values, view);
    Object.assign(sheet, { bytes: packed.byteLength, frames });
  } catch (error) {
    sheets.delete(path); // asked for again with the next news
    throw error;
  }
}
/** Frames count only up to the first sheet that is not there yet. */
function collectFrames(lane) {
  lane.frames = [];
  for (const path of lane.view.sheets) {
    const sheet = lane.sheets.get(path);
    if (!sheet?.frames) return;
    lane.frames.push(...sheet.frames);
  }
}
/** Fetches what is missing of all lanes; whether everything arrived. */
export async function fetchFrames() {
  const { lanes, race } = state;
  const missing = lanes.flatMap((lane) =>
    lane.view.sheets.map(async (path, i) => {
      if (!lane.sheets.has(path)) await fetchSheet(lane, path, lane.view.counts[i], race);
    }),
  );
  const arrivals = await Promise.allSettled(missing);
  if (state.race?.id === race.id) lanes.forEach(collectFrames);
  return arrivals.every(({ status }) => status === "fulfilled");
}
/** How values become grey, and what was sent. */
export function writeNotes() {
  const { lanes, range, show } = state;
  const end = range === 1 ? 1 : 3;
  const nothing = show === "eps" ? "; at t = 0 nothing is left to predict" : "";
  $(".mapping").textContent = `black ${MINUS}${end}, white ${end}; values outside are clipped${nothing}`;
  const frames = lanes.map((lane) => lane.frames.length).join(" + ");
  let bytes = 0;
  for (const lane of lanes) for (const sheet of lane.sheets.values()) bytes += sheet.bytes ?? 0;
  const size = bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const unclipped = lanes.some(({ view }) => view.wide && !view.corrected);
  const corrected = lanes.some(({ view }) => view.corrected) ? " (32 with a correction)" : "";
  const words = unclipped ? " (32 without clipping)" : corrected;
  $(".sent").textContent = `sent: ${frames} frames, ${size}, 16-bit${words}, lossless`;
}
