"""The exact denoiser of a finite data set: the ground truth of every sampler."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.diffusion.process import Time, amplitudes
from explorer.diffusion.schedule import Schedule


class IdealDenoiser:
    """E[x_0 | x_t] = Σ_i w_i x_i with w = softmax_i(−‖x_t − √ᾱ_t x_i‖² / (2(1 − ᾱ_t))).

    The mean of q(x_0 | x_t) if the data are exactly these N points, each equally likely: the
    minimiser of the training loss, which no network trained on them can beat (it memorises
    them). Call it as `(x_t, t) -> x̂_0`; at t = 0 it returns x_t.

    Parameters
    ----------
    data : (N, C, H, W) or (N, D), N ≥ 1, floating point; results are on its device.
    schedule : the forward process.
    chunk : how many data points are weighed at once (memory ~ chunk · D · 8 bytes).
    """

    def __init__(self, data: Tensor, schedule: Schedule, *, chunk: int = 4096) -> None:
        if data.dim() < 2 or len(data) == 0 or not data.dtype.is_floating_point:
            raise ValueError(
                "data must be a floating point tensor (N, C, H, W) or (N, D) with N >= 1, not "
                f"{data.dtype} of shape {tuple(data.shape)}"
            )
        if chunk < 1:
            raise ValueError(f"chunk = {chunk} is not allowed: it must be at least 1")
        self.data = data
        self.schedule = schedule
        self.chunk = chunk

    @torch.no_grad()
    def __call__(self, x_t: Tensor, t: Time, label: None = None) -> Tensor:
        """x̂_0 of the shape and dtype of x_t, (B, …), at t, an int or (B,) ints in 0…T."""
        if label is not None:
            raise ValueError("IdealDenoiser knows no classes: give it the images of one class")
        if x_t.shape[1:] != self.data.shape[1:]:
            raise ValueError(
                f"x_t {tuple(x_t.shape)} and the data {tuple(self.data.shape)} differ in shape"
            )
        x = x_t.to(self.data.device, torch.float64).flatten(1)  # (B, D)
        signal, sigma = amplitudes(self.schedule, x, t)  # (B, 1) or (1, 1)
        noisy = (sigma > 0).expand(len(x), 1)
        precision = 1 / (2 * sigma.masked_fill(sigma == 0, 1) ** 2)
        best = x.new_full((len(x), 1), -torch.inf)  # the largest log-weight so far
        total, mean = torch.zeros_like(best), torch.zeros_like(x)
        for points in self.data.flatten(1).split(self.chunk):
            points = points.double()  # (n, D)
            distance = (
                (x**2).sum(1, keepdim=True)
                - 2 * signal * (x @ points.T)
                + signal**2 * (points**2).sum(1)
            )
            logits = -precision * distance  # (B, n)
            peak = torch.maximum(best, logits.amax(1, keepdim=True))
            weights, shrink = (logits - peak).exp(), (best - peak).exp()
            total = total * shrink + weights.sum(1, keepdim=True)
            mean = mean * shrink + weights @ points
            best = peak
        x0 = torch.where(noisy, mean / total, x)
        return x0.reshape(x_t.shape).to(x_t)
