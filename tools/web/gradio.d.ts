// What Gradio hands to a part's script, and what the page has besides.

/** The part's own node. */
declare const element: HTMLElement;
/** What Python gave: `value` is what `postprocess` returned, the others are Gradio's. */
declare const props: { value: any; [name: string]: any };
/** What Python's class of the part gave once and for all (`Widget`'s `constants`). */
declare const constants: { [name: string]: any };
/** Calls `react` whenever Python has changed one of these props. */
declare function watch(names: string | string[], react: () => void): void;
/** Tells Python's listeners of an event; `data` becomes attributes of their `gr.EventData`. */
declare function trigger(event: string, data?: object): void;
/** The part's `server_functions`. */
declare const server: { [name: string]: (...values: any[]) => Promise<any> };
/** Puts a file where Python can read it. */
declare function upload(file: File): Promise<{ path: string; url: string }>;

interface Element {
  /** What other parts, buttons and tests may ask of a part. */
  explorer?: any;
}
interface Window {
  gradio_config?: { root?: string };
  explorerClock?: { share: number | null };
  explorerPlotly?: Promise<any>;
  Plotly?: any;
}
interface WindowEventMap {
  "explorer-inside-t": CustomEvent<{ t: number; T: number }>;
}
