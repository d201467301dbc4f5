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
function drawGroup(group) {
  const section = make("section", { className: "group" });
  make("p", { className: "name", textContent: group.title }, section);
  if (group.strips.length) {
    const strips = make("div", { className: "strips" }, section);
    for (const { title, broken, src, width, height } of group.strips) {
      const figure = make("figure", { className: broken ? "broken" : "sound" }, strips);
      make("figcaption", { textContent: title }, figure);
      make("img", { src, width, height, alt: `${group.title}: ${title}` }, figure);
    }
  }
  const side = make("div", { className: "side" }, section);
  const facts = make("ul", {}, side);
  for (const textContent of group.facts) make("li", { textContent }, facts);
  if (group.table.length) drawTable(group.table, side);
  make("p", { className: "about", textContent: group.about }, section);
  return section;
}
function load() {
  $(".mistakes").replaceChildren(...(props.value ?? []).map(drawGroup));
}
watch("value", load);
load();
