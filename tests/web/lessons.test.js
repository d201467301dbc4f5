// @ts-check
// The way through a lesson, and what its texts read off the page.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  filledIn,
  nextPlace,
  plainMarkdown,
  previousPlace,
  sceneNumber,
  sceneStyle,
  scrollFor,
  stepOfKey,
  wordsOf,
} from "../../explorer/gui/lessons/walk.js";

const plain = { text: "A", address: "tab=forward", highlight: [], hide: [], question: null, answer: null };
const asking = { ...plain, question: "Why?", answer: "So: {{t}}." };
const event = { key: "", altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

test("a question is answered before the next scene; there are no scenes beyond the ends", () => {
  const scenes = [plain, asking, plain];
  const way = [{ scene: 0, told: false }];
  for (let i = 0; i < 5; i++) way.push(nextPlace(scenes, way[i]));
  assert.deepEqual(
    way.map(({ scene, told }) => `${scene}${told ? "!" : ""}`),
    ["0", "1", "1!", "2", "2", "2"],
  );
  assert.deepEqual(previousPlace({ scene: 2, told: false }), { scene: 1, told: false });
  assert.deepEqual(previousPlace({ scene: 0, told: true }), { scene: 0, told: true });
});

test("keys: arrows and a clicker's pages, alone", () => {
  const steps = ["ArrowRight", "PageDown", "ArrowLeft", "PageUp", " ", "Enter", "ArrowUp"].map((key) =>
    stepOfKey({ ...event, key }),
  );
  assert.deepEqual(steps, [1, 1, -1, -1, 0, 0, 0]);
  for (const held of ["altKey", "ctrlKey", "metaKey", "shiftKey"])
    assert.equal(stepOfKey({ ...event, key: "PageDown", [held]: true }), 0);
});

test("the number of a scene in an address", () => {
  assert.deepEqual(
    [null, "1", "9", "10", "0", "-1", "1.5", "x", "", "1e0", "٣"].map((text) => sceneNumber(text, 9)),
    [1, 1, 9, 0, 0, 0, 0, 0, 0, 0, 0],
  );
});

test("what is read stands there as it is, whatever it holds", () => {
  const read = (/** @type {string} */ name) =>
    ({ t: "4", "linear SNR": "−10 dB", bad: "<b>*x*$`\n| a" })[name] ?? null;
  assert.equal(filledIn("t {{t}}, {{ linear SNR }}", read), "t 4, −10 dB");
  assert.equal(filledIn("{{nothing}} \\{{t}}", read), "– \\{{t}}");
  const shown = filledIn("{{bad}}", read);
  assert.match(shown, /^[\w\s&#;]*$/);
  const again = shown.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(+code));
  assert.equal(again, "<b>*x*$` | a");
  assert.equal(plainMarkdown(" 1.5 \t %"), "1&#46;5 &#37;");
});

test("a scene's words: the question stands below the text, the answer below the question", () => {
  assert.equal(wordsOf(plain, null), "A");
  assert.equal(wordsOf(asking, null), "A\n\n> **Why?**");
  assert.equal(wordsOf(asking, "So: 4.\nYes."), "A\n\n> **Why?**\n>\n> So: 4.\n> Yes.");
});

test("a scene's style names its parts only", () => {
  assert.equal(sceneStyle([], []), "");
  assert.match(sceneStyle(["#a", "#b .c"], []), /^:is\(#a,#b \.c\) \{ outline: /);
  assert.match(sceneStyle([], ["#d"]), /^:is\(#d\) \{ display: none !important; \}$/);
});

test("scrolling brings all boxes between strip and bottom, or the first, or its beginning", () => {
  const box = (/** @type {number} */ top, /** @type {number} */ bottom) => ({ top, bottom });
  assert.equal(scrollFor([], 100, 700), 0);
  assert.equal(scrollFor([box(120, 600)], 100, 700), 0);
  assert.equal(scrollFor([box(170, 600), box(690, 760)], 100, 700), 60);
  assert.equal(scrollFor([box(120, 300), box(720, 760)], 100, 700), 0); // no room for both
  assert.equal(scrollFor([box(50, 90)], 100, 700), -50);
  assert.equal(scrollFor([box(800, 900)], 100, 700), 200);
  assert.equal(scrollFor([box(800, 2000)], 100, 700), 700);
  assert.equal(scrollFor([box(800, 900), box(3000, 3100)], 100, 700), 200);
});
