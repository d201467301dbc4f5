// @ts-check
import { $, $$, make, press } from "./page.js";

const strip = $(".picker");
strip.dataset.key = constants.key;
function load() {
  strip.replaceChildren();
  for (const { name, src } of props.value ?? []) {
    const button = make("button", { type: "button", title: name, ariaLabel: name }, strip);
    make("img", { src, alt: "" }, button);
    button.addEventListener("click", () => {
      press(strip.children, button);
      strip.dataset.picked = name;
      trigger("pick");
    });
  }
  pressShown();
}
/** The picture that is shown, whoever chose it. */
function pressShown() {
  const name = constants.key && window.explorer?.value(constants.key);
  if (!name) return;
  const button = $$("button").find((each) => each.getAttribute("aria-label") === name);
  press(strip.children, button);
}
addEventListener("explorer-noted", function noted() {
  if (element.isConnected) pressShown();
  else removeEventListener("explorer-noted", noted);
});
watch("value", load);
load();
