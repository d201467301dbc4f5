function load() {
  const [head, ...rows] = props.value?.rows ?? [[]];
  const table = $("table");
  const top = document.createElement("tr");
  for (const text of head) top.append(Object.assign(document.createElement("th"), { textContent: text }));
  const lines = rows.map((texts) => {
    const line = document.createElement("tr");
    for (const text of texts) line.append(Object.assign(document.createElement("td"), { textContent: text }));
    return line;
  });
  table.replaceChildren(top, ...lines);
}
watch("value", load);
load();
