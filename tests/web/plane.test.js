// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { unpackBytes, unpackHalves } from "../../explorer/gui/parts/bytes.js";
import {
  arrowLines,
  densities,
  GRID,
  mixtureNoise,
  readNoise,
  REACH,
  shadeDensities,
  SHADES,
} from "../../explorer/gui/plane/plane_field.js";
import { cutNetwork, networkNoise } from "../../explorer/gui/plane/plane_network.js";
import { extendStroke } from "../../explorer/gui/plane/plane_strokes.js";
import {
  alphaBarAt,
  amplitudes,
  between,
  mix,
  stepAt,
  unpackSampler,
  unpackWay,
} from "../../explorer/gui/plane/plane_ways.js";
import { expected, near } from "./expected.js";

const python = expected("plane");
const { t, alphaBar, law } = python;
const x = Float32Array.from(python.x);
const level = alphaBar[t];

test("a way arrives as it was packed", () => {
  const frames = unpackWay(unpackBytes(python.sheet), python.frames.length, python.unit);
  frames.forEach((frame, i) => assert.deepEqual([...frame], python.frames[i]));
});
test("ᾱ is Python's at whole times and on the line between two", () => {
  for (const time of [0, 1, t, python.T]) near([alphaBarAt(alphaBar, time)], [alphaBar[time]], 1e-15);
  near([alphaBarAt(alphaBar, t + 0.25)], [0.75 * alphaBar[t] + 0.25 * alphaBar[t + 1]], 1e-15);
  near(amplitudes(level), [level ** 0.5, (1 - level) ** 0.5], 1e-15);
});
test("between two frames points go straight on, or on DDIM's curve", () => {
  const { times, from, middle, to } = python.ddim;
  const way = { times, frames: [from, to].map((frame) => Float32Array.from(frame)) };
  const [time, places] = middle;
  near(mix(between(way, time, alphaBar)), places, 1e-5);
  near(mix(between(way, times[1], alphaBar)), to, 1e-5);
  const share = (times[0] - time) / (times[0] - times[1]);
  const straight = from.map((/** @type {number} */ a, /** @type {number} */ i) => a + share * (to[i] - a));
  near(mix(between(way, time, null)), straight, 1e-5);
  near(mix(between(way, times[0] + 1, null)), from, 1e-6); // not beyond the ends
  assert.equal(mix(between(way, time, null), null, 4).length, 4);
});
test("the ε̂ of points and of a law is Python's", () => {
  near(mixtureNoise({ means: python.points, std: 0 }, level, x), python.pointsNoise, 2e-5);
  near(mixtureNoise(law, level, x), python.lawNoise, 2e-5);
});
test("score and belief follow from ε̂", () => {
  const noise = mixtureNoise(law, level, x);
  for (let k = 0; k < x.length; k += 2) {
    const { belief, score } = readNoise(x.subarray(k, k + 2), noise.subarray(k, k + 2), level);
    near(belief, python.lawBelief.slice(k, k + 2), 5e-5);
    near(score, python.lawScore.slice(k, k + 2), 5e-5);
  }
  const ideal = mixtureNoise({ means: python.points, std: 0 }, level, x.subarray(0, 2));
  near(readNoise(x, ideal, level).belief, python.pointsBelief.slice(0, 2), 5e-5);
});
test("the density is Python's, and the likeliest cell the darkest", () => {
  const values = densities(law, level);
  const most = values.reduce((a, b) => Math.max(a, b));
  const some = [...values].filter((_, i) => i % 37 === 0).map((value) => value / most);
  near(some, python.lawDensity, 1e-5);
  const pixels = new Uint8ClampedArray(4 * SHADES * SHADES);
  shadeDensities(values, [1, 2, 3], pixels);
  for (const at of [0, 100, 4000]) {
    const row = SHADES - 1 - Math.floor(at / SHADES); // y points upwards
    const pixel = 4 * (row * SHADES + (at % SHADES));
    assert.deepEqual([...pixels.slice(pixel, pixel + 3)], [1, 2, 3]);
    near([pixels[pixel + 3]], [105 * (values[at] / most) ** 0.6], 0.5);
  }
  assert.equal(
    pixels.filter((_, i) => i % 4 === 3).reduce((a, b) => Math.max(a, b)),
    105,
  );
});
test("the network's ε̂ is Python's for every target", () => {
  for (const { size, noise } of python.networks) {
    const net = cutNetwork(size, unpackHalves(unpackBytes(size.weights).buffer));
    near(networkNoise(net, t, level, x), noise, 2e-4);
    near(networkNoise(net, t, level, x), noise, 2e-4); // asked again
    const grid = networkNoise(net, t, level, GRID);
    assert.deepEqual(networkNoise(net, t, level, GRID), grid); // which is kept
  }
});
test("arrows point along −ε̂, stand where they belong and do not reach the next", () => {
  const noise = mixtureNoise(law, level, GRID);
  noise.fill(0, 0, 2); // no arrow without a direction
  const lines = arrowLines(noise);
  assert.equal(lines.length, GRID.length / 2 - 1);
  lines.forEach(([tailX, tailY, tipX, tipY], i) => {
    const at = 2 * (i + 1);
    near([(tailX + tipX) / 2, (tailY + tipY) / 2], GRID.slice(at, at + 2), 1e-6);
    const [dx, dy] = [tipX - tailX, tipY - tailY];
    assert.ok(dx * noise[at] + dy * noise[at + 1] < 0);
    assert.ok(Math.abs(dx * noise[at + 1] - dy * noise[at]) < 1e-6);
    assert.ok(Math.hypot(dx, dy) < (2 * REACH) / 18);
  });
});
test("the step that is shown at t is Python's", () => {
  for (const { sent, shown } of python.samplers) {
    const sampler = unpackSampler(sent);
    assert.equal(
      sampler.noisy,
      shown.some((/** @type {number[]} */ step) => step[3] > 0),
    );
    shown.forEach((/** @type {number[]} */ step, /** @type {number} */ time) => {
      const { to, signal, direction, sigma, change } = stepAt(sampler, time);
      assert.equal(to, step[0]);
      near([signal, direction, sigma, change], step.slice(1), 1e-7);
    });
  }
});
test("a fast hand leaves no holes, a slow one no crowd, and there is a limit", () => {
  /** @type {number[][]} */
  const stroke = [];
  extendStroke(stroke, [0, 0], 10);
  extendStroke(stroke, [0.05, 0], 10);
  assert.deepEqual(stroke, [[0, 0]]);
  extendStroke(stroke, [0.3, 0.4], 10);
  assert.equal(stroke.length, 6);
  near(stroke[5], [0.3, 0.4], 1e-12);
  extendStroke(stroke, [3, 3], 2);
  assert.equal(stroke.length, 8);
  extendStroke(stroke, [3, 3], 0);
  extendStroke([], [3, 3], 0);
  assert.equal(stroke.length, 8);
});
