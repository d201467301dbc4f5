// @ts-check
import { addHelp } from "../../parts/explain.js";
import { $, decoded, make } from "../../parts/page.js";

const COLUMNS = 11; // t = 0, T/10, …, T
const lanes = new Map(); // name -> { image, src }

function laneOf({ name, rows }) {
  if (!lanes.has(name)) {
    const section = make("section", { className: `lane ${name.toLowerCase()}` }, $(".sheets"));
    const label = make("span", { className: "label" }, section);
    const frame = make("div", { className: "frame" }, section);
    frame.style.aspectRatio = `${COLUMNS} / ${rows}`;
    const alt = `${name}: the images that came out, a column for each t of the fork, from 0 to T`;
    const image = make("img", { hidden: true, id: `spread-${name.toLowerCase()}`, alt }, frame);
    lanes.set(name, { image, label, src: null });
  }
  return lanes.get(name);
}
/** The next sheet takes the place of the last only once it is decoded. */
async function show(lane, src) {
  lane.src = src;
  if (!src) return void (lane.image.hidden = true);
  await decoded(src);
  if (lane.src !== src) return;
  lane.image.src = src;
  lane.image.hidden = false;
}
function load() {
  const fan = props.value;
  if (!fan) return;
  const node = $(".fan");
  node.hidden = false;
  node.dataset.running = fan.running;
  node.style.setProperty("--left", `${constants.left}px`);
  node.style.setProperty("--right", `${constants.right}px`);
  for (const each of fan.lanes) {
    const lane = laneOf(each);
    lane.label.textContent = [each.name, fan.given].filter(Boolean).join("\n");
    if (lane.src !== each.src) show(lane, each.src);
  }
  $(".text").textContent = fan.text;
}
addHelp($(".sheets"), "the images of the forks", () => {
  const fan = props.value;
  if (!fan?.lanes.some(({ src }) => src)) return null;
  return `**Axes.** A row for each continuation, a block for each sampler. Across: t of the fork, from 0 to T, under the points of the curve above.

**Look at** a column: all its images continue from the same x_t. Where they agree, x_t decided; where they differ, the noise that was drawn after it did.

**What follows.** ${fan.text}`;
});
watch("value", load);
load();
