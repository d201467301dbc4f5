// @ts-check
// Light, dark or as the system: what was chosen, kept in the browser; runs in the page's head.
//
// A link's ?__theme= counts for the visit it opens; what is chosen on the page counts from then on,
// also after a reload. Gradio sets the body's class itself, at first and when the system changes:
// whatever it sets, the class is brought back to what was chosen.

(() => {
  if (window.explorerTheme) return;
  const KEY = "explorer-theme";
  const CHOICES = ["light", "dark", "system"];
  const system = matchMedia("(prefers-color-scheme: dark)");
  const known = (text) => (CHOICES.includes(text) ? text : null);
  /** Browsers may refuse to keep anything: then a choice lasts as long as the page. */
  const read = (place) => {
    try {
      return known(place().getItem(KEY));
    } catch {
      return null;
    }
  };
  const write = (place, text) => {
    try {
      place().setItem(KEY, text);
    } catch {
      // kept nowhere
    }
  };
  const browser = () => localStorage;
  const visit = () => sessionStorage;
  /** @type {PerformanceNavigationTiming} */
  const loaded = /** @type {any} */ (performance.getEntriesByType("navigation")[0]);
  const asked = known(new URL(location.href).searchParams.get("__theme"));
  const isReload = loaded?.type === "reload" || loaded?.type === "back_forward";
  if (!isReload) write(visit, asked ?? "");
  let choice = read(visit) ?? (isReload ? null : asked) ?? read(browser) ?? asked ?? "system";

  const isDark = () => choice === "dark" || (choice === "system" && system.matches);
  function apply() {
    const dark = isDark();
    document.documentElement.style.colorScheme = dark ? "dark" : "light"; // scrollbars, native menus
    if (document.body && document.body.classList.contains("dark") !== dark)
      document.body.classList.toggle("dark", dark);
  }
  function set(next) {
    choice = known(next) ?? choice;
    write(browser, choice);
    write(visit, "");
    apply();
    dispatchEvent(new Event("explorer-theme"));
  }
  window.explorerTheme = {
    get choice() {
      return choice;
    },
    set,
    flip: () => set(isDark() ? "light" : "dark"),
  };
  function begin() {
    apply();
    new MutationObserver(apply).observe(document.body, { attributeFilter: ["class"] });
  }
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
  system.addEventListener("change", apply);
  document.addEventListener(
    "click",
    ({ target }) => {
      // Gradio's own settings, which then load the page anew
      const button = target instanceof Element && target.closest(".theme-button");
      if (button) set(CHOICES[[...button.parentElement.children].indexOf(button)]);
    },
    true,
  );
})();
