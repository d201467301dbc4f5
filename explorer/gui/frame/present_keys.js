// @ts-check
// Which key does what in the presenter's view. No part of the page is touched.

/** Keys that stand for themselves. @type {{[key: string]: [string, number?]}} */
const KEYS = {
  " ": ["play"],
  ArrowLeft: ["move", -1],
  ArrowRight: ["move", 1],
  f: ["full"],
  t: ["theme"],
  "?": ["keys"],
  Escape: ["leave"],
};

/**
 * What a key asks for: [action, number]; null for a key that is somebody else's.
 * @param {{key: string, altKey?: boolean, ctrlKey?: boolean, metaKey?: boolean}} event
 * @param {{inLesson: boolean, tabs: number}} where
 * @returns {[string, number?] | null}
 */
export function actionOf({ key, altKey, ctrlKey, metaKey }, { inLesson, tabs }) {
  if (altKey || ctrlKey || metaKey) return null;
  if (/^[1-9]$/.test(key)) return Number(key) <= tabs ? ["tab", Number(key) - 1] : null;
  const action = KEYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
  return inLesson && action?.[0] === "move" ? null : action; // the scenes' own
}
/**
 * The next value of a slider that has a hundred stops for a hall, whatever its own steps are.
 * @param {{min: number, max: number, value: number}} slider
 * @param {number} by −1 or 1
 */
export function movedBy({ min, max, value }, by) {
  const next = value + by * Math.max(1, Math.round((max - min) / 100));
  return Math.min(max, Math.max(min, next));
}
/** Whether the view is asked for by what stands after "present=" in an address. @param {string} text */
export const isAsked = (text) => !["0", "off", "no", "false"].includes(text.trim().toLowerCase());
