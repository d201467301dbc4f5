// @ts-check
// Tab, panel and topic: what is open, and how it is opened.

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** Waits until `find` finds something, for two seconds; null if it does not. */
export async function until(find, tries = 40) {
  for (let i = 0; i < tries; i++) {
    const found = find();
    if (found) return found;
    await sleep(50);
  }
  return null;
}
const isSeen = (node) => node.checkVisibility({ visibilityProperty: true });

/** The pages of a row of tabs by the name of each: those within a page are another row's. */
function pagesOf(kind, seen = false) {
  const start = `${kind}-`;
  const pages = [...document.querySelectorAll(`[role=tabpanel][id^="${start}"]`)].filter(
    (page) => !seen || isSeen(page),
  );
  return new Map(pages.map((page) => [page.id.slice(start.length), page]));
}
/** The name of the page that is open. */
export const openPage = (kind) => [...pagesOf(kind, true).keys()][0] ?? null;

/**
 * Opens a page by its button, which a narrow row of tabs keeps in a menu.
 * @param {string} kind "tab" or "panel"
 * @param {{[name: string]: string}} titles of all, by name
 * @param {string} name one of them
 */
export async function openByName(kind, titles, name) {
  const isOpen = () => openPage(kind) === name;
  for (let tries = 0; tries < 50 && !isOpen(); tries++) {
    const button = document.getElementById(`${kind}-${name}-button`) ?? inMenu(titles[name]);
    button?.click();
    await until(isOpen, 3);
  }
  return isOpen();
}
/** @param {string} title @returns {any} */
const inMenu = (title) =>
  [...document.querySelectorAll(".overflow-dropdown button")].find(
    (each) => each.textContent.trim() === title,
  );

const HOME = "home"; // the page of all topics (gui/lectures/tab.py)
/** The topic that is open, or null. */
export function openTopicNow() {
  const name = openPage("topic");
  return name === HOME ? null : name;
}
/**
 * Opens a topic at its top, or with null the page of all, where that was left.
 * @param {string | null} topic
 */
export async function openTopic(topic) {
  const home = await until(() => document.getElementById(`topic-${HOME}`));
  const [before, name] = [openPage("topic"), topic ?? HOME];
  if (!home || before === name) return;
  if (before === HOME) home.dataset.y = String(scrollY);
  if (!(await openByName("topic", {}, name))) return;
  if (topic) document.getElementById(`topic-${name}`).scrollIntoView();
  else scrollTo(0, Number(home.dataset.y ?? 0));
}
