// @ts-check
// Text with a little markup -> nodes: paragraphs, **bold**, `code`, x_t, σ^2, links.
import { make } from "./page.js";

const MARKUP = /\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\(([#@][^)\s]*)\)|([_^])(?:\{([^}]*)\}|([\p{L}\d−+]))/gu;

/** Opens `#tab=…` without loading the page anew, where the page knows how. @param {MouseEvent} event */
function followLink(event) {
  const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  const go = window.explorer?.go;
  if (!go) return;
  event.preventDefault();
  go(link.hash.slice(1));
}
/** A link to another place of the app (#tab=…), or a button that scrolls to a node of this page (@id). */
function makeLink(textContent, target, parent) {
  if (target.startsWith("#")) {
    const link = make("a", { textContent, href: target }, parent);
    link.addEventListener("click", followLink);
    return;
  }
  const button = make("button", { type: "button", className: "to", textContent }, parent);
  button.addEventListener("click", () =>
    document.getElementById(target.slice(1))?.scrollIntoView({ block: "center" }),
  );
}
/**
 * Adds one line to a node.
 * @param {Element} node
 * @param {string} text
 */
export function addLine(node, text) {
  let from = 0;
  for (const found of text.matchAll(MARKUP)) {
    node.append(text.slice(from, found.index));
    from = found.index + found[0].length;
    const [, strong, code, label, target, mark, index, single] = found;
    if (strong) addLine(make("strong", {}, node), strong);
    else if (code) make("code", { textContent: code }, node);
    else if (label) makeLink(label, target, node);
    else make(mark === "_" ? "sub" : "sup", { textContent: index ?? single }, node);
  }
  node.append(text.slice(from));
}
/**
 * Writes paragraphs, which blank lines part.
 * @param {Element} node
 * @param {string} text
 */
export function writeProse(node, text) {
  node.replaceChildren();
  for (const paragraph of text.split(/\n\s*\n/)) addLine(make("p", {}, node), paragraph);
}
