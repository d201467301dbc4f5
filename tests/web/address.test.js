// @ts-check
// The state as text: keys, words, order.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  differing,
  groupOf,
  ofItsTab,
  ordered,
  readQuery,
  samePlace,
  shortKey,
  tabOf,
  wholeKey,
  writeQuery,
  written,
} from "../../explorer/gui/frame/address_text.js";

const KNOWN = ["t", "forward.T", "forward.image", "train.T", "train.seed", "reverse.s", "plane.S"];

test("a query is read in whatever letters its place is written, with # or ? or neither", () => {
  for (const start of ["", "#", "?"]) {
    const read = readQuery(`${start}TAB=Forward&T=500&t=250&image=a%20cat&image=dog`);
    assert.deepEqual(
      [...read],
      [
        ["tab", "Forward"],
        ["T", "500"],
        ["t", "250"],
        ["image", "dog"], // the last counts
      ],
    );
  }
  assert.equal(readQuery("").size, 0);
});

test("what is written is read again, commas and signs too", () => {
  /** @type {[string, string][]} */
  const pairs = [
    ["tab", "schedules"],
    ["compare", "linear,cosine"],
    ["image", "a&b=c #1 ü 100%"],
  ];
  const text = writeQuery(pairs);
  assert.ok(text.includes("linear,cosine") && !/[#\s]/.test(text));
  assert.deepEqual([...readQuery(text)], pairs);
});

test("a key may leave out its tab, and its letters do not matter, but T is not t", () => {
  assert.equal(wholeKey("T", "forward", KNOWN), "forward.T");
  assert.equal(wholeKey("t", "forward", KNOWN), "t");
  assert.equal(wholeKey("T", "plane", KNOWN), null);
  assert.equal(wholeKey("train.T", "forward", KNOWN), "train.T");
  assert.equal(wholeKey("TRAIN.SEED", "forward", KNOWN), "train.seed");
  assert.equal(wholeKey("Seed", "train", KNOWN), "train.seed");
  assert.equal(wholeKey("s", "plane", KNOWN), "plane.S");
  assert.equal(wholeKey("seed", "forward", KNOWN), null);
  for (const key of KNOWN)
    for (const tab of ["forward", "train", "reverse", "plane"])
      assert.equal(wholeKey(shortKey(key, tab), tab, KNOWN), key);
});

test("tabs and groups of keys", () => {
  assert.deepEqual(["t", "forward.T", "reverse.trip.t0"].map(tabOf), ["", "forward", "reverse"]);
  assert.deepEqual(["t", "forward.T", "reverse.trip.t0"].map(groupOf), ["", "forward", "reverse.trip"]);
});

test("only what differs from the default is written", () => {
  const plain = { default: 7 };
  assert.equal(differing(plain, 7), null);
  assert.equal(differing(plain, 0.0001), "0.0001");
  assert.equal(differing({ default: true }, false), "no");
  assert.equal(differing({ default: null }, null), null);
  /** @type {[any, string][]} */
  const words = [
    ["linear", "linear"],
    ["S = 5, 10", "s-5-10"],
    [0, "0"],
  ];
  assert.equal(written({ default: 0, words }, "S = 5, 10"), "s-5-10");
  assert.equal(written({ default: [], words }, ["S = 5, 10", "linear"]), "linear,s-5-10"); // in order
  assert.equal(differing({ default: [0, "linear"], words }, ["linear", 0]), null);
  assert.equal(differing({ default: ["linear"], words }, []), "");
});

test("the place comes first, then this tab, then the others", () => {
  const state = new Map([
    ["train.size", "28"],
    ["forward.T", "500"],
    ["t", "9"],
    ["panel", "guidance"],
    ["tab", "forward"],
  ]);
  assert.equal(writeQuery(ordered(state, "forward")), "tab=forward&panel=guidance&t=9&T=500&train.size=28");
});

test("another place is another step of the Back button, another setting is none", () => {
  assert.ok(samePlace("tab=train&size=28", "#tab=train&t=4"));
  for (const other of ["tab=plane", "tab=train&panel=a", "tab=train&topic=sde", "tab=train&scene=2"])
    assert.ok(!samePlace("tab=train", other));
});

test("of a place that one goes back to, its own tab's settings count", () => {
  const said = readQuery("tab=forward&T=500&t=9&train.seed=3&forward.image=cat&nonsense=1");
  assert.equal(
    writeQuery(ofItsTab(said, "train", KNOWN)),
    "tab=forward&T=500&t=9&forward.image=cat&nonsense=1",
  );
  assert.equal(writeQuery(ofItsTab(readQuery("seed=3&forward.T=5"), "train", KNOWN)), "seed=3");
});
