/** The numbers of each part, a column a variance. */
function load() {
  const { columns, rows, styles } = props.value ?? {};
  if (!columns) return;
  const head = $("thead tr");
  head.replaceChildren(head.firstElementChild);
  for (const name of columns) head.append(Object.assign(document.createElement("th"), { textContent: name }));
  for (const row of $$("tbody tr")) {
    const part = row.dataset.part,
      swatch = row.querySelector("i");
    if (swatch) swatch.style.background = styles[part][isDark() ? 1 : 0];
    row.replaceChildren(row.firstElementChild);
    for (const [value, error] of rows[part]) {
      const cell = Object.assign(document.createElement("td"), { textContent: value });
      cell.append(Object.assign(document.createElement("small"), { textContent: error }));
      row.append(cell);
    }
  }
}
watch("value", load);
onTheme(load);
load();
