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
  gradio_config?: { root?: string; dependencies?: object[] };
  explorerClock?: {
    share: number | null;
    asked: number | null;
    stages: Map<Element, { t: number; T: number; share: number; setT: (t: number) => void }>;
  };
  /** The state in the address (gui/frame/address.js). */
  explorer?: {
    go: (text: string) => Promise<void>;
    state: () => URLSearchParams;
    register: (
      key: string,
      part: { read: () => string | null; write: (text: string | null) => string | void | null },
    ) => void;
    names: (key: string) => boolean;
    value: (key: string) => any;
    settingsOf: (stage: string) => { [key: string]: any };
    isChanged: (stage: string) => boolean;
    note: (keys: string[], values: any[]) => void;
    taken: () => string[];
    copyLink: () => Promise<void>;
    reset: () => Promise<void>;
  };
  explorerReady?: boolean;
  explorerParts?: Map<
    string,
    { read: () => string | null; write: (text: string | null) => string | void | null }
  >;
  /** Where a refusal of camera or clipboard is told (gui/frame/sources.js). */
  explorerSource?: { tell: (sentence: string) => void };
  explorerPlotly?: Promise<any>;
  Plotly?: any;
  /** "light", "dark" or "system"; `set` changes it without a reload, `flip` turns dark to light and back. */
  explorerTheme?: { readonly choice: string; set(choice: string): void; flip(): void };
}
interface WindowEventMap {
  "explorer-inside-t": CustomEvent<{ t: number; T: number }>;
}
