const dialog = $("dialog");
$(".badge").textContent = props.value ?? "";
$(".open").addEventListener("click", () => dialog.showModal());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
