// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { blend, countBlend, matchingTime } from "../../explorer/gui/forward/blend_math.js";
import { barsPath, normalPath } from "../../explorer/gui/parts/histogram.js";
import { colours, expected, near } from "./expected.js";

const python = expected("blend");
const { size, epsScale, alphaBar } = python;
const scene = { size, epsScale, x0: Uint8Array.from(python.x0), eps: Int16Array.from(python.eps) };

test("x_t is Python's, at every pixel to half a grey level", () => {
  const pixels = new Uint8ClampedArray(4 * size * size);
  alphaBar.forEach((/** @type {number} */ level, /** @type {number} */ i) => {
    blend(scene, level, pixels);
    const shown = python.pixels[i].map((/** @type {number} */ value) => Math.max(0, Math.min(255, value)));
    near(colours(pixels), shown, 0.5 + 1e-9);
  });
});
test("a small picture has some of the pixels", () => {
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
