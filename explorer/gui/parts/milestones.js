// @ts-check
// Which of a status line's many texts are worth telling to somebody who hears the page.

/** Between two that differ by more than numbers. */
const GAP = 4000; // ms
/** A text that has stood so long is the last one for now. */
const SETTLED = 4000; // ms

/** @param {string} text */
const wordsOf = (text) => text.replace(/[\d.,:−⁰¹²³⁴⁵⁶⁷⁸⁹·%]+/g, "#").replace(/\s+/g, " ");
/**
 * How many quarters are done by "250 of 1000" or "25 %", the furthest that is named; null if none is.
 * @param {string} text
 */
export function quartersOf(text) {
  const plain = text.replace(/(\d)[,\u2009\u202f](?=\d{3})/g, "$1");
  const shares = [
    ...[...plain.matchAll(/(\d+)\s*(?:of|\/)\s*(\d+)/g)].map(([, done, all]) => +done / +all),
    ...[...plain.matchAll(/(\d+(?:\.\d+)?)\s*%/g)].map(([, share]) => +share / 100),
  ].filter((share) => share >= 0 && share <= 1);
  return shares.length ? Math.floor(4 * Math.max(...shares)) : null;
}
/**
 * Follows one line. `hear` takes what it says now and `wait` is called now and then; both answer with
 * what is to be told, or null: other words, another quarter done, and what it says at last.
 * @param {string} first what it says when the page comes, which is not told
 */
export function followLine(first) {
  let text = first;
  let told = first;
  let toldAt = -Infinity;
  let changedAt = -Infinity;
  /** @param {number} now */
  const tell = (now) => {
    told = text;
    toldAt = now;
    return text;
  };
  return {
    /**
     * @param {string} next
     * @param {number} now
     */
    hear(next, now) {
      if (next === text) return null;
      text = next;
      changedAt = now;
      if (!text) return null;
      const quarters = quartersOf(text);
      const further = quarters !== null && quarters > (quartersOf(told) ?? 0) && quarters < 4;
      const other = wordsOf(text) !== wordsOf(told);
      return (further || other) && now - toldAt >= GAP ? tell(now) : null;
    },
    /** @param {number} now */
    wait: (now) => (text && text !== told && now - changedAt >= SETTLED ? tell(now) : null),
  };
}
