// @ts-check
import { $, make } from "../../parts/page.js";

function drawTable([head, ...rows], parent) {
  const table = make("table", {}, parent);
  const line = (tag, texts) => {
    const row = make("tr", {}, table);
    for (const textContent of texts) make(tag, { textContent }, row);
  };
  line("th", head);
  for (const row of rows) line("td", row);
}
function drawStrip({ title, broken, classes, src, width, height }, of, parent) {
  const figure = make("figure", { className: broken ? "broken" : "sound" }, parent);
  make("figcaption", { textContent: title }, figure);
  make("img", { src, width, height, alt: `${of}: ${title}` }, figure);
  const names = classes.length ? make("div", { className: "classes" }, figure) : null;
  for (const textContent of classes) make("span", { textContent, title: `class ${textContent}` }, names);
}
function drawGroup(group) {
  const section = make("section", { className: "group" });
  make("p", { className: "name", textContent: group.title }, section);
  if (group.strips.length) {
    const seen = make("div", { className: "seen" }, section);
    for (const strip of group.strips) drawStrip(strip, group.title, seen);
    drawTable(group.table, seen);
  }
  const facts = make("ul", {}, section);
  for (const textContent of group.facts) make("li", { textContent }, facts);
  make("p", { className: "about", textContent: group.about }, section);
  return section;
}
function load() {
  $(".mistakes").replaceChildren(...(props.value ?? []).map(drawGroup));
}
watch("value", load);
load();
