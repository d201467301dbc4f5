// @ts-check
import { $, make, press } from "./page.js";

const strip = $(".picker");
function load() {
  strip.replaceChildren();
  for (const { name, src } of props.value ?? []) {
    const button = make("button", { type: "button", title: name, ariaLabel: name }, strip);
    make("img", { src, alt: "" }, button);
    button.addEventListener("click", () => {
      press(strip.children, button);
      trigger("pick", { name });
    });
  }
}
watch("value", load);
load();
