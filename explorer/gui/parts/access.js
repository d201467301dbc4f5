// @ts-check
import { followStatusLines } from "./announcer.js";
import { keepRepaired } from "./markup.js";
import { $ } from "./page.js";
import { keepSlidersWithin } from "./slider_bounds.js";

$(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address holds what is shown, not where somebody stands
  const seen = (selector) =>
    /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]).find((node) =>
      node.checkVisibility(),
    );
  const stage = seen(".stage") ?? seen(".tabitem"); // the list of topics has no stage
  if (!stage) return;
  stage.tabIndex = -1;
  stage.focus();
  stage.scrollIntoView();
});
keepRepaired();
followStatusLines();
keepSlidersWithin();
