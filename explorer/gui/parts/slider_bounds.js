// @ts-check
// A number typed beside a slider is within its bounds before anybody hears of it: Gradio would ask
// with what was typed and show what is allowed, two different numbers.

/** @param {FocusEvent} event */
function keepWithin(event) {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!(box instanceof HTMLInputElement) || box.dataset.testid !== "number-input") return;
  const [value, low, high] = [box.valueAsNumber, Number(box.min), Number(box.max)];
  const allowed = Math.min(Math.max(value, low), high);
  if (Number.isNaN(allowed) || allowed === value) return;
  box.valueAsNumber = allowed;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
/** For all sliders of the page, also of parts that come later. */
export const keepSlidersWithin = () => document.addEventListener("blur", keepWithin, true);
