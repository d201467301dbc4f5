// @ts-check
import { $, decoded } from "./page.js";

/** @type {HTMLImageElement} */
const image = $("img");
async function load() {
  const value = props.value;
  if (value && !value.src) {
    // the room stays as it was
    image.hidden = true;
    $(".frame").classList.remove("filled");
    $("figcaption").textContent = value.caption;
  }
  if (!value?.src) return;
  const { naturalWidth, naturalHeight } = await decoded(value.src);
  if (props.value !== value) return;
  image.src = value.src;
  $(".frame").style.aspectRatio = `${naturalWidth} / ${naturalHeight}`;
  $(".frame").classList.add("filled");
  image.alt = value.caption;
  image.hidden = false;
  $("figcaption").textContent = value.caption;
}
watch("value", load);
load();
