"""How far a classifier moves one DDPM step, as the Explorer guides and as algorithm 1 does."""

from __future__ import annotations

from explorer.checkpoints import Spec
from explorer.diffusion.guidance import mean_shift
from explorer.gui.frame.shared import plain
from explorer.gui.parts.numbers import short, spans

TIMES = (1, 2, 10, 100, 500)
"""t at which the sizes of a push are written, besides T."""
NEAR = 0.01
"""Two pushes agree if they differ by at most so much of one another."""


def push_sizes(spec: Spec | None) -> str:
    """What a classifier moves DDPM's mean by, here and in algorithm 1, as Markdown.

    Per s ∇ log p(c | x_t), for the model's schedule; "" without a model.
    """
    if spec is None:
        return ""
    schedule = spec.make_schedule()
    here, beta, posterior = mean_shift(schedule), schedule.betas, schedule.posterior_variance
    rows = ["| t | here, β/√α | Σ = β | Σ = β̃ | here ÷ β | here ÷ β̃ |", "|---:" * 6 + "|"]
    for t in (*(t for t in TIMES if t < schedule.T), schedule.T):
        ours, wide, narrow = (table[t - 1].item() for table in (here, beta, posterior))
        ratio = ours / narrow if narrow else float("inf")
        cells = (ours, wide, narrow, ours / wide, ratio)
        rows.append(f"| {t} | " + " | ".join(map(short, cells)) + " |")
    parts = []
    for table, name in ((beta, "β"), (posterior, "β̃")):
        near = spans((here - table).abs() <= NEAR * table)
        parts.append(f"with Σ = {name} at t = {near}" if near else f"with Σ = {name} at no t")
    return (
        f"What DDPM's mean moves by, for each unit of s ∇ log p(c | xₜ), on the {spec.schedule} "
        f"schedule of **{plain(spec.name)}**, T = {schedule.T:,}:\n\n"
        + "\n".join(rows)
        + f"\n\nBoth agree to {NEAR:.0%} {', '.join(parts)}. At t = 1 the variance β̃ is 0: "
        "algorithm 1 with it does not push there, the Explorer does."
    )
