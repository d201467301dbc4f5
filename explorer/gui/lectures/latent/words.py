"""What diffusion among codes costs and is worth beside diffusion among pixels: made of numbers."""

from __future__ import annotations

from explorer.evaluation.quantities import with_error
from explorer.gui.frame.spoken import lasting
from explorer.gui.lectures.generative.records import MANY, Comparison
from explorer.gui.lectures.generative.words import order, ratio

HEAD = ("", "weights", "network calls", "an image", f"{MANY:,} images", "Fréchet distance")
"""Of the table."""


def table(found: Comparison) -> list[list[str]]:
    """A row for each way, the codes' own first; the first row is the head."""
    rows = []
    for way in found.ways.values():
        each = f"{1000 * way.seconds / way.timed:,.2f} ms" if way.seconds else ""
        many = lasting(way.for_many) if way.for_many else ""
        calls = f"{way.evaluations:,}" if way.evaluations else ""
        rows.append([way.title, f"{way.weights:,}", calls, each, many, with_error(*way.frechet)])
    real = [f"{found.n} real images", "", "", "", "", with_error(*found.real.frechet)]
    return [list(HEAD), *rows, real]


def cost(found: Comparison) -> str:
    """Of an evaluation and of an image, among codes and among pixels."""
    codes, pixels = found.ways["latent-ddim"], found.ways["ddim"]
    assert codes.for_many and pixels.for_many
    a, b = codes.for_many / MANY, pixels.for_many / MANY
    less = "less" if a < b else "more"
    factor = ratio(max(a, b) / min(a, b))
    smaller = ratio(pixels.weights / codes.weights)
    return (
        f"**Cost.** An image by {codes.evaluations} steps of DDIM takes {1000 * a:.2f} ms of one "
        f"core among codes, decoding included, and {1000 * b:.2f} ms among pixels: {factor} "
        f"{less}. Part of that is the network: the pixel model has {smaller} as many weights."
    )


def quality(found: Comparison) -> str:
    """Whether what it makes is as close to real images, and the decoder's share."""
    said = []
    for codes, pixels, name in (("latent-ddpm", "ddpm", "DDPM"), ("latent-ddim", "ddim", "DDIM")):
        if codes not in found.ways or pixels not in found.ways:
            continue
        a, b = found.ways[codes].frechet, found.ways[pixels].frechet
        verdict = {-1: "closer to real images", 0: "no clear difference", 1: "farther from them"}
        said.append(
            f"by {name} {with_error(*a)} among codes, {with_error(*b)} among pixels "
            f"({verdict[order(found, a, b)]})"
        )
    decoded = found.ways["decoded"].frechet
    real = found.real.frechet
    lost = {-1: "less than", 0: "not clearly more than", 1: "more than"}[
        order(found, decoded, real)
    ]
    return (
        f"**Quality.** Fréchet distance {'; '.join(said)}. The decoder's own error: {found.n} "
        f"real test images, encoded and decoded, are at {with_error(*decoded)}, {lost} the "
        f"{with_error(*real)} of the same images untouched; no sampler among codes can be "
        "expected to do better."
    )
