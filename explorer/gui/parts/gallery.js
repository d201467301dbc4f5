const image = $("img");
async function load() {
  const value = props.value;
  if (value && !value.src) {
    // the room stays as it was
    image.hidden = true;
    $(".frame").classList.remove("filled");
    $("figcaption").textContent = value.caption;
  }
  if (!value?.src) return;
  const next = new Image();
  next.src = value.src;
  await next.decode();
  if (props.value !== value) return;
  image.src = value.src;
  $(".frame").style.aspectRatio = `${next.naturalWidth} / ${next.naturalHeight}`;
  $(".frame").classList.add("filled");
  image.alt = value.caption;
  image.hidden = false;
  $("figcaption").textContent = value.caption;
}
watch("value", load);
load();
