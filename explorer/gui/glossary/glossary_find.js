// @ts-check
// Where terms stand in text and in formulas.

/**
 * @param {[string, string, string][]} words pattern, term, the word itself; longest first
 * @returns {(text: string) => {from: number, to: number, id: string}[]} all of them, in order
 */
export function textFinder(words) {
  const pattern = new RegExp(words.map(([each]) => `(${each})`).join("|") || "(?!)", "gu");
  return (text) =>
    [...text.matchAll(pattern)].map((found) => {
      const group = found.findIndex((part, i) => i && part !== undefined);
      return { from: found.index, to: found.index + found[0].length, id: words[group - 1][1] };
    });
}
/**
 * @param {[string, string][]} signs pattern, term; longest first
 * @param {string} skipped what else a formula is made of
 * @returns {(tex: string) => string[]} the terms of a formula, each once
 */
export function texFinder(signs, skipped) {
  const pattern = new RegExp([...signs.map(([each]) => `(${each})`), `(?:${skipped})`].join("|"), "gs");
  return (tex) => {
    const ids = new Set();
    for (const found of tex.matchAll(pattern)) {
      const group = found.findIndex((part, i) => i && part !== undefined);
      if (group > 0) ids.add(signs[group - 1][1]);
    }
    return [...ids];
  };
}
