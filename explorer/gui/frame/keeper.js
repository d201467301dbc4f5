// @ts-check
import { $ } from "../parts/page.js";

const SILENCE = 15000; // ms after which a page that follows a job asks again, three missed beats
const RETRY = 6000; // ms between two questions, at least; longer than a beat

const node = $(".keeper");
let live = false;
let heard = Date.now();
let asked = 0;

/** Whoever was cut off in the middle of a job is shown it from its beginning. */
function ask(isNew = false) {
  if (!isNew && Date.now() - asked < RETRY) return;
  asked = Date.now();
  trigger("again", { cut: live, new: isNew });
}

watch("value", () => {
  if (props.value?.beat === 0) ask(true);
  live = Boolean(props.value?.live);
  heard = Date.now();
  node.dataset.live = String(live);
});
const timer = setInterval(() => {
  if (!element.isConnected) clearInterval(timer);
  else if (live && Date.now() - heard > SILENCE) ask();
}, 1000);
addEventListener("online", () => ask());
addEventListener("pageshow", ({ persisted }) => persisted && ask()); // out of the browser's memory
document.addEventListener("visibilitychange", () => {
  const hears = live && Date.now() - heard < RETRY; // one who follows need not ask
  if (document.visibilityState === "visible" && !hears) ask();
});
