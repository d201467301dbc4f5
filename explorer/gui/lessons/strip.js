// @ts-check
import { fetchFile } from "../parts/bytes.js";
import { $, keepInAddress, make, tellTrouble } from "../parts/page.js";
import {
  filledIn,
  nextPlace,
  previousPlace,
  sceneNumber,
  sceneStyle,
  scrollFor,
  stepOfKey,
  wordsOf,
} from "./walk.js";

const KEPT = "explorer-lessons"; // in localStorage: {seen, left: {name, scene}}
const ROOM = 14; // CSS pixels between the strip and what is shown
const [LATE, PATIENCE] = [60, 600]; // looks, 100 ms apart, for parts that are on their way
/** @type {HTMLElement} */
const strip = element.closest("#lesson-strip");
/** @type {HTMLDialogElement} */
const menu = $("dialog");
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(sheet);
let lesson = null; // {name, title, scenes}, the open one
let place = { scene: 0, told: false };
let complaint = ""; // about the link that opened the scene
let allRead = true; // whether the page showed all that the answer reads
let words = ""; // Markdown of the place
let turn = 0;
let settled = false; // whether all that the scene speaks of is in view
let moved = false; // whether a hand has scrolled since the scene was opened

const listed = () => props.value?.lessons ?? [];
const selectorOf = (name) => constants.parts[name] ?? `#${CSS.escape(name)}`;

// ---- what this browser remembers -----------------------------------------------------------
/** Where nothing can be kept, every visit is the first one. */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
function keep(news) {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...kept(), ...news }));
  } catch {
    // a private window
  }
}

// ---- the strip ------------------------------------------------------------------------------
function draw() {
  const { seen, left } = kept();
  const last = listed().find(({ name }) => name === left?.name);
  const first = listed()[0];
  $(".lesson").hidden = !lesson;
  const offer = $(".offer");
  offer.hidden = Boolean(lesson) || !(last || (first && !seen));
  strip.dataset.shows = lesson ? "lesson" : offer.hidden && $(".trouble").hidden ? "nothing" : "offer";
  if (lesson) {
    document.documentElement.dataset.lesson = lesson.name;
    const { length } = lesson.scenes;
    $(".title").textContent = lesson.title;
    $(".count").textContent = `scene ${place.scene + 1} of ${length}`;
    $(".progress span").style.width = `${(100 * (place.scene + 1)) / length}%`;
    $(".previous").toggleAttribute("disabled", place.scene === 0);
    const asks = lesson.scenes[place.scene].question && !place.told;
    const ends = place.scene + 1 === length && !asks;
    $(".next").textContent = asks ? "Show the answer" : ends ? "Finish" : "Next ›";
  } else {
    delete document.documentElement.dataset.lesson;
    $(".offer span").textContent = last ? `You left “${last.title}” at scene ${left.scene}.` : "New here?";
    $(".take").textContent = last ? "Come back" : `Take the first lesson: ${first?.title}`;
    $(".dismiss").title = last ? "forget it" : "do not offer this again";
    $(".dismiss").setAttribute("aria-label", $(".dismiss").title);
  }
}

/** What the page shows under a name: a control's value, or an element's words. */
function read(name) {
  const [selector, containing] = [constants.readings[name] ?? `#${CSS.escape(name)}`].flat();
  const nodes = [...document.querySelectorAll(selector)];
  const node = nodes.find(({ textContent }) => textContent.includes(containing ?? ""));
  if (node instanceof HTMLInputElement || node instanceof HTMLSelectElement) return node.value;
  const text = /** @type {HTMLElement | undefined} */ (node)?.innerText;
  if (!text) allRead = false;
  return text ?? null;
}

function write() {
  const scene = lesson?.scenes[place.scene];
  allRead = true;
  const answer = place.told ? filledIn(scene?.answer ?? "", read) : null;
  words = scene ? wordsOf(scene, answer) : "";
  trigger("words");
}

// ---- the parts that a scene speaks of -------------------------------------------------------
const visible = (selector) =>
  [...document.querySelectorAll(selector)].filter((node) =>
    node.checkVisibility({ visibilityProperty: true }),
  );
/** Where what stays at the bottom of the window begins, such as a clock on a phone. */
function bottomOfView() {
  let node = document.elementFromPoint(innerWidth / 2, innerHeight - 2);
  for (; node && node !== document.body; node = node.parentElement)
    if (["sticky", "fixed"].includes(getComputedStyle(node).position))
      return node.getBoundingClientRect().top;
  return innerHeight;
}
/** Brings what is highlighted below the strip, until the page has come to rest or a hand scrolls. */
async function bringIntoView(parts, own) {
  for (let looks = 0, rest = 0; looks < PATIENCE && rest < 3; looks++) {
    if (own !== turn) return;
    const lacking = parts.filter((part) => !visible(selectorOf(part)).length);
    if (looks >= LATE || !lacking.length)
      tellTrouble(
        lacking.length ? `This scene speaks of “${lacking[0]}”, which is not on the page.` : complaint,
      );
    const boxes = parts.flatMap((part) =>
      visible(selectorOf(part)).map((node) => node.getBoundingClientRect()),
    );
    const top = strip.getBoundingClientRect().bottom + ROOM;
    const by = moved ? 0 : scrollFor(boxes, top, bottomOfView() - ROOM);
    const before = scrollY;
    if (Math.abs(by) >= 1) scrollBy({ top: by, behavior: "instant" });
    rest = lacking.length || scrollY !== before ? 0 : rest + 1;
    await new Promise((done) => setTimeout(done, 100));
  }
  for (let looks = 0; looks < LATE && own === turn && !allRead; looks++) {
    await new Promise((done) => setTimeout(done, 100)); // what an answer reads is on its way
    write();
  }
  settled = own === turn;
}
for (const name of ["wheel", "touchmove"]) addEventListener(name, () => (moved = true), { passive: true });

/** Shows a place; its state is set as well unless the address has set one already. */
async function show(next, apply = true) {
  const own = ++turn;
  place = next;
  moved = settled = false;
  const scene = lesson.scenes[place.scene];
  keep({ seen: true, left: null });
  tellTrouble(complaint);
  sheet.replaceSync(sceneStyle(scene.highlight.map(selectorOf), scene.hide.map(selectorOf)));
  draw();
  write();
  if (apply) await goTo(scene.address);
  if (own !== turn) return;
  await bringIntoView(scene.highlight, own);
}
async function open(name, number = 1, apply = true) {
  const found = listed().find((each) => each.name === name.toLowerCase());
  if (!found) return tellTrouble(`There is no lesson “${name.slice(0, 60)}”.`);
  if (lesson?.name !== found.name) {
    try {
      const scenes = await (await fetchFile(found.file)).json();
      lesson = { ...found, scenes };
    } catch {
      return tellTrouble(`The lesson “${found.title}” did not arrive. Please try again.`);
    }
  }
  menu.close();
  await show({ scene: Math.min(number, lesson.scenes.length) - 1, told: false }, apply);
}
function leave(end = false) {
  turn++;
  keep({ left: end ? null : { name: lesson.name, scene: place.scene + 1 } });
  lesson = null;
  forget();
  sheet.replaceSync("");
  complaint = "";
  tellTrouble("");
  draw();
  write();
}
/** To the answer, the next scene, the end (+1), or the scene before (−1). */
function step(by) {
  const next = by > 0 ? nextPlace(lesson.scenes, place) : previousPlace(place);
  if (next.scene === place.scene && next.told === place.told) return;
  complaint = "";
  show(next, next.scene !== place.scene);
}

// ---- the hand -------------------------------------------------------------------------------
$(".previous").addEventListener("click", () => step(-1));
$(".next").addEventListener("click", () => (atEnd() ? leave(true) : step(1)));
$(".leave").addEventListener("click", () => leave());
function atEnd() {
  const { scenes } = lesson;
  return place.scene + 1 === scenes.length && (place.told || !scenes[place.scene].question);
}
$(".take").addEventListener("click", () => {
  const { left } = kept();
  if (left) open(left.name, left.scene);
  else open(listed()[0].name);
});
$(".dismiss").addEventListener("click", () => {
  keep({ seen: true, left: null });
  draw();
});
/** Whether a key is meant for what has the focus: text, a slider, a choice. */
const takesKeys = (target) =>
  target instanceof Element &&
  (target.closest("input, textarea, select, [contenteditable='true'], [role=slider]") !== null ||
    document.querySelector("dialog[open]") !== null);
addEventListener(
  "keydown",
  (event) => {
    const by = stepOfKey(event);
    if (!element.isConnected || !lesson || !by || takesKeys(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the player under the focus has these keys too
    step(by);
  },
  { capture: true },
);

function showMenu() {
  const { left } = kept();
  const list = $(".menu ul");
  list.replaceChildren();
  for (const { name, title, summary, scenes } of listed()) {
    const button = make("button", { type: "button" }, make("li", {}, list));
    button.dataset.lesson = name;
    make("strong", { textContent: title }, button);
    const been = left?.name === name ? ` You left it at scene ${left.scene}.` : "";
    make(
      "span",
      { textContent: `${scenes} ${scenes === 1 ? "scene" : "scenes"}. ${summary}${been}` },
      button,
    );
    button.addEventListener("click", () => open(name, left?.name === name ? left.scene : 1));
  }
  menu.showModal();
}
menu.addEventListener("click", (event) => event.target === menu && menu.close());

// ---- the address ----------------------------------------------------------------------------
/** What an address names; a lesson without a scene begins. @type {{lesson: string, scene: string}} */
const asked = { lesson: null, scene: null };
let mine = 0; // of our own addresses, those that are still being followed
/** Another state of the page, a step of the Back button, with the scene in it. */
async function goTo(state) {
  const text = new URLSearchParams({ lesson: lesson.name, scene: String(place.scene + 1) });
  mine++;
  try {
    await window.explorer.go(`${state}&${text}`);
  } finally {
    mine--;
  }
}
/** Takes the lesson out of the address, at once: a reload opens none. */
function forget() {
  const url = new URL(location.href);
  const rest = url.hash.slice(1).split("&");
  url.hash = rest.filter((pair) => !/^(lesson|scene)=/i.test(pair)).join("&");
  history.replaceState(history.state, "", url);
}
const named = () => listed().find(({ name }) => name === asked.lesson?.toLowerCase());
/** Opens what an address names. A scene's own state is set where the address says nothing else. */
function follow() {
  const found = named();
  if (mine) return;
  if (!found) {
    if (lesson) leave();
    return;
  }
  const number = sceneNumber(asked.scene, found.scenes) || 1;
  if (lesson?.name !== found.name || place.scene + 1 !== number)
    open(found.name, number, !window.explorer.names("tab"));
}
/** Here rather than with the link's other troubles: a link may be followed before this part is there. */
function tell(sentence) {
  complaint = sentence;
  tellTrouble(sentence);
  draw();
  return null;
}
function writeLesson(text) {
  asked.lesson = text;
  queueMicrotask(follow); // once the scene is told too
  if (text === null || named()) return null;
  const names = listed().map(({ name }) => name);
  return tell(`There is no lesson “${text.slice(0, 60)}”; there are: ${names.join(", ")}.`);
}
function writeScene(text) {
  asked.scene = text;
  const found = named();
  if (!found || sceneNumber(text, found.scenes)) return null;
  return tell(
    `“${found.title}” has scenes 1 to ${found.scenes}, and no “${text.slice(0, 20)}”; it opens at the first.`,
  );
}
keepInAddress("lesson", { read: () => lesson?.name ?? null, write: writeLesson });
keepInAddress("scene", { read: () => (lesson ? String(place.scene + 1) : null), write: writeScene });

const explorer = {
  open,
  leave,
  menu: showMenu,
  get words() {
    return words;
  },
  get scene() {
    return lesson && { name: lesson.name, number: place.scene + 1, told: place.told, settled };
  },
};
(element.closest(".block") ?? element).explorer = explorer;
watch("value", draw);
draw();
