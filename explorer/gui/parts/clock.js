// @ts-check
// The time that all tabs share, and what lets it run.

/** The last cursor, as a share of T. */
export const clock = (window.explorerClock ??= { share: null });

/**
 * What a play button does: `begin` goes to where playing starts and says whether there is anything
 * to play; `advance` moves on by the milliseconds that have passed and says whether there is more;
 * `halt` is called when playing ends. `box` bears the class "playing" meanwhile.
 * @param {{box: Element, button: Element, begin: () => boolean, advance: (ms: number) => boolean,
 *          halt?: () => void, label?: string}} what
 */
export function playback({ box, button, begin, advance, halt = () => {}, label = "play" }) {
  let frame = 0;
  const playing = {
    get on() {
      return frame !== 0;
    },
    play(on) {
      const before = frame;
      cancelAnimationFrame(frame);
      frame = 0;
      if (before && !on) halt();
      const runs = on && begin();
      box.classList.toggle("playing", runs);
      button.setAttribute("aria-label", runs ? "pause" : label);
      if (!runs) return;
      let last = performance.now();
      const tick = (now) => {
        if (!element.isConnected) return;
        const more = advance(now - last);
        last = now;
        if (!more) playing.play(false);
        else if (frame) frame = requestAnimationFrame(tick);
      };
      frame = requestAnimationFrame(tick);
    },
    toggle: () => playing.play(!frame),
  };
  return playing;
}
