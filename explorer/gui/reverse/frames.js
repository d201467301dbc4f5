// @ts-check
// Frames of a lane: their bytes, as explorer/race/view.py packs them, and their pixels.

/** Pixels of the pictures' own size between two of them. */
export const GAP = 2;

/**
 * x_t, x̂_0 and what the sampler's correction adds as integers q for (q + ½)/4080, z as integers for
 * 32nds, what clipping took off x̂_0 as the upper halves of float32s; all pictures of a frame by
 * picture, row, column, channel.
 * @typedef {Int16Array | Int32Array} Words
 * @typedef {{x: Words, x0: Words, z: Int8Array | null, change: Words | null, excess: Uint16Array | null}} Frame
 */
/**
 * Weights of x_t, x̂_0, z and the correction: all that is ever shown is a mix of them.
 * @typedef {[number, number, number, number]} Mix
 */

/**
 * A sheet's bytes → its frames, without a copy where the numbers' addresses allow it.
 * @param {ArrayBuffer} buffer
 * @param {number} count how many frames it should hold
 * @param {number} values numbers in a frame's x_t
 * @param {{stochastic: boolean, wide: boolean, corrected: boolean, clipped: boolean}} lane
 * @returns {Frame[]}
 */
export function unpackFrames(buffer, count, values, { stochastic, wide, corrected, clipped }) {
  const Words = wide ? Int32Array : Int16Array;
  const width = Words.BYTES_PER_ELEMENT;
  const whole = values * width * (corrected ? 3 : 2); // bytes before what was clipped
  const before = whole + (clipped ? 2 * values : 0); // and before z
  const length = before + (stochastic ? values : 0);
  if (buffer.byteLength !== count * length) throw new Error(`${buffer.byteLength} bytes for ${count} frames`);
  const words = (/** @type {number} */ at) =>
    at % width ? new Words(buffer.slice(at, at + width * values)) : new Words(buffer, at, values);
  const halves = (/** @type {number} */ at) =>
    at % 2 ? new Uint16Array(buffer.slice(at, at + 2 * values)) : new Uint16Array(buffer, at, values);
  return Array.from({ length: count }, (_, i) => ({
    x: words(i * length),
    x0: words(i * length + width * values),
    change: corrected ? words(i * length + 2 * width * values) : null,
    excess: clipped ? halves(i * length + whole) : null,
    z: stochastic ? new Int8Array(buffer, i * length + before, values) : null,
  }));
}
/** @type {{[range: number]: [number, number]}} ±1 or ±3 to 0…255: (q + first) / second */
const RANGES = { 1: [4096, 32], 3: [12288, 96] };
/**
 * Pictures of a frame, mixed, as pixels in a grid of so many columns.
 * @param {{data: Uint8ClampedArray, width: number}} image
 * @param {Frame} frame
 * @param {Mix} mix
 * @param {{from?: number, count: number, columns: number, size: number, channels: number, range: number}} grid
 */
export function paintPictures(image, frame, mix, { from = 0, count, columns, size, channels, range }) {
  const { x, x0 } = frame;
  const { data, width } = image;
  const [a, b, c, d] = mix;
  const z = c && frame.z ? frame.z : null;
  const change = d && frame.change ? frame.change : null;
  const cz = c * 127.5; // z comes in 32nds
  const [offset, step] = RANGES[range];
  for (let k = 0; k < count; k++) {
    let j = (from + k) * size * size * channels;
    const left = (k % columns) * (size + GAP);
    const top = Math.floor(k / columns) * (size + GAP);
    for (let row = 0; row < size; row++) {
      let at = 4 * ((top + row) * width + left);
      for (let column = 0; column < size; column++, at += 4) {
        for (let channel = 0; channel < channels; channel++, j++) {
          let value = a * (x[j] + 0.5) + b * (x0[j] + 0.5);
          if (z) value += cz * z[j];
          if (change) value += d * (change[j] + 0.5);
          data[at + channel] = Math.floor((value + offset) / step); // what lies outside 0…255 is cut
        }
        if (channels === 1) data[at + 1] = data[at + 2] = data[at];
        data[at + 3] = 255;
      }
    }
  }
}
