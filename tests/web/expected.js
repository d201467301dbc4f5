// @ts-check
// Numbers that Python wrote, and how near others must come to them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What the function of this name in expected.py returned; test_node.py says where it is.
 * @param {string} name
 * @returns {any}
 */
export function expected(name) {
  const folder = process.env.NUMBERS;
  if (!folder) throw new Error("NUMBERS names no folder: run these tests by tests/web/test_node.py");
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
}
/**
 * Every number lies within `error` of the one that is wanted.
 * @param {ArrayLike<number>} found
 * @param {ArrayLike<number>} wanted
 * @param {number} error
 */
export function near(found, wanted, error) {
  assert.equal(found.length, wanted.length);
  for (let i = 0; i < found.length; i++)
    if (!(Math.abs(found[i] - wanted[i]) <= error)) assert.fail(`at ${i}: ${found[i]}, not ${wanted[i]}`);
}
/**
 * The colours of RGBA pixels, opacity left out.
 * @param {ArrayLike<number>} pixels
 */
export const colours = (pixels) => Array.from(pixels).filter((_, i) => i % 4 !== 3);
