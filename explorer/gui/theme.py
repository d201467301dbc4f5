"""The look: ink on paper, colour only where it means something. No font is fetched."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from explorer.figures.palette import PALETTE

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")


def theme() -> gr.themes.Base:
    """Neutral greys; the primary colour is the ink itself, so that the series' colours speak."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.zinc,
        secondary_hue=gr.themes.colors.zinc,
        neutral_hue=gr.themes.colors.zinc,
        radius_size=gr.themes.sizes.radius_md,
        font=SANS,
        font_mono=MONO,
    ).set(
        body_background_fill="#ffffff",
        body_background_fill_dark="#111214",
        body_text_color="#18181b",
        body_text_color_dark="#ececef",
        body_text_color_subdued="#5b5b66",
        body_text_color_subdued_dark="#a4a4b0",
        background_fill_secondary="#f5f5f6",
        background_fill_secondary_dark="#1b1c20",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_text_weight="500",
        block_title_text_weight="500",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1b1c20",
        input_border_width="1px",
        input_border_color="#d4d4d8",
        input_border_color_dark="#3a3b42",
        button_primary_background_fill="#18181b",
        button_primary_background_fill_hover="#3f3f46",
        button_primary_text_color="#ffffff",
        button_primary_background_fill_dark="#ececef",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_text_color_dark="#111214",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#f5f5f6",
        button_secondary_background_fill_dark="#1b1c20",
        button_secondary_background_fill_hover_dark="#2a2b31",
        button_secondary_border_color="#d4d4d8",
        button_secondary_border_color_dark="#3a3b42",
        slider_color="*body_text_color",
        checkbox_border_color="#85858f",
        checkbox_border_color_dark="#85858f",
        checkbox_border_color_hover="*body_text_color",
        checkbox_border_color_hover_dark="*body_text_color",
        checkbox_background_color_selected="#18181b",
        checkbox_background_color_selected_dark="#5b5b66",
        checkbox_border_color_selected="#18181b",
        checkbox_border_color_selected_dark="#a4a4b0",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        checkbox_label_background_fill_selected="transparent",
        checkbox_label_background_fill_selected_dark="transparent",
        color_accent_soft="#f5f5f6",
        color_accent_soft_dark="#2a2b31",
    )


def css() -> str:
    """The page's own style; the series' colours come from the one palette."""

    def series(shade: str) -> str:
        return "".join(f"--series-{n.lower()}: {getattr(s, shade)};" for n, s in PALETTE.items())

    here = Path(__file__).parent
    files = (
        here / "theme.css",
        here / "frame" / "present_page.css",
        here / "lessons" / "page.css",
    )
    style = "".join(file.read_text(encoding="utf-8") for file in files)
    return f"""
:root, body {{ {series("light")} --focus: #2563eb; }}
body.dark {{ {series("dark")} --focus: #7aa7ff; }}
{style}"""
