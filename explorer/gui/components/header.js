const dialog = $("dialog");
$(".badge").textContent = props.value ?? "";
$(".open").addEventListener("click", () => dialog.showModal());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

// ---- links: ?tab=reverse opens that tab, ?tab=lectures&topic=sde that topic ----------------------
const asked = new URLSearchParams(location.search);
const tabs = () => // Gradio keeps a second, unseen row to measure them
  [...document.querySelectorAll(".tabs [role=tab]")].filter((tab) => tab.checkVisibility({ visibilityProperty: true }));
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
  await open(() => tabs().find((tab) => nameOf(tab) === asked.get("tab")), (tab) => tab.ariaSelected === "true");
  if (asked.has("topic"))
    await open(() => document.querySelector(`#${fold} > .label-wrap`), (label) => label.classList.contains("open"));
}
if (asked.has("tab")) openLink();
/** The address follows, so that it can be given to somebody. */
function follow({ target }) {
  const tab = target.closest?.("[role=tab]"), fold = target.closest?.(".topic > .label-wrap");
  const first = tabs()[0]?.closest("[role=tablist]");
  const address = new URL(location.href);
  if (tab && tab.closest("[role=tablist]") === first) {
    address.searchParams.set("tab", nameOf(tab));
    address.searchParams.delete("topic");
  } else if (fold) address.searchParams.set("topic", fold.parentElement.id.replace("topic-", ""));
  else return;
  history.replaceState(null, "", address);
}
document.addEventListener("click", follow);
