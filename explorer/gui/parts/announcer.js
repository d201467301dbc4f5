// @ts-check
// Tells the milestones of status lines to screen readers: a running job's line changes twice a second.

import { followLine } from "./milestones.js";
import { $ } from "./page.js";

const LOOK = 500; // ms between two looks
const followed = new WeakMap(); // line -> what follows it

/** Says a sentence; the same one again is said again. */
export function announce(text) {
  const region = $(".announcer");
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
function look() {
  const now = performance.now();
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".status-line"))) {
    const text = (line.querySelector("p")?.textContent ?? "").trim().replace(/\s+/g, " ");
    const known = followed.get(line);
    if (!known) {
      followed.set(line, followLine(text));
      continue;
    }
    const news = known.hear(text, now) ?? known.wait(now);
    if (news) announce(news);
  }
}
export function followStatusLines() {
  const timer = setInterval(() => (element.isConnected ? look() : clearInterval(timer)), LOOK);
}
