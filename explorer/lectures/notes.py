"""What each lecture's code does that is usually done differently today, in plain words."""

from __future__ import annotations

NOTES = {
    "scinet": (
        "**Time only once.** The network receives $t/T$ as a single number at the bottleneck, "
        "where only a few positions are left; today every block receives a sinusoidal "
        "embedding. **Pooling.** Max-pooling discards what the skip connections must restore. "
        "**σ² = β.** The larger of the two variances in Ho et al.; β̃ adds less noise. "
        "$\\hat x_0$ is not clipped, the weights are not averaged. **No attention.** Nearly all "
        "of its 129 M weights (n = 512) are in convolutions, which see only neighbouring "
        "positions. **Gaps filled.** The printed code cannot run: its transposed convolutions "
        "(3×3, all 2n wide) have no strides, so 2×2 positions meet 8×8. Here they have kernels "
        "and strides of 4, then 2, and widths 2n, n, n: that gives the 129 million weights which "
        "the lecture names, where the printed widths and kernels would give 216. Its TimeLayer is "
        "not printed: here it is two linear layers with GELU between. **T + 1 steps.** The "
        "sampling loop runs from $T$ down to 0, one index more than the network was trained on: "
        "$z$ is added in every step but that one. Its table is not printed either; here index 0 "
        "has the first β. **On one slide** the mean has $1/\\sqrt{\\bar\\alpha_t}$ for "
        "$1/\\sqrt{\\alpha_t}$, and $\\sqrt{\\beta_t}$ multiplies $\\epsilon_\\theta$ instead "
        "of a fresh $z$; its code has both right. **Adam** has ε = 1e-7 in Keras, 1e-8 here."
    ),
    "cars": (
        "**BatchNorm.** It normalises an image with means over its batch, which mixes images of "
        "all times t; in sampling, running averages replace them, which belong to no single t. "
        "Today GroupNorm treats each image alone. **Clamping.** $x_s$ itself is clamped to "
        "[−1, 1] after every step: larger values of the noise are clipped, so $x_t$ no longer "
        "matches what the network was trained on. Clamp $\\hat x_0$, not $x_t$. **T = 300** with "
        "the β of T = 1000 leaves a fifth of the amplitude at t = T, but sampling starts from "
        "pure noise."
    ),
    "sutd": (
        "**No time input.** The network must infer from the image how noisy it is. That works "
        "well where much is visible, and badly at both ends: with little noise it cannot "
        "distinguish noise from strokes. **Clipped cosine.** β ≤ 0.02 removes the end of the "
        "cosine schedule: 6 % of the amplitude is left at t = T. **One shot.** $\\hat x_0$ "
        "directly from $x_t$ is a mean over all images that could lie behind it: sharp at "
        "t = 199, a blur at t = 999. It is an estimate, not a sample; a sample takes many small "
        "steps. **x̂₀ fed back.** Its progressive denoising hands $\\hat x_0$, clamped, to the "
        "network as the next $x_t$, without the noise of that time; DDIM's step puts it back. The "
        "loop is not printed: here it takes the six t that are shown. **No normalisation.** "
        "Nothing keeps the layers' outputs at one scale; today every block has a GroupNorm. **A "
        "gap filled.** The layers are printed, the forward pass is "
        "not. Their channels leave no room for concatenated skips; here they follow one another. "
        "Its printed losses, 0.283 over the first 938 steps and 0.1845 after 23 times as many, "
        "are what such a network reaches if a tanh bounds its output to ±1: below. Train has it "
        "with added skips, too."
    ),
    "jax": (
        "**α for ᾱ.** Its DDIM step goes to $\\sqrt{\\alpha_t}\\,\\hat x_0 + "
        "\\sqrt{1-\\alpha_t}\\,\\hat\\epsilon$; correct is $\\bar\\alpha_s$ of the next time s. "
        "$\\alpha_t$ is at least 0.98, so each step jumps to an almost clean image while the t "
        "given to the network means strong noise. Its grid is 180, 160, …, 0, and at $t = 0$ the "
        "index $-1$ takes the last α. **α and β one ahead.** Its table of ᾱ begins with 1 and "
        "drops the last entry, those of α and β do not: a step of DDPM from t has the α and β of "
        "t + 1. **z in every step.** Its loop takes t = 199, …, 1, so 199 steps, and adds $z$ in "
        "the last one too. **Index 0 in training.** There ᾱ is 1: for one of 200 times the "
        "network must guess noise that is not there; here t is drawn from 1…T. **T = 200** with "
        "the β of T = 1000 leaves a third of the amplitude at t = T. Attention on the finest "
        "level, 1,024 positions, takes most of the time; today it is used on the coarse levels."
    ),
    "oslo": (
        "**No down-sampling.** Four 3×3 convolutions see 9×9 pixels: enough for a stroke, too "
        "little for a digit. The loss falls as usual, and the samples are strokes that form no "
        "digit. Today a U-Net with attention sees the whole image. **Time as one number**, "
        "$t/T$, added once in the middle. **T = 300** with the β of T = 1000 leaves a fifth of "
        "the amplitude at t = T. σ² = β, no averaged weights, $\\hat x_0$ not clipped."
    ),
}
"""By the names of `LECTURES`."""

HOLES = {
    "scinet": (
        "strides of 4 and 2 instead of none printed",
        "widths 2n, n, n on the way up instead of 2n three times",
        "two linear layers with GELU instead of a TimeLayer that is not printed",
    ),
    "sutd": ("a forward pass of our own instead of one that is not printed",),
}
"""What fills the gaps of the printed networks, to follow what a run has otherwise."""
