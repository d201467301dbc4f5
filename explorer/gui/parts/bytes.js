// @ts-check
// Bytes from Python: files that it published, and what it wrote as text.

/**
 * The address of a published file, wherever the app is mounted. Files of the page have one already.
 * @param {string} path
 */
export const fileUrl = (path) =>
  path.startsWith("explorer/")
    ? new URL(path, document.baseURI).href
    : `${window.gradio_config?.root ?? ""}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
/**
 * @param {string} path
 * @returns {Promise<Response>}
 */
export async function fetchFile(path) {
  const answer = await fetch(fileUrl(path));
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}
/** @param {string} path */
export const fetchBytes = async (path) => (await fetchFile(path)).arrayBuffer();

/**
 * What zlib compressed.
 * @param {ArrayBuffer} packed
 */
export function inflate(packed) {
  const flow = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(flow).arrayBuffer();
}
/**
 * Bytes that were sent as base64.
 * @param {string} text
 */
export const unpackBytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
/**
 * A table of float64 that was sent as base64.
 * @param {string} text
 */
export const unpackTable = (text) => new Float64Array(unpackBytes(text).buffer);

/**
 * Float16 → float32.
 * @param {ArrayBuffer} buffer
 */
export const unpackHalves = (buffer) =>
  Float32Array.from(new Uint16Array(buffer), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
