// @ts-check
import { $, $$ } from "./page.js";
import { wireThemeToggle } from "./theme_toggle.js";

/** @type {HTMLDialogElement} */
const dialog = $("dialog");
for (const badge of $$(".badge")) badge.textContent = props.value ?? "";
$(".guide").addEventListener("click", () => dialog.showModal());
$(".show").addEventListener("click", () => dispatchEvent(new Event("explorer-present")));
$(".lessons").addEventListener("click", () => document.querySelector("#lessons")?.explorer?.menu());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
wireThemeToggle();
$(".copy").addEventListener("click", () => window.explorer?.copyLink());
$(".reset").addEventListener("click", () => window.explorer?.reset());
