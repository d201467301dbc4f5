// @ts-check
import { tellTrouble } from "../parts/page.js";
import { cameraSentence, clipboardSentence } from "./sources_words.js";

const UPLOAD = 0; // as upload_box orders its sources
const CAMERA = 1;
const CLIPBOARD = 2;

/** The box of images above this part. */
const box = element.closest(".block")?.parentElement?.querySelector(":scope > .image-frame");

/** Which source's button was pressed; -1 for none. */
const pressed = (target) =>
  [...(box?.querySelectorAll(".source-selection button") ?? [])].findIndex((each) => each.contains(target));

const nameOf = (error) => (error instanceof Error || error instanceof DOMException ? error.name : "");

/** What Gradio asks the browser for, once for the whole page: a refusal is told by the box that
 * was used last, where Gradio would only write it to the console. */
function listenToDevices() {
  if (window.explorerSource) return;
  window.explorerSource = { tell: () => {} };
  const tell = (sentence) => window.explorerSource?.tell(sentence);
  const { mediaDevices, clipboard } = navigator;
  if (mediaDevices?.getUserMedia) {
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      try {
        return await ask(wanted);
      } catch (error) {
        tell(cameraSentence(nameOf(error), isSecureContext));
        return new Promise(() => {}); // the prompt stays, for another attempt
      }
    };
  }
  if (clipboard?.read) {
    const read = clipboard.read.bind(clipboard);
    clipboard.read = async () => {
      try {
        const items = await read();
        const images = items.some((item) => item.types.some((type) => type.startsWith("image/")));
        if (!images) tell(clipboardSentence("empty", isSecureContext));
        return items;
      } catch (error) {
        tell(clipboardSentence(nameOf(error), isSecureContext));
        return [];
      }
    };
  }
}

listenToDevices();
box?.addEventListener(
  "click",
  ({ target }) => {
    tellTrouble("");
    if (window.explorerSource) window.explorerSource.tell = tellTrouble;
    const source = pressed(target);
    if (source > UPLOAD && !navigator.mediaDevices?.getUserMedia && source === CAMERA)
      tellTrouble(cameraSentence("", isSecureContext));
    if (source === CLIPBOARD && !navigator.clipboard?.read)
      tellTrouble(clipboardSentence("", isSecureContext));
  },
  true,
);
