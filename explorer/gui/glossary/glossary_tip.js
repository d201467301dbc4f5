// @ts-check
// The tip beside a marked term: it opens by pointer, focus and tap, and never lies on the term.

const GAP = 6; // pixels between term and tip
const EDGE = 8; // … and between tip and window
const WAIT = { open: 220, close: 250 }; // ms of a pointer's rest; to get from the term to the tip

/**
 * @param {HTMLElement} tip a popover
 * @param {(ids: string[]) => void} write fills it
 */
export function makeTip(tip, write) {
  let anchor = null;
  let timer = 0;
  let leftByHand = null; // what had the focus when Esc closed its tip

  const later = (act, wait) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  function place() {
    if (!anchor?.isConnected) return close();
    const { top, bottom, left } = anchor.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) return close();
    const above = top - GAP - EDGE;
    const below = innerHeight - bottom - GAP - EDGE;
    tip.style.maxHeight = "none";
    const under = below >= tip.offsetHeight || below >= above;
    tip.style.maxHeight = `${Math.max(60, under ? below : above)}px`;
    tip.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - tip.offsetWidth - EDGE))}px`;
    tip.style.top = `${under ? bottom + GAP : top - GAP - tip.offsetHeight}px`;
  }
  function open(node) {
    clearTimeout(timer);
    if (anchor === node) return;
    close();
    anchor = node;
    write(node.dataset.terms.split(" "));
    tip.showPopover();
    tip.scrollTop = 0;
    place();
  }
  function close() {
    clearTimeout(timer);
    anchor = null;
    if (tip.matches(":popover-open")) tip.hidePopover();
  }
  const termAt = (target) => (target instanceof Element ? target.closest("[data-terms]") : null);
  const isTerm = (node) => node?.classList.contains("term");

  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "touch") return;
    const node = termAt(target);
    if (node) later(() => open(node), node === anchor ? 0 : WAIT.open);
    else if (target instanceof Node && tip.contains(target)) clearTimeout(timer);
    else if (anchor && document.activeElement !== anchor) later(close, WAIT.close);
    else clearTimeout(timer);
  });
  document.addEventListener("focusin", ({ target }) => {
    const node = termAt(target);
    if (node && (isTerm(node) || /** @type {Element} */ (target).matches(":focus-visible"))) {
      if (node !== leftByHand) open(node);
    } else if (!(target instanceof Node && tip.contains(target))) close();
    leftByHand = null;
  });
  document.addEventListener("focusout", ({ relatedTarget }) => {
    if (anchor && isTerm(anchor) && relatedTarget instanceof Node && !tip.contains(relatedTarget)) close();
  });
  document.addEventListener(
    "click",
    (event) => {
      const node = termAt(event.target);
      if (node && isTerm(node)) {
        event.preventDefault(); // a label would move the focus to its field
        open(node);
      } else if (!(event.target instanceof Node && tip.contains(event.target))) close();
    },
    true,
  );
  document.addEventListener(
    "keydown",
    (event) => {
      if (!anchor) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        const node = anchor;
        const within = tip.contains(document.activeElement);
        close();
        if (!within) return;
        leftByHand = node;
        node.focus();
      } else if (event.target === anchor && isTerm(anchor) && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        event.stopPropagation();
        const first = /** @type {HTMLElement} */ (tip.querySelector("a, button"));
        first?.focus();
      }
    },
    true,
  );
  addEventListener("scroll", () => anchor && place(), { capture: true, passive: true });
  addEventListener("resize", () => anchor && place());
  return { close };
}
