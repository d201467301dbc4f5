// @ts-check
// Gradio's list of listeners, out of what Svelte watches; runs in the page's head.
//
// While it builds the page Gradio searches this list for each of its components, about a million
// reads. The list never changes, but Svelte reads plain objects and arrays through proxies, and
// that took a third of the time until the stage could be dragged. It leaves alone what has a
// prototype of its own.

(() => {
  const list = window.gradio_config?.dependencies;
  if (!Array.isArray(list)) return; // another Gradio
  const unwatched = Object.create(Object.prototype);
  for (const listener of list) Object.setPrototypeOf(listener, unwatched);
  Object.setPrototypeOf(list, class extends Array {}.prototype);
})();
