// @ts-check
// What is measured in a page: contrast of every visible text, sizes of targets, order of headings.

window.measures = (() => {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  /** Any CSS colour as [red, green, blue, opacity]. */
  function channels(colour) {
    if (!known.has(colour)) {
      probe.clearRect(0, 0, 1, 1);
      probe.fillStyle = colour;
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  }
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => a * v + (1 - a) * under[i]);
  const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  /** WCAG 2: (L₁ + 0.05)/(L₂ + 0.05). */
  function ratio(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }
  /** A node and all around it, inside out. */
  function around(node) {
    const found = [];
    for (let each = node; each; each = each.parentElement) found.push(each);
    return found;
  }
  /** What lies behind a node, opaque: its own and its ancestors' backgrounds on the page's. */
  function ground(node) {
    const page = document.body.classList.contains("dark") ? [17, 18, 20] : [255, 255, 255];
    return around(node).reduceRight(
      (under, each) => over(channels(getComputedStyle(each).backgroundColor), under),
      page,
    );
  }
  const opacity = (node) => around(node).reduce((o, each) => o * Number(getComputedStyle(each).opacity), 1);
  function contrast(node, property = "color") {
    const under = ground(node);
    const [r, g, b, a] = channels(getComputedStyle(node)[property]);
    return ratio(over([r, g, b, a * opacity(node)], under), under);
  }

  /** Text of a drawing stands on its bar, if it has one. */
  function drawnContrast(node) {
    const bar = node.closest(".point")?.querySelector("path");
    if (!bar) return contrast(node, "fill");
    return ratio(...[node, bar].map((each) => channels(getComputedStyle(each).fill)));
  }

  const clipped = (node) => around(node).some((each) => getComputedStyle(each).clipPath === "inset(50%)");
  function isSeen(node) {
    const { width, height } = node.getBoundingClientRect();
    const style = { visibilityProperty: true, opacityProperty: true };
    return width > 0 && height > 0 && node.checkVisibility(style) && !clipped(node);
  }
  const isIdle = (node) => node.closest(":disabled, [aria-disabled=true]") !== null; // exempt, WCAG 1.4.3
  const called = (node) => [node.localName, node.id && `#${node.id}`, node.classList[0] ?? ""].join(" ");
  const where = (node) => around(node).slice(0, 3).reverse().map(called).join(" > ");
  const words = (node) => (node.ariaLabel ?? node.textContent).trim().slice(0, 40);

  /** How many nodes with text are seen, and those of less than 4.5 to 1. */
  function faint() {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const nodes = new Set();
    while (walk.nextNode()) {
      const node = walk.currentNode.parentElement;
      const drawn = !node.closest("script, style, title, select, .katex-mathml");
      if (walk.currentNode.textContent.trim() && drawn) nodes.add(node);
    }
    // .none stands on a picture, whose grey is not the page's
    const seen = [...nodes].filter((node) => isSeen(node) && !isIdle(node) && !node.closest(".none"));
    const found = seen.flatMap((node) => {
      const value = node instanceof SVGElement ? drawnContrast(node) : contrast(node);
      return value < 4.5 ? [`${value.toFixed(2)} ${where(node)}: ${words(node)}`] : [];
    });
    return [seen.length, [...new Set(found)]];
  }
  /** Targets of less than 24 × 24 CSS pixels, links in a sentence aside (WCAG 2.5.8). */
  function small() {
    const kinds = "button, a[href], input, select, summary, [role=button], [role=tab], label:has(input)";
    const found = [...document.querySelectorAll(kinds)].flatMap((node) => {
      const isTold = !node.closest("[aria-hidden=true]");
      if (!isTold || !isSeen(node) || isIdle(node) || (node.localName === "a" && node.closest("p, li")))
        return [];
      const isBox = node.matches("[type=radio], [type=checkbox]");
      const target = isBox ? (node.closest("label") ?? node) : node;
      const { width, height } = target.getBoundingClientRect();
      const size = `${width.toFixed(0)} × ${height.toFixed(0)}`;
      return Math.min(width, height) < 23.5 ? [`${size} ${where(node)}: ${words(node)}`] : [];
    });
    return [...new Set(found)];
  }
  /** Choices that stand out of what they are in, so that their edge is cut. */
  const cut = () =>
    [...document.querySelectorAll(".block .wrap > label")]
      .filter(isSeen)
      .filter(
        (node) => node.getBoundingClientRect().right > node.closest(".block").getBoundingClientRect().right,
      )
      .map((node) => `${where(node)}: ${words(node)}`);
  /** [level, text] of the headings that are seen or heard. */
  const headings = () =>
    [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
      .filter((node) => node.checkVisibility())
      .map((node) => [Number(node.localName[1]), node.textContent.trim()]);
  return { contrast, cut, faint, ground, headings, ratio, channels, small };
})();
