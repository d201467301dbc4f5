const plane = $(".plane"),
  slider = $("#plane-t");
const panels = $$(".panel").map((figure) => ({
  figure,
  canvas: figure.querySelector("canvas"),
  formula: figure.querySelector(".formula"),
  name: figure.querySelector("strong"),
  cost: figure.querySelector(".cost"),
  swatch: figure.querySelector(".swatch"),
  positions: new Float32Array(0),
  unit: 1,
}));
const TRAILS = 30; // points whose paths are drawn
let view = null; // what Python sent
let sent = null; // what was fetched of it: {x0, eps, walk, beliefs: {name: {ddpm, ddim}}, network}
let t = 0,
  way = "reverse",
  whose = "trained",
  drawing = false;

// ---- what was sent ------------------------------------------------------------------------
const fetched = new Map(); // path -> promise of an ArrayBuffer
function bytesOf(path) {
  if (!fetched.has(path)) fetched.set(path, fetchBytes(path));
  return fetched.get(path);
}
/** A sheet -> frames of 2n numbers: folded changes, low bytes before high ones. */
async function framesOf({ sheet, times }) {
  const flow = new Blob([await bytesOf(sheet)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(flow).arrayBuffer());
  const count = planes.length / 2,
    length = count / times.length,
    now = new Int16Array(length);
  return times.map((_, frame) => {
    const shown = new Float32Array(length);
    for (let j = 0, k = frame * length; j < length; j++, k++) {
      const folded = planes[k] | (planes[count + k] << 8);
      now[j] += (folded >>> 1) ^ -(folded & 1);
      shown[j] = now[j] / props.unit;
    }
    return shown;
  });
}
/** float16 -> float32. */
function halves(buffer) {
  const bits = new Uint16Array(buffer);
  return Float32Array.from(bits, (h) => {
    const sign = h & 0x8000 ? -1 : 1,
      exponent = (h >> 10) & 31,
      fraction = h & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}
async function fetchAll(value) {
  const lane = async (told, n, curved) => ({ ...told, n, curved, frames: await framesOf(told) });
  const points = bytesOf(value.training).then((buffer) => new Float32Array(buffer));
  const beliefs = Object.entries(value.beliefs).map(async ([name, { ddpm, ddim }]) => [
    name,
    { ddpm: await lane(ddpm, "samples"), ddim: await lane(ddim, "samples", true) },
  ]);
  const network =
    value.network &&
    bytesOf(value.network.weights).then((buffer) => cutNetwork(value.network, halves(buffer)));
  const [both, walk, ready, net] = await Promise.all([
    points,
    lane(value.walk, "points"),
    Promise.all(beliefs),
    network,
  ]);
  const half = both.length / 2;
  return {
    x0: both.subarray(0, half),
    eps: both.subarray(half),
    walk,
    beliefs: Object.fromEntries(ready),
    network: net,
  };
}
/** Only what is shown is kept. */
function forget() {
  const { training, walk, beliefs, network } = view;
  const used = new Set([training, walk.sheet, network?.weights]);
  for (const { ddpm, ddim } of Object.values(beliefs)) used.add(ddpm.sheet).add(ddim.sheet);
  for (const path of fetched.keys()) if (!used.has(path)) fetched.delete(path);
}

// ---- the noise level ----------------------------------------------------------------------
/** ᾱ at any t; between two steps, while it plays, on the straight line. */
function alphaBarAt(time) {
  const table = view.alpha_bar,
    low = Math.min(Math.floor(time), view.T - 1);
  return table[low] + (time - low) * (table[low + 1] - table[low]);
}
const amplitudes = (time) => [Math.sqrt(alphaBarAt(time)), Math.sqrt(1 - alphaBarAt(time))];

// ---- where the points are -----------------------------------------------------------------
/** The frames around `time` and their weights. Between two of its times DDIM's own curve is
 *  x = √ᾱ·x̂_0 + √(1−ᾱ)·ε̂ with the x̂_0 and ε̂ of the step; else points go straight on. */
function between({ times, frames }, time, curved) {
  const falling = times[0] > times[times.length - 1],
    last = frames.length - 1;
  let i = 0;
  while (i < last - 1 && (falling ? times[i + 1] > time : times[i + 1] < time)) i++;
  if (!last) return [frames[0], frames[0], 1, 0];
  const from = times[i],
    to = times[i + 1];
  if (!curved) {
    const share = Math.max(0, Math.min(1, (time - from) / (to - from)));
    return [frames[i], frames[i + 1], 1 - share, share];
  }
  const [a, s] = amplitudes(time),
    [a1, s1] = amplitudes(from),
    [a2, s2] = amplitudes(to);
  const size = a1 * s2 - a2 * s1;
  return [frames[i], frames[i + 1], (a * s2 - a2 * s) / size, (a1 * s - a * s1) / size];
}
/** u·one + v·other, of the first `length` numbers. */
function mix([one, other, u, v], out, length = one.length) {
  if (out?.length !== length) out = new Float32Array(length);
  for (let k = 0; k < length; k++) out[k] = u * one[k] + v * other[k];
  return out;
}
/** What a panel shows: DDPM or the walk on the left, DDIM or one blend on the right. */
function laneOf(panel) {
  if (way === "forward") return panel ? sent : sent.walk;
  return sent.beliefs[whose]?.[panel ? "ddim" : "ddpm"] ?? null;
}
/** Where a lane's points are, x and y in turn. */
function positions(lane, time, out, length) {
  if (lane === sent) return mix([sent.x0, sent.eps, ...amplitudes(time)], out, length);
  return mix(between(lane, time, lane.curved), out, length);
}
const paths = new WeakMap(); // lane -> its times in order, and where the first points are then
function pathOf(lane) {
  if (!paths.has(lane)) {
    const smooth = lane === sent || lane.curved,
      length = 2 * Math.min(TRAILS, view[lane.n ?? "points"]);
    const times = smooth ? Array.from({ length: 101 }, (_, i) => (i * view.T) / 100) : [...lane.times];
    if (lane !== sent && smooth) times.reverse();
    paths.set(lane, { times, places: times.map((time) => positions(lane, time, null, length)) });
  }
  return paths.get(lane);
}
