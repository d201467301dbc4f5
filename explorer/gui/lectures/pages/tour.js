// @ts-check
import { $ } from "../../parts/page.js";

const button = $("button");
function load() {
  const { lesson, scenes } = props.value ?? {};
  button.textContent = lesson ? `Take the tour, ${scenes} scenes` : "";
  button.dataset.lesson = lesson;
}
button.addEventListener("click", () => {
  /** @type {any} */ (document.querySelector("#lessons"))?.explorer?.open(button.dataset.lesson);
});
watch("value", load);
load();
