"""What each lecture names for further reading: nothing that its text does not name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Reading:
    """A paper, or what else a lecture points to."""

    authors: str
    """The first, and how many or who else."""
    title: str
    year: int | None = None
    """Of a paper's first version on arXiv; None where none is stated."""
    arxiv: str = ""
    """Its number; "" for what is not on arXiv."""
    link: str = ""
    """Of what is not on arXiv; "" for a book."""
    remark: str = ""
    """How the lecture names it, where that differs."""

    @property
    def address(self) -> str:
        """Where it can be read; "" for a book."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else self.link


NONEQUILIBRIUM = Reading(
    "Sohl-Dickstein, Weiss, Maheswaranathan, Ganguli",
    "Deep Unsupervised Learning using Nonequilibrium Thermodynamics",
    2015,
    "1503.03585",
)
DDPM = Reading("Ho, Jain, Abbeel", "Denoising Diffusion Probabilistic Models", 2020, "2006.11239")
DDIM = Reading("Song, Meng, Ermon", "Denoising Diffusion Implicit Models", 2020, "2010.02502")
BEAT_GANS = Reading(
    "Dhariwal, Nichol", "Diffusion Models Beat GANs on Image Synthesis", 2021, "2105.05233"
)
UNIFIED = Reading(
    "Luo", "Understanding Diffusion Models: A Unified Perspective", 2022, "2208.11970"
)
VARIATIONAL = Reading(
    "Kingma, Salimans, Poole, Ho", "Variational Diffusion Models", 2021, "2107.00630"
)


def _as(reading: Reading, remark: str) -> Reading:
    return Reading(reading.authors, reading.title, reading.year, reading.arxiv, remark=remark)


READINGS: Mapping[str, Sequence[Reading]] = MappingProxyType(
    {
        "scinet": (
            NONEQUILIBRIUM,
            DDPM,
            Reading(
                "Song, Ermon",
                "Improved Techniques for Training Score-Based Generative Models",
                2020,
                "2006.09011",
            ),
            BEAT_GANS,
            UNIFIED,
            DDIM,
            Reading(
                "Karagiannakos, Adaloglou",
                "How diffusion models work: the math from scratch",
                link="https://theaisummer.com/diffusion-models",
            ),
            Reading(
                "Weng",
                "What are Diffusion Models?",
                2021,
                link="https://lilianweng.github.io/posts/2021-07-11-diffusion-models",
            ),
        ),
        "cars": (
            _as(DDPM, "named by its title; no number, no link"),
            _as(BEAT_GANS, "named by its title; no number, no link"),
        ),
        "sutd": (
            _as(DDPM, "the lecture's list of authors differs"),
            _as(BEAT_GANS, "the lecture has “GANs on ImageNet”"),
            Reading(
                "Sehwag",
                "minimal-diffusion (code)",
                link="https://github.com/VSehwag/minimal-diffusion",
            ),
            Reading(
                "Howard",
                "From Deep Learning Foundations to Stable Diffusion (course)",
                2023,
                link="https://www.fast.ai/posts/part2-2023.html",
            ),
        ),
        "jax": (
            NONEQUILIBRIUM,
            DDPM,
            DDIM,
            Reading(
                "Liu, Ren, Lin, Zhao",
                "Pseudo Numerical Methods for Diffusion Models on Manifolds",
                2022,
                "2202.09778",
            ),
            Reading(
                "Ronneberger, Fischer, Brox",
                "U-Net: Convolutional Networks for Biomedical Image Segmentation",
                2015,
                "1505.04597",
            ),
            Reading(
                "Rombach, Blattmann, Lorenz, Esser, Ommer",
                "High-Resolution Image Synthesis with Latent Diffusion Models",
                2021,
                "2112.10752",
            ),
            BEAT_GANS,
            Reading(
                "Nichol et al.",
                "GLIDE: Towards Photorealistic Image Generation and Editing with Text-Guided "
                "Diffusion Models",
                2021,
                "2112.10741",
            ),
            Reading(
                "Tang, Gu, Bao, Chen, Wen",
                "Improved Vector Quantized Diffusion Models",
                2022,
                "2205.16007",
            ),
            Reading(
                "Ramesh, Dhariwal, Nichol, Chu, Chen",
                "Hierarchical Text-Conditional Image Generation with CLIP Latents",
                2022,
                "2204.06125",
            ),
            Reading(
                "Saharia et al.",
                "Photorealistic Text-to-Image Diffusion Models with Deep Language Understanding",
                2022,
                "2205.11487",
            ),
        ),
        "oslo": (
            NONEQUILIBRIUM,
            _as(UNIFIED, "named by its author and number"),
            VARIATIONAL,
            Reading("Foster", "Generative Deep Learning, chapter 8 (book)"),
            _as(DDIM, "named as Song et al. (2020), for the 20 hours of 50,000 images"),
            Reading(
                "Kang",
                "Pytorch-Diffusion-Model-Tutorial (code)",
                link="https://github.com/Jackson-Kang/Pytorch-Diffusion-Model-Tutorial",
            ),
            Reading(
                "Juliani",
                "pytorch-diffusion (code)",
                link="https://github.com/awjuliani/pytorch-diffusion",
            ),
        ),
    }
)
"""By the lectures' names, in the order in which each names them."""


REMARKS = {"scinet": "The lecture gives links alone; authors and titles are those of the pages."}
"""What is to be said of a whole list."""


def reading_list(name: str) -> str:
    """A lecture's readings as a Markdown list; a paper's number links to arXiv.

    KeyError for an unknown lecture.
    """
    lines = "\n".join(f"- {_line(each)}" for each in READINGS[name])
    return f"{lines}\n\n{REMARKS[name]}" if name in REMARKS else lines


def _line(each: Reading) -> str:
    year = f" ({each.year})" if each.year else ""
    told = f"{each.authors}{year}: *{each.title}*"
    if each.arxiv:
        told += f", [arXiv {each.arxiv}]({each.address})"
    elif each.link:
        told += f", [{each.link.removeprefix('https://')}]({each.link})"
    return told + (f" ({each.remark})" if each.remark else "")
