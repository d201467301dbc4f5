// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { averageRows, shadeValues } from "../../explorer/gui/lectures/inside/waves_math.js";
import { evaluate, moments, noiseMoments, toPixels } from "../../explorer/gui/lectures/sde/film_math.js";
import { chooseRows, nearestIndex } from "../../explorer/gui/train/film_math.js";
import { colours, expected, near } from "./expected.js";

const python = expected("films");
const film = {
  frames: Int16Array.from(python.frames),
  eps: Int16Array.from(python.eps),
  scale: python.scale,
  alphaBar: Float64Array.from(python.alphaBar),
};

test("both ways to x, their moments and their pixels are Python's", () => {
  const walk = new Float64Array(film.eps.length);
  const drawn = new Float64Array(film.eps.length);
  const pixels = new Uint8ClampedArray((4 * film.eps.length) / 3);
  python.found.forEach((/** @type {any} */ wanted, /** @type {number} */ k) => {
    evaluate(film, k, walk, drawn);
    near(walk, wanted.walk, 1e-12);
    near(drawn, wanted.drawn, 1e-12);
    near(moments(walk), wanted.moments, 1e-9);
    if (k) near(noiseMoments(film, k, walk), wanted.noise, 1e-9);
    toPixels(drawn, 3, pixels);
    near(colours(pixels), wanted.pixels, 0);
  });
  assert.deepEqual(noiseMoments(film, 0, walk), [NaN, NaN]);
  toPixels(Float64Array.of(-2, 0, 2), 1, pixels);
  assert.deepEqual(colours(pixels.slice(0, 12)), [0, 0, 0, 128, 128, 128, 255, 255, 255]);
});
test("rows that lie closer than pixels are averaged, and shaded by their sign", () => {
  const { table, width, means } = python.waves;
  near(averageRows(Int16Array.from(table), width, 3), means.flat(), 1e-12);
  const pixels = new Uint8ClampedArray(12);
  shadeValues(Float64Array.of(-1, 0, 0.5), { low: [1, 2, 3], middle: 100, high: [200, 0, 100] }, pixels);
  assert.deepEqual(colours(pixels), [1, 2, 3, 100, 100, 100, 150, 50, 100]);
});
test("columns are as many as there is room for, even, with both ends", () => {
  assert.deepEqual(chooseRows(4, 100), [4, 3, 2, 1, 0]);
  assert.deepEqual(chooseRows(20, 12), [20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]);
  assert.deepEqual(chooseRows(20, 1), [20, 0]);
  for (let last = 1; last < 60; last++)
    for (let most = 2; most < 30; most++) {
      const rows = chooseRows(last, most);
      assert.ok(rows.length <= most && rows.length >= Math.min(last + 1, most) / 2);
      assert.deepEqual([rows[0], rows.at(-1)], [last, 0]);
      assert.ok(rows.every((row, i) => !i || row < rows[i - 1]));
    }
});
test("the nearest value is found", () => {
  assert.deepEqual(
    [-5, 1, 2.4, 2.6, 9].map((value) => nearestIndex([0, 1, 2, 3], value)),
    [0, 1, 2, 3, 3],
  );
});
