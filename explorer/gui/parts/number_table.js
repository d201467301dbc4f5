// @ts-check
import { $, make } from "./page.js";

function load() {
  const [head, ...rows] = props.value?.rows ?? [[]];
  const line = (tag, texts) => {
    const row = make("tr");
    for (const textContent of texts) make(tag, { textContent }, row);
    return row;
  };
  $("table").replaceChildren(line("th", head), ...rows.map((texts) => line("td", texts)));
}
watch("value", load);
load();
