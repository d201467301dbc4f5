// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { cameraSentence, clipboardSentence } from "../../explorer/gui/frame/sources_words.js";
import { countedMoments } from "../../explorer/gui/parts/histogram.js";
import { followLine, quartersOf } from "../../explorer/gui/parts/milestones.js";
import { noiseLevel } from "../../explorer/gui/parts/numbers.js";
import { describeFigure, linesOf } from "../../explorer/gui/parts/plot_words.js";
import { expected, near } from "./expected.js";

const python = expected("words");

test("a time on the way to noise is told as Python tells it", () => {
  for (const [t, alphaBar, text] of python.levels) assert.equal(noiseLevel(t, 1000, alphaBar), text);
  assert.equal(noiseLevel(0, 200, 1), "t = 0 of 200: 100 % signal, no noise");
  assert.equal(noiseLevel(5, 10, 0.5), "t = 5 of 10: 71 % signal, SNR 0 dB");
});
test("counted values have their mean and standard deviation", () => {
  near(countedMoments(Float64Array.from(python.counts)), python.moments, 1e-9);
});
test("a figure's lines are what Python drew, packed or not", () => {
  const lines = linesOf(python.figure);
  assert.deepEqual(
    lines.map(({ name }) => name),
    ["float64", "float32", "one"],
  );
  python.waves.forEach((/** @type {[string, number[]]} */ [, values], /** @type {number} */ i) => {
    near(
      lines[i].points.map(({ y }) => y),
      values,
      1e-12,
    );
    assert.deepEqual(
      lines[i].points.map(({ x }) => x),
      values.map((_, k) => k),
    );
  });
  assert.deepEqual(lines[2].points, [{ i: 1, x: 2, y: 4 }]);
});
test("a heat map is read row by row", () => {
  const lines = linesOf(python.heat);
  assert.deepEqual(
    lines.map(({ name, row }) => [name, row]),
    [
      ["1", 0],
      ["2", 1],
      ["3", 2],
    ],
  );
  lines.forEach(({ points }, k) => {
    assert.deepEqual(
      points.map(({ y }) => y),
      python.rows[k],
    );
    assert.deepEqual(
      points.map(({ x }) => x),
      [9, 8, 7, 6],
    );
  });
});
test("a figure in words names axes, ends and extremes", () => {
  const text = describeFigure(python.figure);
  const wave = python.waves[0][1];
  assert.ok(
    text.startsWith("Plot of error against t 0 . ") || text.startsWith("Plot of error against t 0. "),
    text,
  );
  const low = wave.indexOf(Math.min(...wave));
  assert.match(text, new RegExp(`float64: from 0 at 0 to ${wave[49].toPrecision(3)} at 49`));
  assert.match(text, new RegExp(`lowest ${wave[low].toPrecision(3).replace("-", "−")} at ${low}, highest`));
  assert.match(text, /one: 4 at 2/);
  assert.doesNotMatch(text, /not told/);
  assert.match(describeFigure({ data: [], layout: {} }), /Nothing is drawn yet/);
});

/**
 * What is told of a line that says the next of these texts every half second, and the last one on.
 * @param {string} first
 * @param {string[]} texts
 */
function told(first, texts) {
  const line = followLine(first);
  /** @type {(string | null)[]} */
  const found = [];
  texts.forEach((text, i) => found.push(line.hear(text, 500 * i) ?? line.wait(500 * i)));
  for (let i = texts.length; i < texts.length + 20; i++) found.push(line.wait(500 * i));
  return found.filter((text) => text !== null);
}
test("of a thousand steps the beginning, the quarters and the end are told", () => {
  const steps = Array.from(
    { length: 201 },
    (_, i) => `learning: step ${5 * i} of 1000, loss ${(2 - i / 200).toFixed(3)}`,
  );
  const heard = told("not trained yet", [...steps, "trained for 1000 steps, loss 1.000"]);
  assert.deepEqual(heard, [
    steps[0],
    steps[50],
    steps[100],
    steps[150],
    "trained for 1000 steps, loss 1.000",
  ]);
});
test("numbers alone are told once they stand", () => {
  const counts = Array.from({ length: 100 }, (_, i) => `step ${i + 1}, loss 0.${i + 1}`);
  assert.deepEqual(told("step 0, loss 0.0", counts), ["step 100, loss 0.100"]);
});
test("what has not changed is not told", () => {
  assert.deepEqual(told("ready", Array(30).fill("ready")), []);
});
test("quarters are read from counts and shares", () => {
  const texts = [
    "250 of 1000",
    "1,500 of 2,000 steps",
    "62 %",
    "DDPM 10 of 1000 · DDIM 50 of 50",
    "0.3 s",
    "7 of 5",
  ];
  assert.deepEqual(texts.map(quartersOf), [1, 3, 2, 4, null, null]);
});
test("each refusal of camera and clipboard is a sentence that says what to do", () => {
  const names = ["NotFoundError", "NotAllowedError", "NotReadableError", "TypeError", ""];
  for (const secure of [true, false])
    for (const [say, kinds] of /** @type {[(name: string, secure: boolean) => string, number][]} */ ([
      [cameraSentence, 4],
      [clipboardSentence, 2],
    ])) {
      const said = names.map((name) => say(name, secure));
      assert.equal(new Set(said).size, kinds);
      for (const text of said)
        assert.match(text, /^[A-Z].*(upload an image|close that one, or upload an image)\.$/);
    }
  assert.match(cameraSentence("NotFoundError", true), /No camera was found/);
  assert.match(cameraSentence("", false), /only to pages at https/);
  assert.match(clipboardSentence("empty", true), /holds no image/);
});
