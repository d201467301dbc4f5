const COLUMNS = 11; // t = 0, T/10, …, T
const lanes = new Map(); // name -> { image, frame, src }

function laneOf({ name, rows }) {
  if (!lanes.has(name)) {
    const make = (tag, className, parent) => {
      const node = Object.assign(document.createElement(tag), { className });
      parent.append(node);
      return node;
    };
    const section = make("section", `lane ${name.toLowerCase()}`, $(".sheets"));
    const label = make("span", "label", section);
    label.textContent = name;
    const frame = make("div", "frame", section),
      image = make("img", "", frame);
    image.hidden = true;
    image.id = `spread-${name.toLowerCase()}`;
    image.alt = `${name}: the pictures that came out, a column for each t of the fork, from 0 to T`;
    frame.style.aspectRatio = `${COLUMNS} / ${rows}`;
    lanes.set(name, { image, src: null });
  }
  return lanes.get(name);
}
/** The next sheet takes the place of the last only once it is decoded. */
async function show(lane, src) {
  lane.src = src;
  if (!src) return void (lane.image.hidden = true);
  const next = new Image();
  next.src = src;
  await next.decode();
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
  node.style.setProperty("--left", `${props.left}px`);
  node.style.setProperty("--right", `${props.right}px`);
  for (const each of fan.lanes) {
    const lane = laneOf(each);
    if (lane.src !== each.src) show(lane, each.src);
  }
  $(".text").textContent = fan.text;
}
watch("value", load);
load();
