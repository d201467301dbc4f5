// @ts-check
import { $, make } from "../parts/page.js";
import { addLine } from "../parts/prose.js";
import { texFinder, textFinder } from "./glossary_find.js";
import { describedBy, markPage } from "./glossary_marks.js";
import { makeTip } from "./glossary_tip.js";

const { terms, tex, words, skipped } = props.value;
const byId = new Map(terms.map((term) => [term.id, term]));
/** @type {HTMLDialogElement} */
const dialog = $("dialog");
/** @type {HTMLInputElement} */
const search = $("dialog input");
const SCAN_EVERY = 300; // ms
const SCAN_FIRST = 1500; // ms, so that the page can be used before its terms are marked

// ---- what is said of a term -------------------------------------------------------------------
function addEntry(term, parent) {
  const entry = make("div", { className: "entry" }, parent);
  const head = make("p", { className: "name" }, entry);
  if (term.symbol) addLine(make("span", { className: "symbol" }, head), term.symbol);
  head.append(term.name);
  addLine(make("p", {}, entry), term.means);
  if (term.formula) addLine(make("p", { className: "formula" }, entry), term.formula);
  const [label, address] = term.see;
  addLine(make("p", { className: "source" }, entry), `[${label}](${address}) · ${term.source}`);
  return entry;
}
const tip = makeTip($(".tip"), (ids) => {
  $(".tip").replaceChildren();
  for (const id of ids) addEntry(byId.get(id), $(".tip"));
  const all = make("button", { type: "button", className: "all", textContent: "All terms" }, $(".tip"));
  all.addEventListener("click", openList);
});
$(".tip").addEventListener(
  "click",
  ({ target }) => target instanceof Element && target.closest("a") && tip.close(),
);

/** Hidden sentences that `aria-describedby` names; their ids. */
function describe(ids) {
  for (const id of ids) {
    if (document.getElementById(describedBy(id))) continue;
    const { name, means } = byId.get(id);
    addLine(make("p", { id: describedBy(id) }, $(".descriptions")), `${name}: ${means}`);
  }
  return ids.map(describedBy).join(" ");
}

// ---- all of them ------------------------------------------------------------------------------
let entries = [];
function makeEntries() {
  return terms.map((term) => {
    const also = words.filter(([, id]) => id === term.id).map(([, , word]) => word);
    const text = [term.id, term.name, term.symbol, term.means, ...also].join(" ").toLowerCase();
    return { node: addEntry(term, $(".list")), text };
  });
}
function filter() {
  const asked = search.value.trim().toLowerCase();
  let count = 0;
  for (const { node, text } of entries) {
    node.hidden = !text.includes(asked);
    count += +!node.hidden;
  }
  $(".count").textContent = count ? `${count} of ${entries.length} terms` : "No term fits: try another word";
}
function openList() {
  tip.close();
  if (!entries.length) entries = makeEntries();
  search.value = "";
  filter();
  dialog.showModal();
}
search.addEventListener("input", filter);
dialog.addEventListener("click", ({ target }) => {
  if (target === dialog || (target instanceof Element && target.closest("a"))) dialog.close();
});
document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("[data-opens=glossary]")) openList();
});

// ---- marks ------------------------------------------------------------------------------------
/** @type {Parameters<typeof markPage>[0]} */
let rules;
let due = setTimeout(scan, SCAN_FIRST);
function scan() {
  due = 0;
  rules ??= {
    find: textFinder(words),
    inTex: texFinder(tex, skipped),
    whole: new Map(words.map(([, id, word]) => [word, id])),
    describe,
  };
  markPage(rules);
}
new MutationObserver(() => {
  due ||= setTimeout(scan, SCAN_EVERY);
}).observe(document.body, { childList: true, subtree: true });
element.explorer = { scan, open: openList };
