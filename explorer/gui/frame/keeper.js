// @ts-check
import { $ } from "../parts/page.js";

const SILENCE = 15000; // ms after which a page that follows a job asks again, three missed beats
const RETRY = 6000; // ms between two questions, at least; longer than a beat

const node = $(".keeper");
let live = false;
let heard = Date.now();
let asked = 0;
let unanswered = 0;

/** Whoever was cut off in the middle of a job is shown what came since, `cut` seconds ago. */
function ask(isNew = false) {
  if (!isNew && Date.now() - asked < RETRY) return;
  asked = Date.now();
  const cut = live && !isNew ? (Date.now() - heard) / 1000 : 0;
  trigger("again", { cut, new: isNew, taken: isNew ? (window.explorer?.taken() ?? []) : [] });
}

/** Who comes back into view may have missed something; not who follows a job and hears of it. */
function look() {
  if (element.isConnected && !(live && Date.now() - heard <= SILENCE)) ask();
}

/** Gradio's stream may be lost for good; a new page finds everything again. */
async function startAnew() {
  asked = Date.now();
  const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

watch("value", () => {
  if (props.value?.beat === 0) ask(true);
  live = Boolean(props.value?.live);
  heard = Date.now();
  unanswered = 0;
  node.dataset.live = String(live);
});
const timer = setInterval(() => {
  if (!element.isConnected) clearInterval(timer);
  else if (live && Date.now() - Math.max(heard, asked) > (unanswered ? RETRY : SILENCE)) {
    if (unanswered++ < 2) ask();
    else startAnew();
  }
}, 1000);
addEventListener("online", () => element.isConnected && ask());
addEventListener("pageshow", (event) => event.persisted && look()); // else it has just loaded
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
