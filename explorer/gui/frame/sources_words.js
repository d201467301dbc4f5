// @ts-check
// What is said where an image cannot come from the camera or the clipboard.

const INSTEAD = "or upload an image";
const REFUSED = ["NotAllowedError", "PermissionDeniedError", "SecurityError"];
const ABSENT = ["NotFoundError", "DevicesNotFoundError", "OverconstrainedError"];
const BUSY = ["NotReadableError", "TrackStartError", "AbortError"];

/**
 * @param {string} error the name of a DOMException; "" where the browser offers no camera at all
 * @param {boolean} secure whether the page may have one: https or localhost
 */
export function cameraSentence(error, secure) {
  if (ABSENT.includes(error)) return `No camera was found: connect one, ${INSTEAD}.`;
  if (REFUSED.includes(error))
    return `The browser does not let this page use the camera: allow it beside the address, ${INSTEAD}.`;
  if (BUSY.includes(error))
    return `The camera does not answer, perhaps another program uses it: close that one, ${INSTEAD}.`;
  if (!secure) return "Browsers give a camera only to pages at https or localhost: upload an image.";
  return "This browser gives the page no camera: upload an image.";
}
/**
 * @param {string} error the same for the clipboard; "empty" where it holds no image
 * @param {boolean} secure
 */
export function clipboardSentence(error, secure) {
  if (error === "empty") return `The clipboard holds no image: copy one first, ${INSTEAD}.`;
  if (REFUSED.includes(error))
    return `The browser does not let this page read the clipboard: allow it beside the address, ${INSTEAD}.`;
  if (!secure) return "Browsers let only pages at https or localhost read the clipboard: upload an image.";
  return "This browser does not let pages read images from the clipboard: upload an image.";
}
