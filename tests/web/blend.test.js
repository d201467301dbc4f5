// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  blend,
  countBlend,
  keptMore,
  matchingTime,
  strength,
} from "../../explorer/gui/forward/blend_math.js";
import { normals, pictureNoise } from "../../explorer/gui/forward/noise.js";
import { barsPath, normalPath } from "../../explorer/gui/parts/histogram.js";
import { decibels } from "../../explorer/gui/parts/numbers.js";
import { colours, expected, near } from "./expected.js";

const python = expected("blend");
const { size, alphaBar } = python;
const scene = { size, x0: Uint8Array.from(python.x0), eps: Float32Array.from(python.eps) };

test("x_t is Python's, at every pixel to half a grey level", () => {
  const pixels = new Uint8ClampedArray(4 * size * size);
  alphaBar.forEach((/** @type {number} */ level, /** @type {number} */ i) => {
    blend(scene, level, pixels);
    const shown = python.pixels[i].map((/** @type {number} */ value) => Math.max(0, Math.min(255, value)));
    near(colours(pixels), shown, 0.5 + 1e-9);
  });
});
test("the noise of a seed is PyTorch's", () => {
  for (const { seed, values } of python.drawn) near(normals(seed, values.length), values, 2e-5);
});
test("noise lies by row, column and channel", () => {
  const drawn = normals(3, 3 * size * size);
  const laid = pictureNoise(3, size);
  for (const [y, x, c] of [
    [0, 0, 2],
    [5, 7, 1],
    [size - 1, 0, 0],
  ])
    assert.equal(laid[3 * (y * size + x) + c], drawn[(c * size + y) * size + x]);
});
test("a small image has some of the pixels", () => {
  const whole = new Uint8ClampedArray(4 * size * size);
  const small = new Uint8ClampedArray((4 * size * size) / 9);
  blend(scene, alphaBar[3], whole);
  blend(scene, alphaBar[3], small, 3);
  const side = size / 3;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [from, to] = [4 * 3 * (y * size + x), 4 * (y * side + x)];
      assert.deepEqual(small.slice(to, to + 3), whole.slice(from, from + 3));
    }
});
test("the histogram counts what Python counts", () => {
  const counts = new Float64Array(64);
  alphaBar.forEach((/** @type {number} */ level, /** @type {number} */ i) => {
    assert.equal(countBlend(scene, level, counts), scene.x0.length);
    const moved = counts.reduce((sum, count, bin) => sum + Math.abs(count - python.counts[i][bin]), 0);
    assert.ok(moved <= 4, `${moved} of ${scene.x0.length} in another bin`); // values on an edge
  });
});
test("a schedule's time of the same ᾱ is the nearest", () => {
  const [linear, cosine] = python.tables;
  const found = linear.map((/** @type {number} */ level) => matchingTime(cosine, level));
  const distance = (/** @type {number} */ time, /** @type {number} */ i) =>
    Math.abs(cosine[time] - linear[i]);
  found.forEach((/** @type {number} */ time, /** @type {number} */ i) =>
    assert.ok(distance(time, i) <= distance(python.nearest[i], i) + 1e-15, `at ${i}: ${time}`),
  );
});
test("a normal sample's bars follow the normal's outline", () => {
  const plot = { width: 8, base: 10, top: 0 };
  const heights = (/** @type {string} */ path) =>
    [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((m) => +m[1]);
  const counts = Float64Array.from({ length: 80 }, (_, i) => Math.exp(-(((i + 0.5) / 10 - 4) ** 2) / 2));
  const bars = heights(
    barsPath(
      plot,
      counts,
      counts.reduce((sum, count) => sum + count),
    ),
  );
  const normal = heights(normalPath(plot)).slice(1, 82);
  const middles = normal.slice(0, -1).map((y, i) => (y + normal[i + 1]) / 2);
  near(bars, middles.slice(0, 80), 0.11);
  assert.ok(Math.min(...bars) < 5.1 && Math.max(...bars) > 9.8);
});
test("an image's own SNR is the schedule's times its mean square", () => {
  const { power, mean } = strength(scene.x0);
  near([power, mean], [python.power, python.mean], 1e-9);
  const levels = [0.9, 0.5, 0.01];
  const found = [power, 0.1278].flatMap((p) => levels.map((level) => decibels(level, p)));
  assert.deepEqual(found, python.own);
  assert.equal(decibels(0.5), "+0.0 dB"); // equal strength only at a mean square of 1
  assert.equal(decibels(0.5, 0.1278), "−8.9 dB");
  assert.equal(decibels(1, 0), "−∞ dB");
  assert.deepEqual(strength(Uint8Array.of(0, 255)), { power: 1, mean: 0 });
});
test("the schedule that keeps more is named, and how much both keep", () => {
  const at = (/** @type {number} */ a, /** @type {number} */ b) =>
    keptMore(
      [
        { name: "linear", alphaBar: a },
        { name: "cosine", alphaBar: b },
      ],
      "At t = 9",
    );
  assert.equal(at(0.25, 0.81), "At t = 9 cosine keeps more of the image: √ᾱ = 90.0 %, linear 50.0 %.");
  assert.equal(at(0.81, 0.25), "At t = 9 linear keeps more of the image: √ᾱ = 90.0 %, cosine 50.0 %.");
  assert.equal(at(1, 1), "At t = 9 both schedules keep √ᾱ = 100.0 % of the image.");
});
