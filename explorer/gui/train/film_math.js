// @ts-check
// Which times are shown where there is not room for all.

/**
 * At most `most` of the rows last, …, 0 (T at row 0 is the last of them), both ends among them:
 * evenly spaced where that shows at least half as many, else as even as can be.
 * @param {number} last
 * @param {number} most
 */
export function chooseRows(last, most) {
  const count = Math.max(2, Math.min(last + 1, most));
  const strides = Array.from({ length: last }, (_, i) => i + 1);
  const stride = strides.find((s) => last % s === 0 && last / s < count);
  return stride && last / stride >= count / 2
    ? Array.from({ length: last / stride + 1 }, (_, i) => last - i * stride)
    : Array.from({ length: count }, (_, i) => last - Math.round((i * last) / (count - 1)));
}
/**
 * Where the value stands that is nearest to this one; the first of two that are as near.
 * @param {number[]} values
 * @param {number} value
 */
export const nearestIndex = (values, value) =>
  values.reduce((best, each, i) => (Math.abs(each - value) < Math.abs(values[best] - value) ? i : best), 0);
