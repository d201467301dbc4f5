// @ts-check
// How a part comes to life: its script and its first value are files of the page, fetched when the
// part is first seen. Gradio runs only the call of this, in every part's node.

const FAILED = "This part of the page did not load. Please reload the page.";

/** @param {string} address */
const urlOf = (address) => new URL(address, document.baseURI).href;
/** @param {string} address */
async function fetchValue(address) {
  const answer = await fetch(urlOf(address));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}
/**
 * A part's props with the stored value in its place, for as long as Python has sent no other.
 * @param {{value: any}} props
 * @param {string} stored
 * @param {any} value
 */
const withStored = (props, stored, value) =>
  new Proxy(props, {
    get: (target, name) =>
      name === "value" && target.value?.stored === stored ? value : Reflect.get(target, name),
  });

/**
 * `watch` for a part that has been sent another value before its script came.
 * @param {(names: string | string[], react: () => void) => void} watch
 */
const alsoNow = (watch) => (names, react) => {
  watch(names, react);
  if ([names].flat().includes("value")) queueMicrotask(react);
};

/**
 * @typedef {HTMLElement & {shown?: boolean, parts?: number}} Room
 * `shown` once all that it opened with has been there; until then it has `parts` on their way, and
 * theme.css hides what is in it.
 */

/**
 * A part is on its way; what is to be called when it has come.
 * @param {Room | null} room
 */
function enter(room) {
  if (!room || room.shown) return () => {};
  room.parts = (room.parts ?? 0) + 1;
  return () => {
    room.parts -= 1;
    if (room.parts > 0) return;
    room.shown = true;
    room.removeAttribute("data-waiting");
  };
}

/** Parts come to life in the order in which Gradio mounts them: later ones may ask earlier ones. */
let before = Promise.resolve();

/**
 * Runs a part's script with what Gradio hands to it (tools/web/gradio.d.ts).
 * @param {{element: HTMLElement, props: {value: any}, [given: string]: any}} part
 * @param {any} first its value when Gradio put it there
 * @param {Room | null} room the tab or accordion that it is in
 * @param {string} script its address
 * @param {object} constants
 */
export function mount(part, first, room, script, constants) {
  const { element, props } = part;
  const stored = first?.stored;
  const leave = enter(room);
  const files = Promise.all([import(urlOf(script)), stored && fetchValue(stored)]);
  files.catch(() => {}); // its turn has not come: told then
  async function begin() {
    try {
      const [{ run }, value] = await files;
      if (!element.isConnected) return;
      const watch = props.value === first ? part.watch : alsoNow(part.watch);
      run({ ...part, constants, watch, props: stored ? withStored(props, stored, value) : props });
    } catch (error) {
      element.append(FAILED);
      reportError(error);
    } finally {
      requestAnimationFrame(leave); // what it draws is drawn by then
    }
  }
  before = before.then(begin);
}
