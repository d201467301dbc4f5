"""What each lecture's code does that one would do otherwise today, in plain words."""

from __future__ import annotations

NOTES = {
    "scinet": (
        "**Time only once.** The network is told $t/T$ as one number at the bottleneck, after "
        "everything else was shrunk to a few positions; today every block gets a sinusoidal "
        "embedding. **Pooling.** Max-pooling drops what the skip connections must bring back. "
        "**σ² = β.** The larger of the two variances in Ho et al.; β̃ is calmer. $\\hat x_0$ is "
        "not clipped, the weights are not averaged. **No attention.** Its 129 M weights (n = 512) "
        "lie nearly all in convolutions, which look at neighbours only."
    ),
    "cars": (
        "**BatchNorm.** A picture's noise is estimated with means over its batch, which mixes "
        "pictures of all times t; at sampling, kept averages take their place, which come from "
        "no single t. Today GroupNorm looks at each picture alone. **Clamping.** $x_s$ itself is "
        "clamped to [−1, 1] after every step: noise has larger values, which are cut off, so "
        "that $x_t$ is no longer what the network was trained on. Clamp $\\hat x_0$, not $x_t$. "
        "**T = 300** with the β of T = 1000 leaves a fifth of the amplitude at t = T, but "
        "sampling starts from pure noise."
    ),
    "sutd": (
        "**No time input.** The network must judge from the picture how noisy it is. That works "
        "well where there is much to see, and badly at both ends: with little noise it cannot "
        "tell noise from strokes. **Clipped cosine.** β ≤ 0.02 cuts off the end of the cosine "
        "schedule: 6 % of the amplitude are left at t = T. **One shot.** $\\hat x_0$ straight "
        "from $x_t$ is a mean over all pictures that could lie behind: sharp at t = 199, a blur "
        "at t = 999. It is an estimate and no sample; a sample takes many small steps."
    ),
    "jax": (
        "**α for ᾱ.** Its DDIM step goes to $\\sqrt{\\alpha_t}\\,\\hat x_0 + "
        "\\sqrt{1-\\alpha_t}\\,\\hat\\epsilon$; right is $\\bar\\alpha_s$ of the next time s. "
        "$\\alpha_t$ is at least 0.98, so that each step jumps to an almost clean picture while "
        "the network is then told of much noise. **ᾱ shifted.** Its table of ᾱ begins with 1 and "
        "drops the last entry, those of α and β do not: index t means step t in one and t + 1 in "
        "the other. With small β that costs little. **T = 200** with the β of T = 1000 leaves a "
        "third of the amplitude at t = T. Attention on the finest level, 1,024 positions, takes "
        "most of the time; today it is kept for the coarse ones."
    ),
    "oslo": (
        "**No down-sampling.** Four 3×3 convolutions see 9×9 pixels: enough for a stroke, too "
        "little for a digit. The loss falls like any other's, and the samples are strokes that "
        "belong to no digit. Today a U-Net with attention sees the whole picture. **Time as one "
        "number**, $t/T$, added once in the middle. **T = 300** with the β of T = 1000 leaves a "
        "fifth of the amplitude at t = T. σ² = β, no averaged weights, $\\hat x_0$ not clipped."
    ),
}
"""By the names of `LECTURES`."""
