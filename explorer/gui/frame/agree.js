// @ts-check
// Whether a stage's result was made with what its fields say now.

import { $ } from "../parts/page.js";

const REST = 150; // ms without a further change before Python is asked
const PATIENCE = 5000; // ms for which its answer is waited for, so that no older one comes after it
const line = $(".settings-changed");
let made = constants.first; // the mark of what the shown result was made with
let now = constants.first; // that of the fields; null while one of them is wrong
let seen = JSON.stringify(window.explorer?.settingsOf(constants.stage)); // the values that were asked about
let turn = 0;
let until = ""; // the event that takes away the cause of the sentence of trouble
let resting = 0;
let asked = -PATIENCE; // when Python was asked what it has not answered
let pending = false; // whether it is to be asked again then

/** Asks for the mark of the fields as they stand, once nothing more changes. */
function look(again = false) {
  const values = window.explorer?.settingsOf(constants.stage);
  const text = JSON.stringify(values);
  if (!values || (text === seen && !again)) return;
  seen = text;
  until = "";
  clearTimeout(resting);
  resting = setTimeout(ask, REST);
}
function ask() {
  clearTimeout(resting);
  const left = asked + PATIENCE - performance.now();
  pending = left > 0;
  if (pending) resting = setTimeout(ask, left);
  else if (element.isConnected) {
    asked = performance.now();
    trigger("ask", { turn: ++turn, values: window.explorer.settingsOf(constants.stage) });
  }
}
function load() {
  const value = props.value ?? {};
  if (value.made !== undefined) made = value.made;
  if (value.until !== undefined) until = value.until;
  if (value.turn === turn) {
    now = value.mark;
    asked = -PATIENCE;
  }
  line.textContent = made && now && made !== now ? constants.words : "";
  if (value.over) dispatchEvent(new Event("explorer-over"));
  if (pending && asked < 0) ask();
}
watch("value", load);
addEventListener("explorer-noted", () => element.isConnected && look(until === "explorer-noted"));
for (const event of ["explorer-over", "explorer-moved"])
  addEventListener(event, () => element.isConnected && until === event && look(true));
if (window.explorer?.isChanged(constants.stage)) look(true);
load();
