// @ts-check
import { $, $$, isDark, make, onTheme } from "../../parts/page.js";

/** The numbers of each part, a column a variance. */
function load() {
  const { columns, rows, styles } = props.value ?? {};
  if (!columns) return;
  const head = $("thead tr");
  head.replaceChildren(head.firstElementChild);
  for (const textContent of columns) make("th", { textContent }, head);
  for (const row of $$("tbody tr")) {
    const part = row.dataset.part;
    const swatch = row.querySelector("i");
    if (swatch) swatch.style.background = styles[part][isDark() ? 1 : 0];
    row.replaceChildren(row.firstElementChild);
    for (const [textContent, error] of rows[part])
      make("small", { textContent: error }, make("td", { textContent }, row));
  }
}
watch("value", load);
onTheme(load);
load();
