const image = $("img");
async function load() {
  const value = props.value;
  if (!value?.src) return;
  const next = new Image();
  next.src = value.src;
  await next.decode();
  if (props.value !== value) return;
  image.src = value.src;
  image.alt = value.caption;
  image.hidden = false;
  $("figcaption").textContent = value.caption;
}
watch("value", load);
load();
