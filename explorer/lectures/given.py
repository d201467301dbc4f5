"""Where, by whom and when each lecture was given, as its own text says, and what it tells."""

from __future__ import annotations

from typing import NamedTuple


class Given(NamedTuple):
    """A lecture as one would look it up; empty where its text names nothing."""

    institution: str
    author: str
    year: str
    """As it is dated, or no earlier than what it cites."""
    story: str
    """What it tells, in a line."""

    @property
    def line(self) -> str:
        """Institution, author and year; what is not named is said."""
        named = {"institution": self.institution, "author": self.author}
        lacking = " and ".join(what for what, name in named.items() if not name)
        said = f"{lacking} not named in its text".capitalize() if lacking else ""
        return " · ".join(part for part in (*named.values(), said, self.year) if part)


GIVEN = {
    "scinet": Given(
        "SciNet HPC Consortium",
        "Erik Spence",
        "2026",
        "From the trouble with GANs to the bound and its simple loss; then cats, by a U-Net with "
        "129 million weights.",
    ),
    "cars": Given(
        "",
        "",
        "2021 or later",
        "Two processes, a U-Net that receives t as sinusoids, the loss term by term; then cars.",
    ),
    "sutd": Given(
        "Singapore University of Technology and Design",
        "Matthieu De Mari",
        "2023 or later",
        "From stochastic differential equations and a denoising autoencoder to a diffusion model "
        "of digits.",
    ),
    "jax": Given(
        "",
        "",
        "2022 or later",
        "A notebook from the Markov chain to an attention U-Net; then DDIM in 10 and in 4 steps.",
    ),
    "oslo": Given(
        "University of Oslo",
        "Morten Hjorth-Jensen",
        "2025",
        "A diffusion model as a chain of variational autoencoders, and its bound in two forms; "
        "then one in few lines of code.",
    ),
}
"""By the names of `LECTURES`."""
