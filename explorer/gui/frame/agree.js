// @ts-check
// Whether a stage's result was made with what its fields say now.

import { $ } from "../parts/page.js";

const REST = 150; // ms without a further change before Python is asked
const line = $(".settings-changed");
let made = constants.first; // the mark of what the shown result was made with
let now = constants.first; // that of the fields; null while one of them is wrong
let seen = JSON.stringify(window.explorer?.settingsOf(constants.stage)); // the values that were asked about
let turn = 0;
let until = ""; // the event that takes away the cause of the sentence of trouble
let resting = 0;

/** Asks for the mark of the fields as they stand, once nothing more changes. */
function look(again = false) {
  const values = window.explorer?.settingsOf(constants.stage);
  const text = JSON.stringify(values);
  if (!values || (text === seen && !again)) return;
  seen = text;
  until = "";
  clearTimeout(resting);
  resting = setTimeout(() => element.isConnected && trigger("ask", { turn: ++turn, values }), REST);
}
function load() {
  const value = props.value ?? {};
  if (value.made !== undefined) made = value.made;
  if (value.until !== undefined) until = value.until;
  if (value.turn === turn) now = value.mark;
  line.textContent = made && now && made !== now ? constants.words : "";
  if (value.over) dispatchEvent(new Event("explorer-over"));
}
watch("value", load);
addEventListener("explorer-noted", () => element.isConnected && look(until === "explorer-noted"));
for (const event of ["explorer-over", "explorer-moved"])
  addEventListener(event, () => element.isConnected && until === event && look(true));
if (window.explorer?.isChanged(constants.stage)) look(true);
load();
