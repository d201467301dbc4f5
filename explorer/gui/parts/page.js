// @ts-check
// What parts do with the page. `element` is Gradio's: a part's own node.

/**
 * The first node of the part that fits.
 * @template {Element} [E=HTMLElement]
 * @param {string} selector
 * @returns {E}
 */
export const $ = (selector) => element.querySelector(selector);
/**
 * All nodes of the part that fit.
 * @template {Element} [E=HTMLElement]
 * @param {string} selector
 * @returns {E[]}
 */
export const $$ = (selector) => [...element.querySelectorAll(/** @type {any} */ (selector))];

/**
 * A new node with these properties, the last child of `parent` if there is one.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{[property: string]: any}} [properties]
 * @param {ParentNode} [parent]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, parent = undefined) {
  const node = Object.assign(document.createElement(tag), properties);
  parent?.append(node);
  return node;
}
/**
 * The same for a node of a drawing, which has attributes.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{[attribute: string]: any}} attributes
 * @param {ParentNode} parent
 * @param {string} [text]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes, parent, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

/** One of the buttons looks pressed, the others do not. */
export function press(buttons, pressed, attribute = "aria-pressed") {
  for (const button of buttons) button.setAttribute(attribute, String(button === pressed));
}
/** A sentence where the part tells of trouble; "" takes it away. */
export function tellTrouble(sentence) {
  const node = $(".trouble");
  node.textContent = sentence;
  node.hidden = !sentence;
}
/**
 * The address holds a setting of this part, under a key that begins with its tab.
 * @param {string} key
 * @param {{read: () => string | null, write: (text: string | null) => string | void | null}} part
 *   `read` is null at the default; `write` takes null for it, and returns a sentence if it can't
 */
export function keepInAddress(key, part) {
  (window.explorerParts ??= new Map()).set(key, part); // for an address that comes to life later
  window.explorer?.register(key, part);
}
/**
 * The same for one of some words, of which the first is the default.
 * @param {string} key
 * @param {string[]} choices
 * @param {() => string} now
 * @param {(word: string) => void} take
 */
export function keepChoice(key, choices, now, take) {
  keepInAddress(key, {
    read: () => (now() === choices[0] ? null : now()),
    write(text) {
      const word = text === null ? choices[0] : choices.find((each) => each === text.toLowerCase());
      if (word === undefined)
        return `${key.split(".").at(-1)}: there is no “${text}”; choose ${choices.join(", ")}.`;
      if (word !== now()) take(word);
      return null;
    },
  });
}
/**
 * The same for a whole number.
 * @param {string} key
 * @param {() => number | null} now null at the default
 * @param {(number: number | null) => void} take
 */
export function keepNumber(key, now, take) {
  keepInAddress(key, {
    read: () => (now() === null ? null : String(now())),
    write(text) {
      if (text !== null && !/^\d{1,9}$/.test(text.trim()))
        return `${key.split(".").at(-1)}: “${text}” is no whole number.`;
      if (text !== null || now() !== null) take(text === null ? null : Number(text));
      return null;
    },
  });
}
/** How often something has happened, for tests. */
export function countUp(name) {
  element.dataset[name] = String(+(element.dataset[name] ?? 0) + 1);
}
/** A picture that can be drawn at once. */
export async function decoded(src) {
  const picture = new Image();
  picture.src = src;
  await picture.decode();
  return picture;
}

/** A function that has `draw` called before the page is next painted, once however often it is called. */
export function onceAFrame(draw) {
  let pending = 0;
  return () => {
    pending ||= requestAnimationFrame(() => {
      pending = 0;
      draw();
    });
  };
}
export const isDark = () => document.body.classList.contains("dark");
/** Whether the page is shown to a hall (gui/frame/present.js). */
export const isPresenting = () => document.body.classList.contains("present");
/** Calls `draw` when the page turns dark or light, or is shown to a hall. */
export function onTheme(draw) {
  const observer = new MutationObserver(() => (element.isConnected ? draw() : observer.disconnect()));
  observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
}
/** Calls `show` when the part becomes visible. */
export function onVisible(show) {
  let visible = false;
  const observer = new IntersectionObserver((entries) => {
    if (!element.isConnected) return observer.disconnect();
    const now = entries.some((entry) => entry.isIntersecting);
    if (now && !visible) show();
    visible = now;
  });
  observer.observe(element);
}
/** Calls `layOut` when one of the nodes has another size, and at first. */
export function onResize(nodes, layOut) {
  const observer = new ResizeObserver(() => (element.isConnected ? layOut() : observer.disconnect()));
  for (const node of nodes) observer.observe(node);
}
