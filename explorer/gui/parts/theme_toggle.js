// @ts-check
// The choice of light, dark or as the system; theme.js in the page's head keeps it.

import { $$, press } from "./page.js";

export function wireThemeToggle() {
  const buttons = $$("[data-theme]");
  const show = () =>
    press(
      buttons,
      buttons.find(({ dataset }) => dataset.theme === window.explorerTheme?.choice),
    );
  for (const button of buttons)
    button.addEventListener("click", () => {
      // on a phone only the chosen one is seen: pressed again it takes the next
      const isChosen = button.getAttribute("aria-pressed") === "true";
      const next = buttons[(buttons.indexOf(button) + 1) % buttons.length];
      const taken = isChosen ? next : button;
      window.explorerTheme?.set(taken.dataset.theme);
      if (isChosen) taken.focus();
    });
  addEventListener("explorer-theme", show);
  show();
}
