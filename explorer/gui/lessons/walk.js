// @ts-check
// The way through a lesson, what its texts read off the page, and how its parts are marked.

/**
 * @typedef {{text: string, address: string, highlight: string[], hide: string[],
 *            question: string | null, answer: string | null}} Scene
 * @typedef {{scene: number, told: boolean}} Place  a scene, from 0; whether its answer is shown
 */

/**
 * The next place: the answer to an open question, else the next scene; the last one stays.
 * @param {Scene[]} scenes
 * @param {Place} place
 * @returns {Place}
 */
export function nextPlace(scenes, { scene, told }) {
  if (scenes[scene].question && !told) return { scene, told: true };
  return scene + 1 < scenes.length ? { scene: scene + 1, told: false } : { scene, told };
}
/**
 * The scene before, with its question open again; the first one stays.
 * @param {Place} place
 * @returns {Place}
 */
export const previousPlace = ({ scene, told }) =>
  scene > 0 ? { scene: scene - 1, told: false } : { scene, told };
/**
 * A scene's number as the address has it, from 1; 0 for what is no scene of these.
 * @param {string | null} text
 * @param {number} count
 */
export function sceneNumber(text, count) {
  if (text === null) return 1;
  return /^[0-9]{1,3}$/.test(text) && +text >= 1 && +text <= count ? +text : 0;
}

/**
 * What moves scenes: +1, −1, or 0 for any other key.
 * @param {{key: string, altKey: boolean, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean}} event
 */
export function stepOfKey({ key, altKey, ctrlKey, metaKey, shiftKey }) {
  if (altKey || ctrlKey || metaKey || shiftKey) return 0;
  if (key === "ArrowRight" || key === "PageDown") return 1;
  return key === "ArrowLeft" || key === "PageUp" ? -1 : 0;
}

/**
 * Text as Markdown that shows just that text, in a line.
 * @param {string} text
 */
export const plainMarkdown = (text) =>
  text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, (sign) => `&#${sign.charCodeAt(0)};`);
/**
 * An answer with what it reads; "–" for what the page does not show.
 * @param {string} answer
 * @param {(name: string) => string | null} read
 */
export const filledIn = (answer, read) =>
  answer.replace(/(?<!\\)\{\{([^]*?)\}\}/g, (_, name) => plainMarkdown(read(name.trim()) || "–"));
/**
 * What is written in a scene: its text, the question, and the answer once it is told.
 * @param {Scene} scene
 * @param {string | null} answer
 */
export function wordsOf({ text, question }, answer) {
  const quoted = (/** @type {string} */ words) => words.replace(/^/gm, "> ");
  const asked = question && quoted(`**${question}**`);
  return [text, asked && (answer ? `${asked}\n>\n${quoted(answer)}` : asked)].filter(Boolean).join("\n\n");
}

/**
 * The style sheet of a scene: what is outlined and what is away. It holds for parts that come later.
 * @param {string[]} highlight  selectors
 * @param {string[]} hide
 */
export function sceneStyle(highlight, hide) {
  const rules = [];
  if (highlight.length)
    rules.push(
      `:is(${highlight.join()}) { outline: 3px solid var(--lesson); outline-offset: 3px; border-radius: 4px; }`,
    );
  if (hide.length) rules.push(`:is(${hide.join()}) { display: none !important; }`);
  return rules.join("\n");
}

/**
 * How far to scroll so that boxes stand between two heights: 0 if all do, else so far that all do,
 * or, where there is no room, the first does, or its beginning.
 * @param {{top: number, bottom: number}[]} boxes
 * @param {number} top
 * @param {number} bottom
 */
export function scrollFor(boxes, top, bottom) {
  if (!boxes.length) return 0;
  const all = {
    top: Math.min(...boxes.map((box) => box.top)),
    bottom: Math.max(...boxes.map((box) => box.bottom)),
  };
  const shown = all.bottom - all.top <= bottom - top ? all : boxes[0];
  if (shown.top >= top && shown.bottom <= bottom) return 0;
  const tooLarge = shown.bottom - shown.top > bottom - top;
  return tooLarge || shown.top < top ? shown.top - top : shown.bottom - bottom;
}
