// @ts-check
// A table of waves, a row a time, as a picture.

/**
 * Rows that lie closer than pixels are averaged: picking some would show waves that are none.
 * @param {Int16Array} table rows of `width` integers, 32767 for 1
 * @param {number} width
 * @param {number} height rows of the picture, at most those of the table
 * @returns {Float64Array} from −1 to 1
 */
export function averageRows(table, width, height) {
  const rows = table.length / width;
  const means = new Float64Array(height * width);
  for (let i = 0; i < means.length; i++) {
    const line = Math.floor(i / width);
    const begin = Math.floor((line * rows) / height);
    const end = Math.floor(((line + 1) * rows) / height);
    for (let row = begin; row < end; row++)
      means[i] += table[row * width + (i % width)] / 32767 / (end - begin);
  }
  return means;
}
/**
 * From `low` at −1 over the grey `middle` at 0 to `high` at 1, as RGBA.
 * @param {Float64Array} values
 * @param {{low: number[], middle: number, high: number[]}} colours
 * @param {Uint8ClampedArray} pixels
 */
export function shadeValues(values, { low, middle, high }, pixels) {
  values.forEach((v, i) => {
    const to = v < 0 ? low : high;
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = middle + Math.abs(v) * (to[c] - middle);
    pixels[4 * i + 3] = 255;
  });
}
