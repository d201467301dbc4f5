// @ts-check
import { openTopic, until } from "../../frame/address_places.js";
import { $, countUp, make } from "../../parts/page.js";

const list = $(".home");
/** A card; its link covers it, so that a pointer finds it anywhere and a reader hears its title alone. */
function addCard({ topic, title, source, line, do: deed, src }, cards) {
  const card = make("li", {}, cards);
  const picture = make("div", { className: "picture" }, card);
  if (src) make("img", { src: new URL(src, document.baseURI).href, alt: "", width: 96, height: 96 }, picture);
  const words = make("div", { className: "words" }, card);
  const link = make("a", { href: `#tab=lectures&topic=${topic}`, textContent: title }, make("h4", {}, words));
  link.dataset.topic = topic;
  make("p", { className: "source", textContent: source }, words);
  make("p", { className: "line", textContent: line }, words);
  make("p", { className: "do", textContent: deed }, words);
}
function load() {
  list.replaceChildren();
  for (const { group, cards } of props.value ?? []) {
    make("h3", { textContent: group }, list);
    const row = make("ul", {}, list);
    for (const card of cards) addCard(card, row);
  }
  countUp("loads");
}
/** A link without a key held down opens here, at once; else it is the browser's, as any link. */
const isPlain = (/** @type {MouseEvent} */ event) =>
  event.button === 0 && !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
async function goTo(topic) {
  await openTopic(topic);
  const find = () => document.querySelector(`#${CSS.escape(`topic-${topic}`)} h2`);
  const isThere = () => find()?.checkVisibility({ visibilityProperty: true });
  if (await until(isThere)) /** @type {HTMLElement} */ (find()).focus({ preventScroll: true });
}
async function goBack(link) {
  const from = link.closest(".topic").id.replace("topic-", "");
  await openTopic(null);
  $(`[data-topic="${CSS.escape(from)}"]`)?.focus({ preventScroll: true });
}
function follow(event) {
  if (!element.isConnected) return document.removeEventListener("click", follow);
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || !isPlain(event)) return;
  const topic = element.contains(link) ? link.dataset.topic : null;
  if (!topic && !link.matches(".topic .way-back")) return;
  event.preventDefault();
  if (topic) goTo(topic);
  else goBack(link);
}
document.addEventListener("click", follow);
watch("value", load);
load();
