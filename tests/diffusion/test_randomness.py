"""Noise belongs to a picture: it is what its generator draws for it alone."""

from __future__ import annotations

import pytest
import torch

from explorer.diffusion import picture_generators, randn


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 7, 5), (3, 32, 32), (17,), (2,)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_picture_gets_what_its_generator_draws(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    """Whatever the batch's memory format: PyTorch fills scattered memory with other numbers."""
    like = torch.empty(3, *shape, dtype=dtype)
    if like.dim() == 4:
        like = like.contiguous(memory_format=torch.channels_last)
    alone = picture_generators(5, 3)
    together = picture_generators(5, 3)
    for _ in range(2):
        drawn = torch.stack([torch.randn(shape, generator=g, dtype=dtype) for g in alone])
        found = randn(like, together)
        assert torch.equal(found, drawn) and found.dtype == dtype


def test_a_generator_each_or_one_for_all() -> None:
    like = torch.empty(2, 20)
    with pytest.raises(ValueError, match="3 generators for a batch of 2"):
        randn(like, picture_generators(0, 3))
    one, again = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    assert torch.equal(randn(like, one), torch.randn(2, 20, generator=again))
    assert randn(like[:0], []).shape == (0, 20)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_noise_for_a_gpu_is_that_of_the_cpu() -> None:
    like = torch.empty(3, 1, 28, 28, device="cuda")
    found = [randn(like, picture_generators(seed, 3)) for seed in range(50)]
    for seed, noise in enumerate(found):  # none has been overwritten by a later one
        expected = randn(like.cpu(), picture_generators(seed, 3))
        assert noise.is_cuda and torch.equal(noise.cpu(), expected)
