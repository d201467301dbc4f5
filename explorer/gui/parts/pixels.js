// @ts-check
// Bytes of a picture on a canvas.

/**
 * Bytes by row, column and channel (1 or 3) as RGBA.
 * @param {Uint8Array} bytes
 * @param {number} channels
 * @param {Uint8ClampedArray} pixels
 */
export function spreadChannels(bytes, channels, pixels) {
  for (let i = 0; 4 * i < pixels.length; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = bytes[channels === 1 ? i : 3 * i + c];
    pixels[4 * i + 3] = 255;
  }
}
/**
 * Gives a canvas this size; one that has it already keeps its picture. Whether it had another.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 */
export function fitCanvas(canvas, width, height = width) {
  if (canvas.width === width && canvas.height === height) return false;
  Object.assign(canvas, { width, height });
  return true;
}
/**
 * Draws a square picture.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} bytes
 * @param {{size: number, channels: number}} look
 */
export function drawPicture(canvas, bytes, { size, channels }) {
  fitCanvas(canvas, size);
  const image = new ImageData(size, size);
  spreadChannels(bytes, channels, image.data);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
/**
 * A picture's bytes by row, column and channel, as they were before it was packed without loss.
 * @param {Blob} picture opaque
 */
export async function colourBytes(picture) {
  const bitmap = await createImageBitmap(picture, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return new Uint8Array((3 * data.length) / 4).map((_, i) => data[Math.floor(i / 3) * 4 + (i % 3)]);
}
