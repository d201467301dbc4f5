"""What the lectures say of generative models, beside what was measured here, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from explorer.evaluation.errors import Estimate, clear_of
from explorer.evaluation.quantities import with_error
from explorer.gui.frame.spoken import lasting
from explorer.gui.lectures.generative.records import MANY, Comparison, Measured


def table(found: Comparison) -> list[list[str]]:
    """A column for each way, real images last; the first row is the head."""
    ways = [(way, found.diversity(name)) for name, way in found.ways.items()]
    columns = [column(way, with_error(*spread)) for way, spread in ways]
    rows = zip(NAMES, *columns, column(found.real, "1, by definition"), strict=True)
    return [list(row) for row in rows]


NAMES = (
    *("", "weights", "training", f"{MANY:,} images", "Fréchet distance", "digits, of 10"),
    *("diversity within a digit", "grey pixels"),
)
"""Of the table's rows."""


def column(way: Measured, spread: str) -> list[str]:
    """A way's numbers as people read them; what it has not is left out."""
    return [
        way.title,
        f"{way.weights:,}" if way.weights else "",
        training(way),
        lasting(way.for_many) if way.for_many else "",
        with_error(*way.frechet),
        with_error(*way.classes),
        spread,
        percent(way.greys),
    ]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is the head."""
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" + "|--:" * (len(rows[0]) - 1) + "|", *others])


def training(way: Measured) -> str:
    """How long, and on how many cores if not on one."""
    if not way.trained:
        return ""
    return lasting(way.trained) + (f", {way.cores} cores" if way.cores > 1 else "")


def about(found: Comparison) -> str:
    """How it was measured."""
    timed = sorted({way.timed for way in found.ways.values() if way.timed})
    counts = " or ".join(f"{n:,}" for n in timed)
    return (
        f"{found.n} images of each, all without a class; ± is one standard error. Times are of "
        f"one core ({found.hardware}), measured on {counts} images and scaled to {MANY:,}. The "
        f"Fréchet distance is to {found.reference:,} training images, in the 64 features of the "
        "bundled classifier; of so few images it is too large for all, as real images show."
    )


def speed(found: Comparison) -> str:
    """Cars: diffusion samples "much slower than GAN or VAE"; Oslo and JAX give hours."""
    gan, ddpm, ddim = (found.ways[name] for name in ("gan", "ddpm", "ddim"))
    assert gan.for_many and ddpm.for_many and ddim.for_many
    verdict = "so it is here" if ddpm.for_many > 2 * gan.for_many else "not so here"
    return (
        "**Diffusion samples slowly** (Cars; Oslo, after Song et al. 2020: about 20 hours for "
        "50,000 small images on a GPU, a GAN less than a minute; JAX: over a day): "
        f"{verdict}. DDPM takes {lasting(ddpm.for_many)}, "
        f"{ratio(ddpm.for_many / gan.for_many)} the GAN's {lasting(gan.for_many)}; "
        f"{ddim.evaluations} steps of DDIM take {lasting(ddim.for_many)}."
    )


def diversity(found: Comparison) -> str:
    """Cars, Oslo: a GAN's images are less diverse, up to mode collapse."""
    pair = {name: found.diversity(name) for name in ("gan", "ddpm")}
    classes = {name: found.ways[name].classes for name in pair}
    told = {-1: "so it is here", 0: "no clear difference here", 1: "the opposite here"}
    return (
        "**A GAN's images are less diverse** (Cars; Oslo: mode collapse): in the shares of the "
        f"digits {told[order(found, classes['gan'], classes['ddpm'])]}, within a digit "
        f"{told[order(found, pair['gan'], pair['ddpm'])]}. The GAN's digits are as uneven as "
        f"{with_error(*classes['gan'])} equally frequent ones, DDPM's as "
        f"{with_error(*classes['ddpm'])}. Two images of one digit differ by "
        f"{with_error(*pair['gan'])} times as much as real ones do, with DDPM by "
        f"{with_error(*pair['ddpm'])}."
    )


def closeness(found: Comparison) -> str:
    """Cars, Oslo: diffusion comes closer to real images than a GAN, and than a VAE."""
    ways = {name: found.ways[name].frechet for name in ("vae", "gan", "ddpm", "ddim")}
    told = {-1: "so it is here", 0: "no clear difference here", 1: "the opposite here"}
    return (
        "**Diffusion comes closest to real images** (Cars, Oslo): against the GAN "
        f"{told[order(found, ways['ddpm'], ways['gan'])]}, against the VAE "
        f"{told[order(found, ways['ddpm'], ways['vae'])]}. Fréchet distance: DDPM "
        f"{with_error(*ways['ddpm'])}, DDIM {with_error(*ways['ddim'])}, GAN "
        f"{with_error(*ways['gan'])}, VAE {with_error(*ways['vae'])}; as many real images "
        f"{with_error(*found.real.frechet)}."
    )


def blur(found: Comparison) -> str:
    """Cars: a VAE's output can be blurry."""
    vae, real = found.ways["vae"].greys, found.real.greys
    more = order(found, vae, real)
    told = {1: "so it is here", 0: "no clear difference here", -1: "the opposite here"}[more]
    return (
        f"**A VAE's images are blurry** (Cars): {told}. {percent(vae)} of its pixels are neither "
        f"dark nor light, of real images {percent(real)}."
    )


STABILITY = (
    "**A GAN is hard to train** (SciNet, Cars, Oslo): not measured here. One run of each model "
    "says nothing about how often training fails."
)


def findings(found: Comparison) -> list[str]:
    """A sentence or two on each thing that the lectures say."""
    return [speed(found), diversity(found), closeness(found), blur(found), STABILITY]


def order(found: Comparison, first: Estimate, second: Estimate) -> int:
    """−1 if the first is clearly lower, 1 if clearly higher, else 0, as `clear_of` has it."""
    gap = first.value - second.value
    if abs(gap) <= clear_of(len(found.ways) + 1) * math.hypot(first.error, second.error):
        return 0
    return -1 if gap < 0 else 1


def percent(share: Estimate) -> str:
    """12.3 ± 0.4 %."""
    return f"{with_error(100 * share.value, 100 * share.error)} %"


def ratio(value: float) -> str:
    """In two digits: "1,900 times"."""
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):,.{max(0, digits)}f} times"


def caption(way: Measured) -> str:
    """Below a stored sheet."""
    return f"{way.title}: Fréchet distance {with_error(*way.frechet)}"
