// @ts-check
// The time that all tabs share, and what lets it run.

/** `share` is the last cursor, as a share of T; `asked` the t of a link, until a hand moves it;
 * `stages` are the parts that follow it, by their nodes. */
export const clock = (window.explorerClock ??= { share: null, asked: null, stages: new Map() });

/** Where a stage of T steps stands now; `share` of T if nobody has moved the clock. */
export function clockTime(T, share) {
  if (clock.asked !== null) return Math.min(clock.asked, T);
  return Math.round((clock.share ?? share) * T);
}
/** This part can be taken to a time by a link: {t, T, setT, share}, share being where it begins. */
export const followClock = (stage) => clock.stages.set(element, stage);
/** The stage that is seen, or null. */
export function stageSeen() {
  for (const [node, stage] of clock.stages) {
    if (!node.isConnected) clock.stages.delete(node);
    else if (stage.T && node.checkVisibility()) return stage;
  }
  return null;
}

const STILL = 500; // ms for which a picture stands where less motion is wished
/** Whether the system asks for less motion; nothing that moves begins by itself then. */
export const wantsStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * What a play button does: `begin` goes to where playing starts and says whether there is anything
 * to play; `advance` moves on by the milliseconds that have passed and says whether there is more;
 * `halt` is called when playing ends. `box` bears the class "playing" meanwhile.
 * Where the system asks for less motion, it goes on at the same pace, but by standing pictures.
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
        if (wantsStillness() && now - last < STILL) return void (frame = requestAnimationFrame(tick));
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
