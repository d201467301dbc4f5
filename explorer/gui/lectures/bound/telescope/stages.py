"""From the two chains to both forms of the bound for T = 4, a step at a time.

Every stage is a sum of logarithms of fractions, the same sum each time: −ln p(x_0) is at most its
mean. The lectures' order: the products, Bayes' rule given x_0, the fractions of q(·|x_0), which
cancel one after the other, and what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.diffusion.telescope import Factor, Logs

T = 4
TIMES = range(2, T + 1)


@dataclass(frozen=True)
class Row:
    """ln of a fraction: the factors above and below its line."""

    above: tuple[Factor, ...] = ()
    below: tuple[Factor, ...] = ()
    name: str = ""
    """What this part of the bound is called."""

    def value(self, logs: Logs) -> float:
        """Σ ln above − Σ ln below, in nats."""
        return sum(logs[factor] for factor in self.above) - sum(
            logs[factor] for factor in self.below
        )


@dataclass(frozen=True)
class Stage:
    """What stands there after one press."""

    title: str
    said: str
    rows: tuple[Row, ...]
    struck: Factor | None = None
    """A factor that is above the line in one row and below it in another, and so cancels now."""

    def total(self, logs: Logs) -> float:
        """The sum of the rows."""
        return sum(row.value(logs) for row in self.rows)


Kind = Literal["step", "marginal", "posterior", "back", "prior"]


def _factor(kind: Kind, t: int) -> tuple[Factor]:
    return (Factor(kind, t),)


PRIOR = Row((), _factor("prior", T))
FIRST = Row(_factor("step", 1), _factor("back", 1))
FIRST_AGAIN = Row(_factor("marginal", 1), _factor("back", 1))
"""The same: q(x_1|x_0) is a step of noise and the first of the marginals."""
LAST = Row((), _factor("back", 1), "reconstruction, L₀")
MATCHING = tuple(Row(_factor("posterior", t), _factor("back", t)) for t in TIMES)


def _left(top: int, bottom: int) -> Row:
    """ln q(x_top|x_0)/q(x_bottom|x_0)."""
    return Row(_factor("marginal", top), _factor("marginal", bottom))


STAGES: tuple[Stage, ...] = (
    Stage(
        "Both chains are products",
        "The logarithm of a product is a sum: four steps of noise q above the line, the four "
        "steps back p below it, and the prior p(x₄).",
        (PRIOR, FIRST, *(Row(_factor("step", t), _factor("back", t)) for t in TIMES)),
    ),
    Stage(
        "Bayes' rule, given x₀",
        "For t = 2, 3 and 4 the step q(xₜ | xₜ₋₁) becomes q(xₜ₋₁ | xₜ, x₀) q(xₜ | x₀) / "
        "q(xₜ₋₁ | x₀). No number changes. Without x₀ this would need q(xₜ), which nobody knows.",
        (
            PRIOR,
            FIRST_AGAIN,
            *(
                Row(
                    (Factor("posterior", t), Factor("marginal", t)),
                    (Factor("marginal", t - 1), Factor("back", t)),
                )
                for t in TIMES
            ),
        ),
    ),
    Stage(
        "Split each fraction in two",
        "One part compares the two ways from xₜ to xₜ₋₁, the other holds only q(· | x₀): these "
        "are the three terms of Σ log q(xₜ | x₀) / q(xₜ₋₁ | x₀), written out.",
        (PRIOR, FIRST_AGAIN, *MATCHING, *(_left(t, t - 1) for t in TIMES)),
    ),
    Stage(
        "q(x₂ | x₀) cancels",
        "It is above the line for t = 2 and below it for t = 3.",
        (PRIOR, FIRST_AGAIN, *MATCHING, *(_left(t, t - 1) for t in TIMES)),
        Factor("marginal", 2),
    ),
    Stage(
        "q(x₃ | x₀) cancels",
        "It is above the line in what is left of t = 2 and 3, and below it for t = 4.",
        (PRIOR, FIRST_AGAIN, *MATCHING, _left(3, 1), _left(4, 3)),
        Factor("marginal", 3),
    ),
    Stage(
        "q(x₁ | x₀) cancels",
        "Of the sum only the last and the first factor are left, q(x₄ | x₀) / q(x₁ | x₀). The "
        "first cancels with the step of t = 1.",
        (PRIOR, FIRST_AGAIN, *MATCHING, _left(4, 1)),
        Factor("marginal", 1),
    ),
    Stage(
        "The second form",
        "q(x₄ | x₀) joins p(x₄). On average these are L₄ = D_KL(q(x₄ | x₀) ‖ p(x₄)), three "
        "divergences of denoising matching, and L₀.",
        (
            Row(_factor("marginal", T), _factor("prior", T), "prior matching, L₄"),
            *(Row(row.above, row.below, "denoising matching") for row in MATCHING[::-1]),
            LAST,
        ),
    ),
    Stage(
        "The first form, from the same factors",
        "Without Bayes' rule: each q(xₜ | xₜ₋₁) of the beginning meets p(xₜ | xₜ₊₁), the way "
        "back to the same image. Nothing cancels, and the prior term keeps q(x₄ | x₃).",
        (
            Row(_factor("step", T), _factor("prior", T), "prior matching"),
            *(
                Row(_factor("step", t), _factor("back", t + 1), "consistency")
                for t in range(T - 1, 0, -1)
            ),
            LAST,
        ),
    ),
)
LATEST = len(STAGES) - 1
