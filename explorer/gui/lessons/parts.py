"""The page's parts that have no id of their own, and what can be read off the page, by name."""

from __future__ import annotations

PARTS = {
    "tabs": ".tabs > .tab-wrapper",
    "forward images": "#forward-stage .pane canvas",
    "forward equations": "#forward-stage .equation",
    "forward values": "#forward-stage .values",
    "forward curves": "#forward-stage .curves",
    "forward histogram": "#forward-stage .histogram",
    "forward clock": "#forward-stage .clock",
    "forward sentence": "#forward-stage .told",
    "forward filmstrip": "#forward-stage .film",
    "schedules graph": "#schedules-plot .graph",
    "schedules clock": "#schedules-plot .clock",
    "schedules table": "#schedules-plot .readout",
    "reverse lanes": "#reverse-player .lanes",
    "reverse views": "#reverse-player .bar .choice",
    "reverse clock": "#reverse-player .axis",
    "reverse step": "#reverse-player .anatomy .apart",
    "reverse formula": "#reverse-player .anatomy .words",
    "film images": "#train-film .pictures",
    "film board": "#train-film .board",
    "film training": "#train-film .training",
}
"""Name -> what a style sheet calls it. Ids need no entry."""

READINGS: dict[str, str | tuple[str, str]] = {
    "t": "#forward-t",
    "linear alpha_bar": '#forward-stage [data-pane="0"] [data-of="alphaBar"]',
    "linear signal": '#forward-stage [data-pane="0"] [data-of="signal"]',
    "linear noise": '#forward-stage [data-pane="0"] [data-of="noise"]',
    "linear SNR": '#forward-stage [data-pane="0"] [data-of="own"]',
    "linear schedule SNR": '#forward-stage [data-pane="0"] [data-of="snr"]',
    "cosine alpha_bar": '#forward-stage [data-pane="1"] [data-of="alphaBar"]',
    "cosine signal": '#forward-stage [data-pane="1"] [data-of="signal"]',
    "cosine noise": '#forward-stage [data-pane="1"] [data-of="noise"]',
    "cosine SNR": '#forward-stage [data-pane="1"] [data-of="own"]',
    "cosine schedule SNR": '#forward-stage [data-pane="1"] [data-of="snr"]',
    "who keeps more": "#forward-stage .told .now",
    "noise at few steps": ("#quality-findings li", "the best noise is"),
    "movement of the loss": ("#train-flat p", "deviated from its average"),
    "training step": 'output[for="film-step"]',
    "nearest training images": "#train-neighbours figcaption",
}
"""Name -> the element whose value, or whose words, are read; of several the first that
contains some words. An element's id needs no entry."""
