// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { unpackBytes } from "../../explorer/gui/parts/bytes.js";
import { clippingOf, noiseChange, paintChange } from "../../explorer/gui/reverse/clipping.js";
import { GAP, paintPictures, unpackFrames } from "../../explorer/gui/reverse/frames.js";
import { predictedNoise, shownMix, stepTerms, sumOfTerms } from "../../explorer/gui/reverse/mixes.js";
import { expected, near } from "./expected.js";

/** Grey levels of values in [−range, range]; values outside are clipped.
 * @param {number[]} values
 * @param {number} range
 */
const grey = (values, range) => values.map((x) => Math.max(0, Math.min(255, (x / range + 1) * 127.5)));

for (const python of expected("frames")) {
  const { lane, grid, values, times, coefficients } = python;
  const { size, channels, count } = grid;
  const { buffer } = unpackBytes(python.sheet);
  const frames = unpackFrames(buffer, times.length, values, lane);
  const about = `${channels} channels${lane.stochastic ? ", noise" : ""}${lane.wide ? ", 32 bits" : ""}${lane.corrected ? ", corrected" : ""}`;

  /** The pixels of a mix of frame i, by picture, row, column, channel.
   * @param {number} i
   * @param {import("../../explorer/gui/reverse/frames.js").Mix} mix
   * @param {number} range
   */
  const painted = (i, mix, range) => {
    const width = 2 * (size + GAP) - GAP;
    const data = new Uint8ClampedArray(4 * width * (Math.ceil(count / 2) * (size + GAP) - GAP));
    paintPictures({ data, width }, frames[i], mix, { ...grid, columns: 2, range });
    const found = [];
    for (let k = 0; k < count; k++)
      for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++) {
          const x = (k % 2) * (size + GAP) + column;
          const y = Math.floor(k / 2) * (size + GAP) + row;
          const at = 4 * (y * width + x);
          assert.equal(data[at + 3], 255);
          if (channels === 1) assert.ok(data[at] === data[at + 1] && data[at] === data[at + 2]);
          for (let channel = 0; channel < channels; channel++) found.push(data[at + channel]);
        }
    return found;
  };

  test(`frames hold Python's numbers (${about})`, () => {
    frames.forEach(({ x, x0, z }, i) => {
      near(
        [...x].map((q) => (q + 0.5) / 4080),
        python.frames[i].x,
        1e-6 * (lane.wide ? 300 : 1),
      );
      near(
        [...x0].map((q) => (q + 0.5) / 4080),
        python.frames[i].x0,
        1e-4 * (lane.wide ? 1 : 0.01),
      );
      if (z)
        near(
          [...z].map((q) => (q / 32) * coefficients[i][4]),
          python.frames[i].terms.z,
          1e-6,
        );
      assert.equal(z !== null, lane.stochastic);
    });
    assert.throws(() => unpackFrames(buffer, times.length + 1, values, lane), /bytes for/);
  });
  test(`states, beliefs and predictions are Python's to half a grey level (${about})`, () => {
    for (const range of [1, 3])
      frames.forEach((_, i) => {
        for (const name of ["x", "x0", "eps"])
          near(painted(i, shownMix(name, coefficients[i]), range), grey(python.frames[i][name], range), 0.51);
      });
  });
  test(`what clipping changed in ε̂ is Python's (${about})`, () => {
    const one = size * size * channels;
    let changed = 0;
    frames.forEach((frame, i) => {
      const [change, before, clipped] = python.clipping[i];
      for (let k = 0; k < count; k++) {
        const part = (/** @type {number[]} */ whole) => whole.slice(k * one, (k + 1) * one);
        const found = noiseChange(frame, coefficients[i], k * one, one);
        const sizes = part(change).map(Math.abs);
        near(found, part(change), 0.004 * Math.max(...sizes)); // 8 bits of each number
        const told = clippingOf(frame, coefficients[i], k * one, one);
        assert.equal(
          told.clipped,
          part(clipped).reduce((sum, x) => sum + x, 0),
        );
        const most = Math.max(...part(before));
        near([told.reach], [most], 0.004 * most + 2e-4);
        near([told.largest], [Math.max(...sizes)], 0.004 * Math.max(...sizes));
        const rms = Math.sqrt(sizes.reduce((sum, x) => sum + x * x, 0) / one);
        near([told.rms], [rms], 0.004 * rms);
        changed += told.clipped;
        const data = new Uint8ClampedArray(4 * size * size);
        paintChange(data, found, channels, told.largest);
        const inks = [...data].filter((_, at) => at % 4 < channels);
        const wanted = part(change).map((x) => (told.largest ? (x / told.largest + 1) * 127.5 : 127.5));
        near(inks, wanted, 1.1);
      }
    });
    assert.equal(changed > 0, lane.clipped);
  });
  test(`the terms of a step are Python's and their sum is its mean with the noise (${about})`, () => {
    frames.forEach((_, i) => {
      const terms = stepTerms(coefficients[i]);
      assert.deepEqual(
        terms.map(({ name }) => name),
        lane.corrected ? ["x0", "eps", "z", "change"] : ["x0", "eps", "z"],
      );
      assert.deepEqual(
        terms.map(({ weight }) => weight),
        coefficients[i].slice(2),
      );
      for (const { name, mix } of terms)
        near(painted(i, mix, 3), grey(python.frames[i].terms[name], 3), 0.51);
      near(painted(i, sumOfTerms(terms), 3), grey(python.frames[i].sum, 3), 0.51);
    });
  });
}
test("one image of a frame can be painted alone", () => {
  const [{ sheet, lane, grid, values, times }] = expected("frames");
  const [frame] = unpackFrames(unpackBytes(sheet).buffer, times.length, values, lane);
  const { size } = grid;
  const whole = { data: new Uint8ClampedArray(4 * size * (3 * (size + GAP) - GAP)), width: size };
  paintPictures(whole, frame, [1, 0, 0, 0], { ...grid, columns: 1, range: 1 });
  const one = { data: new Uint8ClampedArray(4 * size * size), width: size };
  paintPictures(one, frame, [1, 0, 0, 0], { ...grid, from: 2, count: 1, columns: 1, range: 1 });
  const from = 4 * size * 2 * (size + GAP);
  assert.deepEqual(one.data, whole.data.slice(from, from + one.data.length));
});
test("nothing is left to predict at t = 0", () =>
  assert.deepEqual(predictedNoise([1, 0, 1, 0, 0]), [0, 0, 0, 0]));
