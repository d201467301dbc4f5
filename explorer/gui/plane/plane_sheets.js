// @ts-check
// What Python published of a view, fetched once and forgotten when it is not shown any more.

import { fetchBytes, inflate, unpackHalves } from "../parts/bytes.js";
import { cutNetwork } from "./plane_network.js";
import { unpackSampler, unpackWay } from "./plane_ways.js";

const fetched = new Map(); // path -> promise of an ArrayBuffer
function bytesOf(path) {
  if (!fetched.has(path)) fetched.set(path, fetchBytes(path));
  return fetched.get(path);
}
/** What is known of a way besides: `n` names how many points there are, ways without noise are `curved`. */
async function fetchLane(way, about) {
  const planes = new Uint8Array(await inflate(await bytesOf(way.sheet)));
  return { ...way, ...about, frames: unpackWay(planes, way.times.length, constants.unit) };
}
const fetchBelief = (belief, samplers) =>
  Promise.all(
    belief.ways.map((way, panel) => {
      const sampler = unpackSampler(samplers[panel]);
      return fetchLane(way, { n: "samples", curved: !sampler.noisy, sampler });
    }),
  );
const fetchNetwork = async (network) =>
  network && cutNetwork(network, unpackHalves(await bytesOf(network.weights)));

/** {x0, eps, walk, beliefs: {name: [left, right]}, network} */
export async function fetchView({ training, walk, samplers, beliefs, network }) {
  const names = Object.keys(beliefs);
  const [points, ownWalk, net, ...ready] = await Promise.all([
    bytesOf(training).then((buffer) => new Float32Array(buffer)),
    fetchLane(walk, { n: "points", curved: false }),
    fetchNetwork(network),
    ...names.map((name) => fetchBelief(beliefs[name], samplers)),
  ]);
  const half = points.length / 2;
  return {
    x0: points.subarray(0, half),
    eps: points.subarray(half),
    walk: ownWalk,
    beliefs: Object.fromEntries(names.map((name, i) => [name, ready[i]])),
    network: net,
  };
}
/** Only what is shown is kept. */
export function keepOnly({ training, walk, beliefs, network }) {
  const used = new Set([training, walk.sheet, network?.weights]);
  for (const { ways } of Object.values(beliefs)) for (const { sheet } of ways) used.add(sheet);
  for (const path of fetched.keys()) if (!used.has(path)) fetched.delete(path);
}
