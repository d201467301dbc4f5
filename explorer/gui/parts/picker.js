const strip = $(".picker");
function load() {
  strip.replaceChildren();
  for (const { name, src } of props.value ?? []) {
    const button = Object.assign(document.createElement("button"), { type: "button", title: name });
    button.setAttribute("aria-label", name);
    button.append(Object.assign(document.createElement("img"), { src, alt: "" }));
    button.addEventListener("click", () => {
      for (const other of strip.children) other.setAttribute("aria-pressed", String(other === button));
      trigger("pick", { name });
    });
    strip.append(button);
  }
}
watch("value", load);
load();
