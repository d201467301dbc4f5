// @ts-check
import { $, isPresenting } from "../parts/page.js";
import { actionOf, isAsked, movedBy } from "./present_keys.js";

const TEXT =
  "input:not([type=range], [type=radio], [type=checkbox]), textarea, select, [contenteditable=true]";
/** @type {HTMLDialogElement} */
const keys = $("dialog");

function present(on) {
  document.body.classList.toggle("present", on);
  $(".presenter").hidden = !on;
  if (!on) keys.close();
  if (!on && document.fullscreenElement) document.exitFullscreen();
  dispatchEvent(new Event("resize")); // what fits itself to the window does so anew
  scrollTo(0, 0);
}

// ---- what is in sight ---------------------------------------------------------------------
const isShown = (node) => node.checkVisibility({ visibilityProperty: true });
/** Of the nodes that the window shows the one nearest to its middle. @returns {any} */
function inSight(selector) {
  const away = (node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return bottom < 0 || top > innerHeight ? Infinity : Math.abs((top + bottom - innerHeight) / 2);
  };
  const nodes = [...document.querySelectorAll(selector)].filter(
    (node) => isShown(node) && away(node) < Infinity,
  );
  return nodes.sort((a, b) => away(a) - away(b))[0] ?? null;
}
/** Those of the page. @returns {any[]} */
const tabs = () => {
  const shown = [...document.querySelectorAll(".tabs [role=tab]")].filter(isShown);
  return shown.filter((tab) => tab.parentElement === shown[0].parentElement);
};
/** Moves the t in sight: as its part does by this key, or by a hundredth of it. */
function move(by) {
  const slider = inSight("input[type=range][id$='-t'], .clock input");
  if (!slider) return;
  const key = by > 0 ? "ArrowRight" : "ArrowLeft";
  if (!slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))) return;
  const [min, max, value] = [slider.min, slider.max, slider.value].map(Number);
  slider.value = String(movedBy({ min, max, value }, by));
  for (const name of ["input", "change"]) slider.dispatchEvent(new Event(name, { bubbles: true }));
}
const ACTIONS = {
  play: () => inSight("button.play")?.click(),
  move,
  tab: (index) => tabs()[index]?.click(),
  full: () =>
    document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen(),
  theme: () => window.explorerTheme?.flip(),
  keys: () => (keys.open ? keys.close() : keys.showModal()),
  leave: () => present(false),
};
addEventListener(
  "keydown",
  (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (!element.isConnected || !isPresenting() || !event.isTrusted || target.closest(TEXT)) return;
    const inLesson = Boolean(document.documentElement.dataset.lesson);
    const action = actionOf(event, { inLesson, tabs: tabs().length });
    if (!action || (action[0] === "move" && target.matches("input[type=range]"))) return;
    const open = document.querySelector("dialog[open]");
    if (open && !(open === keys && action[0] === "keys")) return; // Esc closes it, Space presses its button
    event.preventDefault();
    event.stopImmediatePropagation();
    ACTIONS[action[0]](action[1]);
  },
  { capture: true },
);
$(".show-keys").addEventListener("click", ACTIONS.keys);
$(".leave").addEventListener("click", ACTIONS.leave);
keys.addEventListener("click", ({ target }) => target === keys && keys.close());
addEventListener("explorer-present", () => element.isConnected && present(true));
// a panel that is opened fills the window: its stage stands far down
document.addEventListener("click", ({ target }) => {
  const tab = isPresenting() && target instanceof Element && target.closest(".panels [role=tab]");
  if (tab) requestAnimationFrame(() => tab.closest(".panels").scrollIntoView());
});

// ---- the address --------------------------------------------------------------------------
/** A view without the key stays as it is: a lesson's scenes do not end it. */
const part = {
  read: () => (isPresenting() ? "1" : null),
  write(text) {
    if (text !== null && text !== undefined && isAsked(text) !== isPresenting()) present(isAsked(text));
  },
};
part.write(new URLSearchParams(location.hash.slice(1)).get("present"));
(function join() {
  if (window.explorer?.register) window.explorer.register("present", part);
  else setTimeout(join, 100);
})();

// ---- what sticks to the top stands below a lesson's strip --------------------------------------
const strip = document.querySelector("#lesson-strip");
if (strip)
  new ResizeObserver(() => {
    const height = strip.getBoundingClientRect().height;
    document.documentElement.style.setProperty("--strip", `${height}px`);
  }).observe(strip);
