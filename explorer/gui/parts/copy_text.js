// @ts-check
import { $, make } from "./page.js";

const buttons = $(".buttons");
const status = $(".status");
/** @type {HTMLButtonElement} */
const shows = $(".show");
/** @type {HTMLTextAreaElement} */
const area = $(".text");
const LINES = 24;
let label = ""; // of the text that is shown

/** The text with what the browser knows: `{{t}}` is where the slider stands. */
function filled() {
  const known = document.getElementById(constants.source)?.explorer?.shown ?? {};
  const values = { ...props.value.values, ...known };
  return props.value.texts[label].replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[name]));
}
function show(on) {
  area.hidden = !on;
  shows.textContent = on ? "Hide" : "Show";
  shows.setAttribute("aria-expanded", String(on));
  if (!on) return;
  area.value = filled();
  area.rows = Math.min(LINES, area.value.split("\n").length);
}
async function copy() {
  const text = filled();
  try {
    await navigator.clipboard.writeText(text);
    if (!area.hidden) show(true);
    status.textContent = "Copied";
  } catch {
    show(true);
    area.focus();
    area.select();
    status.textContent = document.execCommand("copy")
      ? "Copied: the text below"
      : "Your browser does not let the page copy: the text is selected, press Ctrl+C or ⌘C";
  }
}
function load() {
  const texts = props.value?.texts ?? {};
  if (!(label in texts)) label = Object.keys(texts)[0] ?? "";
  status.textContent = "";
  $(".copy-text").hidden = !label;
  const names = Object.keys(texts);
  if (String(names) !== String([...buttons.children].map((button) => button.textContent))) {
    buttons.replaceChildren();
    for (const name of names) {
      const button = make("button", { type: "button", textContent: name }, buttons);
      button.addEventListener("click", () => {
        label = name;
        copy();
      });
    }
  }
  if (label && !area.hidden) show(true);
}
shows.addEventListener("click", () => show(area.hidden));
element.explorer = {
  /** What a button copies. */
  textOf(name) {
    label = name;
    return filled();
  },
};
(element.closest(".block") ?? element).explorer = element.explorer;
watch("value", load);
load();
