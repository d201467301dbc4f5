// @ts-check
// What Gradio's own markup leaves unsaid to those who do not see the page, said here.

const name = (node, text) => {
  const label = text.trim().replace(/\s+/g, " ");
  if (label && node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label);
};
const set = (node, attribute, value) =>
  node.getAttribute(attribute) !== value && node.setAttribute(attribute, value);

/** What a region's own label says, without its mark. */
const labelOf = (node) =>
  node.closest(".block")?.querySelector("[data-testid='block-label'], [data-testid='block-info']")
    ?.textContent ?? "";
/** A scrolling region is reached by the keyboard, as long as there is anything to scroll. */
function reachScroller(node) {
  const scrolls = node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1;
  const { overflowX, overflowY } = getComputedStyle(node);
  if (scrolls && /auto|scroll/.test(overflowX + overflowY)) set(node, "tabindex", "0");
  else if (node.getAttribute("tabindex") === "0") node.removeAttribute("tabindex");
}
/** @type {[string, (node: HTMLElement) => void][]} */
const REPAIRS = [
  [".label-wrap", (node) => set(node, "aria-expanded", String(node.classList.contains("open")))],
  [".label-wrap > .icon", (node) => set(node, "aria-hidden", "true")],
  [
    ".overflow-menu > button",
    (node) => {
      set(node, "aria-haspopup", "true");
      set(node, "aria-expanded", String(!node.nextElementSibling?.classList.contains("hide")));
    },
  ],
  ["fieldset", (node) => node.querySelector("legend") || name(node, labelOf(node) || "choice")],
  ["button.upload-container", (node) => name(node, `${labelOf(node)}: ${node.textContent}`)],
  [".trouble-text.block", (node) => set(node, "role", "alert")],
  [".quality-table.prose, .quality-table .prose, .scroll, .prose-note, .cm-scroller", reachScroller],
  [".cm-content", (node) => name(node, labelOf(node) || "code")],
  ["footer img", (node) => set(node, "alt", "")],
];
/** Gradio's colours of code are made for another ground: hue and chroma stay, the lightness is ours. */
function recolourCode() {
  for (const sheet of [...document.adoptedStyleSheets, ...document.styleSheets]) {
    if (sheet.href) continue;
    for (const rule of sheet.cssRules) {
      if (!(rule instanceof CSSStyleRule) || !/^\.ͼ\w+$/.test(rule.selectorText)) continue;
      const { color } = rule.style;
      if (color && !color.startsWith("oklch"))
        rule.style.color = `oklch(from ${color} var(--code-lightness) c h)`;
    }
  }
}
function repairAll() {
  for (const [selector, repair] of REPAIRS)
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector)))
      repair(node);
  if (document.querySelector(".cm-editor")) recolourCode();
}
/** What folds is said at once, all else soon after. */
export function keepRepaired() {
  let pending = 0;
  const soon = () => {
    pending ||= setTimeout(() => {
      pending = 0;
      if (element.isConnected) repairAll();
    }, 200);
  };
  const observer = new MutationObserver((changes) => {
    if (!element.isConnected) return observer.disconnect();
    for (const { type, target } of changes)
      if (type === "attributes" && target instanceof HTMLElement && target.matches(".label-wrap"))
        REPAIRS[0][1](target);
    soon();
  });
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["class"] });
  addEventListener("resize", soon);
  repairAll();
}
