// @ts-check
// The "?" of a plot: what its axes are, what to look at, what follows from what is shown now.
import { make } from "./page.js";
import { writeProse } from "./prose.js";

const LOOK_AGAIN = 400; // ms between two looks at what is shown, while it is open
const WAIT = 1000; // … and while there is nothing to say

/**
 * Adds a "?" behind a plot.
 * @param {Element} plot
 * @param {string} name what the plot is called
 * @param {() => string | null | undefined} say paragraphs, from what is shown; nothing hides the "?"
 */
export function addHelp(plot, name, say) {
  const help = make("details", { className: "explain" });
  const opener = make("summary", { textContent: "?", title: "What this plot shows" }, help);
  opener.setAttribute("aria-label", `What this plot shows: ${name}`);
  const text = make("div", {}, help);
  plot.after(help);
  let said = "";
  let timer = 0;
  let waiting = 0;
  function write() {
    const now = say() ?? "";
    help.hidden = !now;
    clearTimeout(waiting);
    if (!now && help.isConnected) waiting = setTimeout(write, WAIT);
    if (now === said || !help.open) return;
    said = now;
    writeProse(text, now);
  }
  help.addEventListener("toggle", () => {
    clearInterval(timer);
    if (help.open) timer = setInterval(() => (help.isConnected ? write() : clearInterval(timer)), LOOK_AGAIN);
    write();
  });
  write();
  return { write };
}
