// ---- one step, taken apart: x_s = √ᾱ_s·x̂_0 + √(1 − ᾱ_s − σ²)·ε̂ + σ·z -----------------------
const terms = Object.fromEntries(
  ["x0", "eps", "z", "sum"].map((name) => {
    const canvas = $(`#anatomy-${name}`);
    return [name, { canvas, context: canvas.getContext("2d"), image: null }];
  }),
);
const anatomy = $(".anatomy"),
  live = $$("[data-live]"),
  subscripts = $$("sub.s");
let apart = ""; // what is drawn

function choose(lane, picture) {
  chosen = {
    lane: Math.max(0, Math.min(lanes.length - 1, lane)),
    picture: Math.max(0, Math.min(race.pictures - 1, picture)),
  };
  [...$(".lane-choice").children].forEach((button, i) =>
    button.setAttribute("aria-pressed", String(i === chosen.lane)),
  );
  $(".stepper span").textContent = `picture ${wide(chosen.picture + 1, race.pictures)} of ${race.pictures}`;
  $("[data-picture='-1']").disabled = chosen.picture === 0;
  $("[data-picture='1']").disabled = chosen.picture === race.pictures - 1;
  placeMarks();
  redraw();
}
/** A button for each lane; canvases of one picture each. */
function layOutAnatomy() {
  const box = $(".lane-choice");
  while (box.children.length > lanes.length) box.lastChild.remove();
  while (box.children.length < lanes.length) {
    const index = box.children.length;
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.addEventListener("click", () => choose(index, chosen.picture));
    box.append(button);
  }
  [...box.children].forEach((button, i) => (button.textContent = lanes[i].view.name));
  box.hidden = lanes.length === 1;
  $(".stepper").hidden = race.pictures === 1;
  for (const term of Object.values(terms)) {
    if (term.image?.width === race.size) continue;
    term.canvas.width = term.canvas.height = race.size;
    term.image = new ImageData(race.size, race.size);
  }
  apart = "";
}
/** The weights of x_t, x̂_0 and z in each of the three pictures and in their sum. */
function mixes(coefficients) {
  const [, , signal, direction, sigma] = coefficients;
  const parts = { x0: [0, signal, 0], eps: predicted(coefficients, direction), z: [0, 0, sigma] };
  return { ...parts, sum: [0, 1, 2].map((i) => parts.x0[i] + parts.eps[i] + parts.z[i]) };
}
function drawAnatomy() {
  const lane = lanes[chosen.lane];
  if (!anatomy.open || !lane.frames.length) return;
  const i = frameAt(lane),
    key = `${chosen.lane} ${chosen.picture} ${i} ${range}`;
  if (key === apart) return;
  apart = key;
  const { view } = lane,
    coefficients = view.coefficients[i],
    [from, to] = view.steps[i];
  const [, , signal, direction, sigma] = coefficients;
  const mix = mixes(coefficients),
    values = { x0: signal, eps: direction, z: sigma };
  const spoken = { x0: "x̂₀", eps: "ε̂", z: "z" };
  for (const [name, { canvas, context, image }] of Object.entries(terms)) {
    paint(image, lane.frames[i], mix[name], chosen.picture, 1, 1);
    context.putImageData(image, 0, 0);
    canvas.setAttribute(
      "aria-label",
      name === "sum" ? `x at s = ${to}` : `${digits(values[name])} times ${spoken[name]}`,
    );
  }
  for (const span of live) span.textContent = digits(values[span.dataset.live]);
  const under = 1 - signal ** 2 - direction ** 2; // η²β̃: the mean is the same whatever σ is
  $(".under").textContent = Math.abs(under - sigma ** 2) < 1e-9 ? "σ²" : "η²β̃";
  for (const sub of subscripts) sub.textContent = String(to).padEnd(String(race.T - 1).length, FIGURE); // no gap after x
  $(".none").hidden = sigma > 0;
  const who = view.name.split(",")[0],
    verb = from - to > 1 ? "jumps" : "steps";
  $(".step").textContent =
    from === 0
      ? `${who} has arrived at t = 0: the picture is finished.`
      : `${who} ${verb} from t = ${wide(from, race.T - 1)} to s = ${wide(to, race.T - 1)}${sigma > 0 ? ", adding noise" : ""}.`;
  Object.assign(anatomy.dataset, { t: from, s: to });
}
anatomy.addEventListener("toggle", () => {
  player.classList.toggle("whole", !anatomy.open);
  redraw();
});
for (const button of $$("[data-picture]"))
  button.addEventListener("click", () => choose(chosen.lane, chosen.picture + +button.dataset.picture));
