// @ts-check
import { $ } from "./page.js";

/** @type {HTMLDialogElement} */
const dialog = $("dialog");
$(".badge").textContent = props.value ?? "";
$(".open").addEventListener("click", () => dialog.showModal());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

// ---- links: /#tab=reverse opens that tab, /#tab=lectures&topic=sde that topic --------------------
// After the #, because Plotly's clip paths name the address before it, which must not change.
const asked = new URLSearchParams(`${location.hash.slice(1)}&${location.search.slice(1)}`);
const tabs = () => {
  // Gradio keeps a second, unseen row to measure them
  const seen = [...document.querySelectorAll(".tabs [role=tab]")].filter((tab) =>
    tab.checkVisibility({ visibilityProperty: true }),
  );
  return seen.filter((tab) => tab.parentElement === seen[0].parentElement);
};
const nameOf = (tab) => tab.textContent.trim().toLowerCase();
/** Clicks what `find` finds until it `isOpen`: the page may still be putting itself together. */
async function open(find, isOpen) {
  for (let tries = 0; tries < 50; tries++) {
    const node = find();
    if (node && isOpen(node)) return;
    node?.click();
    await new Promise((done) => setTimeout(done, 100));
  }
}
async function openLink() {
  const fold = CSS.escape(`topic-${asked.get("topic")}`);
  await open(
    () => tabs().find((tab) => nameOf(tab) === asked.get("tab")),
    (tab) => tab.ariaSelected === "true",
  );
  if (asked.has("topic"))
    await open(
      () => document.querySelector(`#${fold} > .label-wrap`),
      (label) => label.classList.contains("open"),
    );
}
if (asked.has("tab")) openLink();
/** The address says what is open, so that it can be given to somebody. */
function writeAddress() {
  const tab = tabs().find((each) => each.ariaSelected === "true");
  if (!tab) return;
  const where = new URLSearchParams({ tab: nameOf(tab) });
  const fold = document.querySelector(".topic > .label-wrap.open");
  if (fold?.checkVisibility()) where.set("topic", fold.parentElement.id.replace("topic-", ""));
  const address = new URL(location.href);
  address.hash = where.toString();
  history.replaceState(null, "", address);
}
new MutationObserver(writeAddress).observe(document.body, {
  attributes: true,
  attributeFilter: ["aria-selected"],
  subtree: true,
});
document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest(".topic > .label-wrap")) setTimeout(writeAddress, 300);
});
