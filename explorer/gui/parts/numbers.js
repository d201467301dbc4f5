// @ts-check
// How numbers are written.

export const MINUS = "\u2212";
/** A space as wide as a digit. */
export const FIGURE = "\u2007";

/** @type {Record<string, string>} */
const RAISED = Object.fromEntries([..."-0123456789"].map((sign, i) => [sign, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[i]]));

/** @param {string} text */
export const signed = (text) => text.replace("-", MINUS);

/**
 * 3 significant digits, never jumping between notations within a scale.
 * @param {number} x
 */
export function digits(x) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? MINUS + "∞" : "–";
  const size = Math.abs(x);
  if (size >= 0.001 && size < 1000) return signed(x.toPrecision(3));
  const [mantissa, exponent] = x.toExponential(2).split("e");
  return signed(`${mantissa}·10`) + [...String(+exponent)].map((sign) => RAISED[sign]).join("");
}
/** @param {number} x */
export const percent = (x) => `${(100 * x).toFixed(1)} %`;
/**
 * The signal-to-noise ratio ᾱ/(1 − ᾱ), times the power of the signal.
 * @param {number} alphaBar
 */
export function decibels(alphaBar, power = 1) {
  if (!(power > 0)) return `${MINUS}∞ dB`;
  if (alphaBar >= 1) return "+∞ dB";
  const db = 10 * Math.log10((power * alphaBar) / (1 - alphaBar));
  return `${db < 0 ? MINUS : "+"}${Math.abs(db).toFixed(1)} dB`;
}
/**
 * Where on the way to noise something is, for those who hear the page: whole numbers.
 * @param {number} t
 * @param {number} T
 * @param {number} alphaBar
 */
export function noiseLevel(t, T, alphaBar) {
  const share = `${Math.round(100 * Math.sqrt(alphaBar))} % signal`;
  if (alphaBar >= 1) return `t = ${t} of ${T}: ${share}, no noise`;
  const db = Math.round(10 * Math.log10(alphaBar / (1 - alphaBar)));
  return `t = ${t} of ${T}: ${share}, SNR ${db < 0 ? MINUS : db > 0 ? "+" : ""}${Math.abs(db)} dB`;
}
/**
 * So many decimals, and 0 without a sign.
 * @param {number} x
 */
export const fixed = (x, places = 3) => signed((Math.abs(x) < 0.5 * 10 ** -places ? 0 : x).toFixed(places));
/**
 * As wide as the widest number up to `most`.
 * @param {number} number
 * @param {number} most
 */
export const wide = (number, most) => String(number).padStart(String(most).length, FIGURE);
/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export const within = (value, low, high) => Math.max(low, Math.min(high, value));
