// @ts-check
// Marks terms where they stand: what is marked has `data-terms`, can be focused and is described.
import { make } from "../parts/page.js";

const BLOCKS = [
  ".prose-note p, .prose-note li, .prose-note th, .prose-note td, .stage-title h3",
  '[data-testid="block-info"], .answer summary, .explain p, table.quality th',
  ".blend dt, .blend h4, .plane h4, .anatomy figcaption",
].join(", ");
/** Controls that say a term: they keep their role, and are described. */
const HOSTS = ".choice button, .wrap > label";
const CLOSED = "a, button, code, pre, input, textarea, select, svg, .copy-text, [data-terms]";
const seenText = new WeakMap(); // what a block said when it was marked last

/** @param {string} id */
export const describedBy = (id) => `term-${id}`;

/**
 * Marks the page once more: only what is new or has changed is looked at.
 * @param {{find: (text: string) => {from: number, to: number, id: string}[], inTex: (tex: string) => string[], whole: Map<string, string>, describe: (ids: string[]) => string}} rules
 */
export function markPage(rules) {
  for (const block of document.querySelectorAll(BLOCKS)) {
    const said = block.textContent;
    if (seenText.get(block) === said || block.querySelector(BLOCKS)) continue;
    if (/\$[^$]+\$/.test(said)) continue; // formulas are still to be set
    seenText.set(block, said);
    markNode(block, new Set(), rules);
  }
  for (const host of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(HOSTS))) {
    const said = plainText(host);
    if (seenText.get(host) === said) continue;
    seenText.set(host, said);
    const ids = [...new Set(rules.find(said).map(({ id }) => id))];
    if (!ids.length) continue;
    host.dataset.terms = ids.join(" ");
    const input = host.querySelector("input") ?? host;
    input.setAttribute("aria-describedby", rules.describe(ids));
  }
}
/** x with 0 below it is "x_0". */
function plainText(node) {
  return [...node.childNodes]
    .map((child) =>
      child.nodeName === "SUB"
        ? `_${child.textContent}`
        : child.childNodes.length
          ? plainText(child)
          : child.textContent,
    )
    .join("")
    .trim();
}
function markNode(node, seen, rules) {
  for (const child of [...node.childNodes]) {
    if (child.nodeType === Node.TEXT_NODE) markText(child, seen, rules);
    else if (!(child instanceof HTMLElement) || child.matches(CLOSED)) {
      for (const id of child instanceof HTMLElement ? (child.dataset.terms ?? "").split(" ") : [])
        seen.add(id);
    } else if (child.classList.contains("katex")) markFormula(child, seen, rules);
    else markNode(child, seen, rules);
  }
}
function markFormula(formula, seen, rules) {
  const tex = formula.querySelector("annotation")?.textContent ?? "";
  const ids = rules.inTex(tex);
  if (ids.some((id) => !seen.has(id))) mark(formula, ids, rules);
  for (const id of ids) seen.add(id);
}
function mark(node, ids, rules) {
  node.classList.add("term");
  node.dataset.terms = ids.join(" ");
  node.tabIndex = 0;
  node.setAttribute("aria-describedby", rules.describe(ids));
}
function markText(text, seen, rules) {
  const said = text.data;
  const below = text.nextSibling;
  const symbol = below?.nodeName === "SUB" && /\p{L}\p{M}*$/u.exec(said);
  const indexed = symbol ? rules.whole.get(`${symbol[0]}_${below.textContent}`) : undefined;
  const end = indexed ? symbol.index : said.length;
  const pieces = document.createDocumentFragment();
  let from = 0;
  for (const found of rules.find(said)) {
    if (found.from < from || found.to > end || seen.has(found.id)) continue;
    pieces.append(said.slice(from, found.from));
    const node = make("span", { textContent: said.slice(found.from, found.to) }, pieces);
    mark(node, [found.id], rules);
    seen.add(found.id);
    from = found.to;
  }
  const isNew = indexed && !seen.has(indexed);
  if (!from && !isNew) return;
  pieces.append(said.slice(from, isNew ? end : said.length));
  if (isNew) {
    const node = make("span", { textContent: symbol[0] }, pieces);
    mark(node, [indexed], rules);
    node.append(below);
    seen.add(indexed);
  }
  text.replaceWith(pieces);
}
