// @ts-check
import { $ } from "../parts/page.js";
import { openByName, openPage, openTopic, openTopicNow, until } from "./address_places.js";
import {
  defaultOf,
  differing,
  groupOf,
  ofItsTab,
  ordered,
  PLACE,
  readQuery,
  samePlace,
  tabOf,
  wholeKey,
  writeQuery,
  written,
} from "./address_text.js";
import { clearTime, onSteps, onTime, readTime, writeTime } from "./address_time.js";

const LOOK = 400; // ms between two looks at what the address should say
const PATIENCE = 20000; // ms for Python's answer
const OURS = { explorer: true }; // of an entry in the browser's history that the page has written

const { tabs, panels, topics, stages } = props.value;
/** @type {{[key: string]: import("./address_text.js").Field}} */
const fields = props.value.fields;
const values = new Map(); // of the fields, by whole keys, as they stand on the page
const parts = new Map(); // {read, write} of the browser's parts, by whole keys
const pending = new Map(); // what a link says to parts that are not on the page yet
let going = Promise.resolve(); // the last of the links that are being followed
let latest = 0;
let underWay = 0;
let followed = new Map(); // what the last link says
let turn = 0;
let answer = null; // Python's last
let shown = ""; // what the page has put behind the #
let seen = location.hash; // when it was last looked at
let gone = false; // whether Back or a hand has changed it since, which is about to be followed
let touched = false; // whether a hand or a link has been at the page

// ---- what the address says ----------------------------------------------------------------
const wordNow = (key) => (fields[key] ? written(fields[key], window.explorer.value(key)) : undefined);
const openTab = () => openPage("tab") ?? Object.keys(tabs)[0];
const isOther = ([key, value]) => written(fields[key], value) !== written(fields[key], fields[key].default);
/** Everything that is not as it is at first, by whole keys; of one tab, or of all. */
function presentState(only = null) {
  const tab = openTab();
  const state = new Map([["tab", tab]]);
  const names = Object.keys(panels[tab] ?? {});
  const panel = names.length ? openPage("panel") : null;
  if (panel && panel !== names[0]) state.set("panel", panel);
  const topic = openTopicNow();
  if (topic) state.set("topic", topic);
  for (const [key, { read }] of parts) {
    const text = read();
    if (text !== null && text !== undefined && text !== "") state.set(key, String(text));
  }
  for (const [key, value] of values) {
    const text = differing(fields[key], value, wordNow);
    if (text !== null) state.set(key, text);
  }
  if (only !== null)
    for (const key of state.keys()) if (key.includes(".") && tabOf(key) !== only) state.delete(key);
  return ordered(state, tab);
}
function replace(text) {
  const address = new URL(location.href);
  address.hash = text;
  return address;
}
/** The address follows the page: another place is another step of the Back button. */
function follow() {
  if (gone) return;
  seen = location.hash;
  if (!underWay && openPage("tab")) write(touched);
}
function write(canStep) {
  const text = writeQuery(presentState());
  const isStep = canStep && shown && !samePlace(text, shown);
  if (isStep) history.pushState(OURS, "", replace(text));
  else if (text !== location.hash.slice(1)) history.replaceState(OURS, "", replace(text));
  shown = text;
  seen = location.hash;
}

// ---- following a link ---------------------------------------------------------------------
/** Waits for Python: it checks what is asked, sets the fields, and says what was wrong. */
async function askPython(asked, groups, isNew) {
  const mine = ++turn;
  const valueOf = (key) => (isNew ? fields[key].default : window.explorer.value(key));
  const isChanged = (key) => {
    const field = fields[key];
    const leader = field.follows?.key;
    if (asked.has(leader) && asked.get(leader) !== written(fields[leader], valueOf(leader))) return true;
    const wordThen = (other) => asked.get(other) ?? written(fields[other], fields[other].default);
    const wanted = asked.get(key) ?? written(field, defaultOf(field, wordThen));
    return wanted !== written(field, valueOf(key));
  };
  const changed = Object.keys(fields).filter((key) => groups.includes(groupOf(key)) && isChanged(key));
  if (!changed.length) return [];
  trigger("ask", { turn: mine, asked: Object.fromEntries(asked), changed, groups });
  await until(() => answer?.turn >= mine, PATIENCE / 50);
  if (answer?.turn !== mine) return ["The server did not answer: the settings of the link are not set."];
  const moved = new Set(changed.map(groupOf));
  const isSet = ([key, value]) => written(fields[key], values.get(key)) === written(fields[key], value);
  await until(() => Object.entries(answer.set).every(isSet), PATIENCE / 50); // the page has what Python said
  for (const group of groups) if (moved.has(group)) trigger(`restored ${group}`);
  return answer.wrong;
}
function nameOf(kind, names, text, wrong) {
  if (text === undefined) return null;
  const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found) return found;
  wrong.push(`There is no ${kind} “${text}”; there are: ${names.join(", ")}.`);
  return null;
}
/** Parts that the link names are told so, those of this view that it does not name go to their default. */
function tellParts(asked, tab, wrong) {
  for (const [key, part] of parts)
    if (asked.has(key) || !key.includes(".") || tabOf(key) === tab) {
      const sentence = part.write(asked.get(key) ?? null);
      if (typeof sentence !== "string") continue;
      wrong.push(sentence);
      part.write(null);
    }
}
async function apply(text, { mine = 0, isNew = false, isStep = false } = {}) {
  if (mine && mine < latest) return; // somebody has gone on
  const query = readQuery(text);
  const wrong = [];
  followed = query;
  underWay++;
  touched = true;
  try {
    const tab = nameOf("tab", Object.keys(tabs), query.get("tab"), wrong) ?? openTab();
    const rooms = panels[tab] ?? {}; // the panels of this tab
    const names = Object.keys(rooms);
    const panel = names.length ? nameOf("panel", names, query.get("panel"), wrong) : null;
    const topic = nameOf("topic", topics, query.get("topic"), wrong);
    await openByName("tab", tabs, tab);
    if (names.length) await openByName("panel", rooms, panel ?? names[0]);
    if (tab === "lectures") await openTopic(topic);
    const known = () => [...Object.keys(fields), ...parts.keys()];
    const rest = [...query].filter(([key]) => !["tab", "panel", "topic"].includes(key));
    const mounted = () => rest.every(([key]) => wholeKey(key, tab, known()));
    await until(mounted, 40);
    const asked = new Map();
    pending.clear();
    for (const [key, value] of rest) {
      const whole = wholeKey(key, tab, known());
      if (whole) asked.set(whole, value);
      else if (PLACE.includes(key) || key.includes(".")) pending.set(key, value);
      else wrong.push(`The link names “${key}”, which is no setting here; it is left out.`);
    }
    const named = [...asked.keys()].filter((key) => key in fields);
    const groups = [...new Set(Object.keys(fields).map(groupOf))].filter(
      (group) => tabOf(`${group}.`) === tab || named.some((key) => groupOf(key) === group),
    );
    if (!isNew || named.length)
      wrong.push(...(await askPython(new Map(named.map((key) => [key, asked.get(key)])), groups, isNew)));
    tellParts(asked, tab, wrong);
  } finally {
    underWay--;
  }
  if ((mine && mine < latest) || gone) return; // what Back has just come to is not written over
  say(wrong);
  write(isStep);
}
/** Applies a state written as a query, as if it had been put behind the # by hand. */
function go(text, isStep = true) {
  const mine = ++latest;
  going = going.then(() => apply(String(text), { mine, isStep })).catch((error) => console.error(error));
  return going;
}

// ---- what is said -------------------------------------------------------------------------
const box = $(".notice");
function say(sentences) {
  $(".said").textContent = sentences.join(" ");
  $(".link").hidden = true;
  box.hidden = !sentences.length;
}
/** What the link to this view cannot hold. */
const lacking = () => {
  const tab = openTab();
  return [...values]
    .filter(([key, value]) => tabOf(key) === tab && fields[key].lacks && !fields[key].shipped.includes(value))
    .map(([key]) => fields[key].lacks);
};
async function copyLink() {
  const link = replace(writeQuery(presentState(openTab()))).href;
  /** @type {HTMLInputElement} */
  const field = $(".link");
  const missing = [...new Set(lacking())];
  const without = missing.length ? ` Not in it, since only you have it: ${missing.join(", ")}.` : "";
  let said = "The link to this view is copied.";
  try {
    await navigator.clipboard.writeText(link);
  } catch {
    said = "Copy this link to the view:";
  }
  say([said + without]);
  field.hidden = false;
  field.value = link;
  field.focus();
  field.select();
}
/** The visible tab as it is at first; where one stands stays. */
const reset = () => go(writeQuery(presentState().filter(([key]) => PLACE.includes(key))));
$(".close").addEventListener("click", () => (box.hidden = true));

// ---- the contract -------------------------------------------------------------------------
window.explorer = {
  go,
  /** The present state, as the address writes it. */
  state: () => new URLSearchParams(presentState()),
  /** A part of the browser's: `read` gives its text or null, `write` takes it, null for the default;
   * what `write` returns is a sentence about what was wrong. */
  register(key, part) {
    parts.set(key, part);
    const name = [...pending.keys()].find((each) => wholeKey(each, openTab(), [key]));
    if (name) {
      part.write(pending.get(name));
      pending.delete(name);
    }
  },
  /** Whether the link that was followed last names a key. */
  names: (key) => followed.has(key),
  /** What a field of Python's stands at. */
  value: (key) => (values.has(key) ? values.get(key) : fields[key]?.default),
  /** What the fields of a stage stand at (agree.py), by whole keys. */
  settingsOf: (stage) =>
    Object.fromEntries((stages[stage] ?? []).map((key) => [key, window.explorer.value(key)])),
  /** Whether one of them is not as at first. */
  isChanged: (stage) =>
    (stages[stage] ?? []).some((key) => differing(fields[key], window.explorer.value(key)) !== null),
  /** Called by Gradio with the values of a group's fields whenever one changes. */
  note(names, now) {
    names.forEach((key, i) => values.set(key, now[i]));
    dispatchEvent(new Event("explorer-noted"));
  },
  /** The fields that the page was opened with, or that have been changed since: nothing else fills them. */
  taken: () => [...opened(), ...[...values].filter(isOther).map(([key]) => key)],
  copyLink,
  reset,
};
const first = readQuery(location.hash);
for (const [key, value] of readQuery(location.search))
  if (!first.has(key) && (PLACE.includes(key) || wholeKey(key, "", Object.keys(fields))))
    first.set(key, value);
function opened() {
  const tab = (first.get("tab") ?? "").toLowerCase();
  const named = [...first.keys()].map((key) => wholeKey(key, tab, Object.keys(fields)));
  const [entry] = performance.getEntriesByType("navigation");
  const again = /** @type {PerformanceNavigationTiming} */ (entry)?.type !== "navigate";
  return Object.keys(fields).filter((key) => named.includes(key) || (again && tabOf(key) === tab));
}
for (const [key, part] of window.explorerParts ?? []) window.explorer.register(key, part);
window.explorer.register("t", { read: readTime, write: writeTime });
onTime((sentence) => say([sentence]));
onSteps(() => Number(window.explorer.value(`${openTab()}.T`)) || 0);
watch("value", () => {
  if (props.value?.answer) answer = props.value.answer;
});
const ofPlace = (text) =>
  writeQuery(ofItsTab(readQuery(text), openTab(), [...Object.keys(fields), ...parts.keys()]));
addEventListener("popstate", () => (gone = location.hash !== seen)); // just before hashchange
addEventListener("hashchange", () => {
  gone = false;
  // by hand all that it says; by Back and Forward the place, and what was set there
  const asked = history.state?.explorer ? ofPlace(location.hash) : location.hash;
  go(asked, false);
});
for (const event of ["pointerdown", "keydown", "input"])
  document.addEventListener(
    event,
    () => {
      touched = true;
      clearTime();
    },
    true,
  );
new MutationObserver(follow).observe(document.body, {
  attributes: true,
  attributeFilter: ["aria-selected"],
  subtree: true,
});
addEventListener("pagehide", follow);
async function begin() {
  await until(() => openPage("tab"), 200);
  if (first.size) await apply(writeQuery(first), { isNew: true });
  follow();
  touched = false;
  setInterval(() => element.isConnected && document.visibilityState === "visible" && follow(), LOOK);
  document.documentElement.dataset.explorer = "ready";
}
if (window.explorerReady) going = going.then(begin);
else addEventListener("explorer-ready", () => (going = going.then(begin)), { once: true });
