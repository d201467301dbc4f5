// @ts-check
// What the page has asked and not heard yet; runs in the page's head.
//
// A press that begins work waits for the answers to what was chosen before it: they fill fields,
// and the work is asked with what stands there. And what Gradio asks twice at a stroke, as its menus
// tell each choice, is asked once: an old choice's second answer could come after the new one's.

(() => {
  const LONGEST = 10_000; // ms that a press waits
  const MOMENT = 20; // ms in which Gradio takes an answer in and asks what follows from it
  const ask = window.fetch;
  /** @type {Set<Promise<Response>>} */
  const underWay = new Set();
  /** @type {Map<string, Promise<Response>>} what was asked since the browser last had a moment */
  const atOnce = new Map();
  /** @param {number} ms */
  const pause = (ms) => new Promise((go) => setTimeout(go, ms));

  window.fetch = async (address, options) => {
    const words = options?.body;
    if (typeof words !== "string" || !String(address).includes("/run/predict")) return ask(address, options);
    let answer = atOnce.get(words);
    if (!answer) {
      answer = whole(ask(address, options));
      atOnce.set(words, answer);
      setTimeout(() => atOnce.delete(words));
      underWay.add(answer);
      const done = () => underWay.delete(answer);
      answer.then(done, done);
    }
    return (await answer).clone();
  };

  /** An answer once all of it is here. */
  async function whole(/** @type {Promise<Response>} */ asked) {
    const answer = await asked;
    return new Response(await answer.arrayBuffer(), answer);
  }

  /** Until nothing is under way, or the longest wait is over. */
  async function heard() {
    const end = performance.now() + LONGEST;
    do {
      await Promise.race([Promise.allSettled(underWay), pause(end - performance.now())]);
      await pause(MOMENT);
    } while (underWay.size && performance.now() < end);
  }

  /** @type {Element} the button whose press has waited */
  let through = null;

  document.addEventListener(
    "click",
    async (event) => {
      const button = event.target instanceof Element && event.target.closest("button.begins");
      if (!(button instanceof HTMLElement) || button === through || !underWay.size) return;
      event.stopImmediatePropagation();
      if (button.hasAttribute("aria-busy")) return; // pressed again
      button.setAttribute("aria-busy", "true");
      await heard();
      button.removeAttribute("aria-busy");
      through = button;
      button.click();
      through = null;
    },
    { capture: true },
  );
})();
