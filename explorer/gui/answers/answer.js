// @ts-check
import { $ } from "../parts/page.js";
import { addLine, writeProse } from "../parts/prose.js";

function load() {
  if (!props.value) return;
  const question = $("summary");
  question.replaceChildren();
  addLine(question, props.value.question);
  writeProse($(".answer > div"), props.value.answer);
}
watch("value", load);
load();
