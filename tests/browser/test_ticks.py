"""Labels of the loss axis in a real browser: three at least, whatever the losses, zoomed too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import gradio as gr
import pytest

from explorer.figures.learning import bucket_figure, loss_figure
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.theme import css, theme
from tests.browser.conftest import free_port, new_page

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

RANGES = {
    "narrow": (0.11, 0.14),
    "hair": (0.12, 0.12001),
    "flat": (0.3, 0.3),
    "run": (0.09, 1.1),
    "decade": (0.1, 1.0),
    "edge": (0.21, 0.99),
    "wide": (1e-6, 3e3),
    "high": (1700.0, 2600.0),
    "low": (3e-7, 4e-7),
}
ZOOMS = ((0.118, 0.131), (0.5, 0.5004), (1e-9, 1e6), (0.02, 0.9))
LABELS = """(name) => {
  const graph = document.querySelector(`#${name} .graph`).getBoundingClientRect();
  const all = document.querySelectorAll(`#${name} .ytick text, #${name} .colorbar text`);
  return [...all].flatMap((label) => {
    const box = label.getBoundingClientRect();
    const inside = box.left >= graph.left && box.top >= graph.top && box.bottom <= graph.bottom;
    return box.width && inside && label.closest(".cbtitle, .g-ytitle") === null
      ? [{ text: label.textContent, top: box.top, bottom: box.bottom,
           bar: !!label.closest(".colorbar") }]
      : [];
  });
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with a loss curve and a heat map for each range."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        with gr.Blocks(analytics_enabled=False) as demo:
            for name, (low, high) in RANGES.items():
                losses = [high, (low * high) ** 0.5, low]
                PlotView(loss_figure([1, 2, 3], losses, losses), elem_id=name)
                buckets = [[loss] * 10 for loss in losses]
                PlotView(bucket_figure([1, 2, 3], buckets, 100), elem_id=f"{name}-heat")
        port = free_port()
        demo.launch(
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            run_history=False,
            ssr_mode=False,
            theme=theme(),
            css=css(),
        )
        yield f"http://127.0.0.1:{port}"
        demo.close()


def is_labelled(labels: list[dict], low: float, high: float) -> None:
    """At least three labels, all different, none over another, each a value in the range."""
    texts = [label["text"] for label in labels]
    assert len(texts) >= 3 and len({*texts}) == len(texts), texts
    values = [float(text.replace("−", "-")) for text in texts]
    assert all(low * (1 - 1e-6) <= value <= high * (1 + 1e-6) for value in values), texts
    boxes = sorted((label["top"], label["bottom"]) for label in labels)
    assert all(a[1] <= b[0] + 6 for a, b in zip(boxes, boxes[1:], strict=False)), texts


@pytest.mark.parametrize("width", [1280, 390])
def test_three_labels_at_least_whatever_the_losses_are(
    browser: BrowserContext, address: str, width: int
) -> None:
    page = new_page(browser, width)
    page.goto(address)
    for name in RANGES:
        for plot in (name, f"{name}-heat"):
            page.locator(f"#{plot}").scroll_into_view_if_needed()
            page.wait_for_selector(f"#{plot} [data-draws]")
        shown = "(n) => document.querySelector(`#${n} .graph`)._fullLayout.yaxis.range"
        low, high = (10**x for x in page.evaluate(shown, name))
        is_labelled(page.evaluate(LABELS, name), low, high)
        bar = [label for label in page.evaluate(LABELS, f"{name}-heat") if label["bar"]]
        trace = page.evaluate(
            "(n) => { const t = document.querySelector(`#${n} .graph`)._fullData[0];"
            " return [t.zmin, t.zmax]; }",
            f"{name}-heat",
        )
        is_labelled(bar, *(10**z for z in trace))
    for low, high in ZOOMS:
        page.evaluate(
            "([a, b]) => Plotly.relayout(document.querySelector('#run .graph'),"
            " { 'yaxis.range': [Math.log10(a), Math.log10(b)] })",
            [low, high],
        )
        page.wait_for_timeout(100)
        is_labelled(page.evaluate(LABELS, "run"), low, high)
    page.close()
