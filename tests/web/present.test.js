import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, isAsked, movedBy } from "../../explorer/gui/frame/present_keys.js";

const hall = { inLesson: false, tabs: 6 };
/** @type {(key: string, more?: object) => any} */
const pressed = (key, more = {}) => actionOf({ key, ...more }, hall);

test("each key of the list does what the list says", () => {
  assert.deepEqual(pressed(" "), ["play"]);
  assert.deepEqual(pressed("ArrowLeft"), ["move", -1]);
  assert.deepEqual(pressed("ArrowRight"), ["move", 1]);
  assert.deepEqual([pressed("f"), pressed("F")], [["full"], ["full"]]);
  assert.deepEqual([pressed("t"), pressed("T")], [["theme"], ["theme"]]);
  assert.deepEqual(pressed("?"), ["keys"]);
  assert.deepEqual(pressed("Escape"), ["leave"]);
  assert.deepEqual(
    [pressed("1"), pressed("6")],
    [
      ["tab", 0],
      ["tab", 5],
    ],
  );
});
test("other keys stay whose they are", () => {
  for (const key of ["7", "0", "a", "Tab", "Enter", "PageDown"]) assert.equal(pressed(key), null);
  for (const held of ["altKey", "ctrlKey", "metaKey"]) assert.equal(pressed("f", { [held]: true }), null);
});
test("in a lesson the arrows are the scenes'", () => {
  const lesson = { inLesson: true, tabs: 6 };
  assert.equal(actionOf({ key: "ArrowRight" }, lesson), null);
  assert.deepEqual(actionOf({ key: " " }, lesson), ["play"]);
});
test("a slider moves by a hundredth and stays within its bounds", () => {
  assert.equal(movedBy({ min: 0, max: 1000, value: 300 }, 1), 310);
  assert.equal(movedBy({ min: 0, max: 1000, value: 4 }, -1), 0);
  assert.equal(movedBy({ min: 0, max: 20, value: 19 }, 1), 20);
  assert.equal(movedBy({ min: 0, max: 20, value: 20 }, 1), 20);
});
test("an address asks for the view by the bare key or a value that is no no", () => {
  for (const text of ["", "1", "yes", "on"]) assert.equal(isAsked(text), true);
  for (const text of ["0", "off", "No", " false "]) assert.equal(isAsked(text), false);
});
