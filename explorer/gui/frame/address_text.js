// @ts-check
// The state of the page as text after the #: keys, defaults, words. No part of the page is touched.

/**
 * A setting that Python declared (address.py).
 * @typedef {{default: any, words?: [any, string][], lacks?: string, shipped?: any[],
 *            follows?: {key: string, defaults: [string, any][]}}} Field
 */

/** Keys of where one stands. The Back button goes from place to place. */
export const PLACE = ["tab", "panel", "topic", "lesson", "scene"];

/**
 * A query as keys and what they say; the last of a kind counts. Keys of the place are in small letters.
 * @param {string} text with or without its # or ?
 * @returns {Map<string, string>}
 */
export function readQuery(text) {
  const pairs = new URLSearchParams(text.replace(/^[#?]+/, ""));
  const named = (/** @type {string} */ key) => PLACE.find((each) => each === key.toLowerCase()) ?? key;
  return new Map([...pairs].map(([key, value]) => [named(key), value]));
}
/**
 * The same as text, with its commas as they are.
 * @param {Iterable<[string, string]>} pairs
 */
export const writeQuery = (pairs) => new URLSearchParams([...pairs]).toString().replaceAll("%2C", ",");

/**
 * The whole key of one that may have left out its tab: "seed" on the tab "train" is "train.seed".
 * Letters as they are come first, since T and t differ. Null for one that is not known.
 * @param {string} key in any letters
 * @param {string} tab
 * @param {Iterable<string>} known whole keys
 * @returns {string | null}
 */
export function wholeKey(key, tab, known) {
  const names = [...known];
  for (const wanted of [`${tab}.${key}`, key]) if (names.includes(wanted)) return wanted;
  for (const wanted of [`${tab}.${key}`, key]) {
    const found = names.find((name) => name.toLowerCase() === wanted.toLowerCase() && name !== "t");
    if (found) return found; // T, the number of steps, is no t
  }
  return null;
}
/**
 * The other way round: a key of this tab without its tab.
 * @param {string} key whole
 * @param {string} tab
 */
export const shortKey = (key, tab) => (key.startsWith(`${tab}.`) ? key.slice(tab.length + 1) : key);

/**
 * What a query says of its own tab and of the page: settings of other tabs are left out.
 * @param {Map<string, string>} query
 * @param {string} tab where it does not name one
 * @param {string[]} known whole keys
 */
export function ofItsTab(query, tab, known) {
  const own = (query.get("tab") ?? tab).toLowerCase();
  return [...query].filter(([key]) => ["", own].includes(tabOf(wholeKey(key, own, known) ?? "")));
}

/** The tab of a whole key; "" for a key of the page. @param {string} key */
export const tabOf = (key) => key.slice(0, Math.max(0, key.indexOf(".")));

/** The group of a whole key, all but its last word. @param {string} key */
export const groupOf = (key) => key.slice(0, Math.max(0, key.lastIndexOf(".")));

/**
 * A value as it stands in the address. Of several the order is that of the choices.
 * @param {Field} field
 * @param {any} value
 * @returns {string}
 */
export function written(field, value) {
  const words = new Map(field.words ?? []);
  const word = (/** @type {any} */ each) => words.get(each) ?? plainWord(each);
  if (!Array.isArray(value)) return word(value);
  const places = [...words.keys()];
  const place = (/** @type {any} */ each) => (places.includes(each) ? places.indexOf(each) : places.length);
  return [...value]
    .sort((a, b) => place(a) - place(b))
    .map(word)
    .join(",");
}
/** @param {any} value */
function plainWord(value) {
  if (value === true) return "yes";
  if (value === false) return "no";
  return value === null || value === undefined ? "none" : String(value);
}
/**
 * The default of a field, which can depend on another's value: a preset's.
 * @param {Field} field
 * @param {(key: string) => string | undefined} wordOf how that value is written
 */
export function defaultOf(field, wordOf) {
  const { follows } = field;
  const leader = follows && wordOf(follows.key);
  const found = follows?.defaults.find(([word]) => word === leader);
  return found ? found[1] : field.default;
}
/**
 * What stands in the address: nothing where the value is the default one.
 * @param {Field} field
 * @param {any} value
 * @param {(key: string) => string | undefined} [wordOf]
 * @returns {string | null}
 */
export function differing(field, value, wordOf = () => undefined) {
  const text = written(field, value);
  return text === written(field, defaultOf(field, wordOf)) ? null : text;
}
/**
 * Place first, then what else is known of the page, then this tab's settings, then the others'.
 * @param {Map<string, string>} state by whole keys
 * @param {string} tab the one that is open
 * @returns {[string, string][]}
 */
export function ordered(state, tab) {
  const rank = (/** @type {string} */ key) => {
    const place = PLACE.indexOf(key);
    if (place >= 0) return place;
    if (!key.includes(".")) return PLACE.length;
    return PLACE.length + (tabOf(key) === tab ? 1 : 2);
  };
  return [...state]
    .map(([key, value], at) => ({ key, value, at }))
    .sort((a, b) => rank(a.key) - rank(b.key) || a.at - b.at)
    .map(({ key, value }) => [shortKey(key, tab), value]);
}
/**
 * Whether two addresses are of one place.
 * @param {string} a
 * @param {string} b
 */
export function samePlace(a, b) {
  const [left, right] = [readQuery(a), readQuery(b)];
  return PLACE.every((key) => left.get(key) === right.get(key));
}
