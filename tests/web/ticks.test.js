// @ts-check
// Labels of logarithmic axes: at least three round ones in any range.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logTicks, tickLabel } from "../../explorer/gui/parts/ticks.js";

/** A generator of numbers in 0…1 that gives the same at every run. */
function lehmer(state = 1) {
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
/** @param {number} value @param {number} low @param {number} high */
const inRange = (value, low, high) => value >= low * (1 - 1e-8) && value <= high * (1 + 1e-8);

test("at least three values and no crowd, in every range, in order and within it", () => {
  const next = lehmer();
  for (let i = 0; i < 20000; i++) {
    const low = 10 ** (16 * next() - 10);
    const high = low * (1 + 10 ** (15 * next() - 9)); // from a billionth of itself to a million times
    const ticks = logTicks(low, high);
    assert.ok(ticks.length >= 3 && ticks.length <= 12, `${low} … ${high}: ${ticks}`);
    assert.ok(
      ticks.every((value) => inRange(value, low, high)),
      `${low} … ${high}: ${ticks}`,
    );
    assert.deepEqual(
      ticks,
      [...new Set(ticks)].sort((a, b) => a - b),
    );
    assert.equal(new Set(ticks.map(tickLabel)).size, ticks.length); // no two look the same
  }
});

test("the ranges of losses", () => {
  assert.deepEqual(logTicks(0.11, 0.14), [0.11, 0.12, 0.13, 0.14]);
  assert.deepEqual(logTicks(0.1, 0.2), [0.1, 0.12, 0.14, 0.16, 0.18, 0.2]);
  assert.deepEqual(logTicks(0.05, 1.2), [0.05, 0.1, 0.2, 0.5, 1]);
  assert.deepEqual(logTicks(0.21, 0.95), [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
  assert.deepEqual(logTicks(0.001, 1), [0.001, 0.01, 0.1, 1]);
  assert.deepEqual(logTicks(1e-12, 1), [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1]);
});

test("what is no range has no labels", () => {
  for (const [low, high] of [
    [0, 1],
    [-1, 1],
    [2, 1],
    [1, 1],
    [NaN, 1],
    [1, Infinity],
    [1, NaN],
  ])
    assert.deepEqual(logTicks(low, high), []);
});

test("labels are the values", () => {
  assert.deepEqual([0.115, 5, 0.0001, 20000].map(tickLabel), ["0.115", "5", "0.0001", "20000"]);
  assert.deepEqual([2e-5, 1e6, 1.5e-7].map(tickLabel), ["2e−5", "1e6", "1.5e−7"]);
});
