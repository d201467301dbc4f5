// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { unpackBytes, unpackHalves, unpackTable } from "../../explorer/gui/parts/bytes.js";
import { decibels, digits, fixed, percent, wide, within } from "../../explorer/gui/parts/numbers.js";
import { spreadChannels } from "../../explorer/gui/parts/pixels.js";
import { reachedIndex } from "../../explorer/gui/parts/times.js";
import { expected } from "./expected.js";

const python = expected("formats");

test("numbers are written as Python writes them", () => {
  for (const [x, text] of python.digits) assert.equal(digits(x), text);
  for (const [x, places, text] of python.fixed) assert.equal(fixed(x, places), text);
  for (const [x, text] of python.percent) assert.equal(percent(x), text);
  for (const [x, text] of python.decibels) assert.equal(decibels(x), text);
});
test("what is no number or no ratio is written as well", () => {
  assert.deepEqual([NaN, Infinity, -Infinity].map(digits), ["–", "∞", "−∞"]);
  assert.equal(decibels(1), "+∞ dB");
  assert.equal(fixed(-0.0001), "0.000");
  assert.equal(wide(7, 1000), "\u2007\u2007\u20077");
  assert.deepEqual(
    [-1, 3, 9].map((value) => within(value, 0, 5)),
    [0, 3, 5],
  );
});
test("float64 and float16 arrive as they were", () => {
  const [table, values] = python.table;
  assert.deepEqual([...unpackTable(table)], values);
  const [halves, numbers] = python.halves;
  assert.deepEqual([...unpackHalves(unpackBytes(halves).buffer)], numbers);
  assert.deepEqual(
    [...unpackHalves(Uint16Array.of(0x7c00, 0xfc00, 0x7e00).buffer)],
    [Infinity, -Infinity, NaN],
  );
});
test("one channel becomes three, three stay", () => {
  const pixels = new Uint8ClampedArray(8);
  spreadChannels(Uint8Array.of(5, 9), 1, pixels);
  assert.deepEqual([...pixels], [5, 5, 5, 255, 9, 9, 9, 255]);
  spreadChannels(Uint8Array.of(1, 2, 3, 4, 5, 6), 3, pixels);
  assert.deepEqual([...pixels], [1, 2, 3, 255, 4, 5, 6, 255]);
});
test("a time is reached once t has come down to it", () => {
  const times = [9, 5, 2, 0];
  const found = [10, 9, 8, 5, 4, 1, 0].map((t) => reachedIndex(times, t));
  assert.deepEqual(found, [0, 0, 0, 1, 1, 2, 3]);
  assert.equal(reachedIndex(times, 0, 2), 1);
});
